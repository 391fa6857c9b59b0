// SPDX-License-Identifier: Apache-2.0
// xlvs add service|real: at run time, kept by the daemon over restarts.
import type { Command } from 'commander'
import { succeed } from '../../model/describe.js'
import { serviceFamily, serviceKey } from '../../model/keys.js'
import { DEFAULT_SCHEDULER } from '../../model/rules.js'
import { parseName, parsePersistence, parseReals, portsOf } from '../../model/words.js'
import { misused } from '../answer.js'
import {
  type BodyOptions,
  FLAG_LIST,
  type RealOptions,
  realBody,
  realOptions,
  SCHEDULER_LIST,
  schedulerWords,
} from '../body-words.js'
import { change } from '../change.js'
import type { Context } from '../context.js'
import { plural } from '../numbers.js'
import { type DaemonOptions, daemonOptions, examples } from '../options.js'
import {
  given,
  maybe,
  realWords,
  type ServiceOptions,
  serviceOptions,
  serviceWord,
} from '../service-words.js'
import type { Act } from '../verbs.js'

export function define(command: Command, context: Context, act: Act): void {
  examples(
    command,
    'xlvs add service 192.0.2.10:80 --to 192.0.2.21,192.0.2.22=3',
    'xlvs add real 192.0.2.10:80 192.0.2.23 --weight 2',
  )
  defineService(command.command('service'), context, act)
  const real = command
    .command('real')
    .description('add a real server to a service')
    .argument('[vip:port]', 'the service, unless --mark names it')
    .argument('[address]', 'the real server; of a service of a mark it may have a port')
  realOptions(serviceOptions(real), { weight: ' (default: 1)' })
  examples(
    daemonOptions(real),
    'xlvs add real 192.0.2.10:80 192.0.2.23 --weight 2 --upper 1000',
    'xlvs add real --mark 6 192.0.2.23',
  )
  real.action(
    act((service: string | undefined, address: string | undefined, options: AddReal) =>
      addReal(context, [service, address], options),
    ),
  )
}

function defineService(command: Command, context: Context, act: Act): void {
  const service = command
    .description('add a virtual service')
    .argument('[vip:port]', 'address and port that clients use, unless --mark names the service')
    .option('--to <reals>', 'its real servers: 192.0.2.21,192.0.2.22=3 (=weight)')
    .option('--scheduler <name>', `${SCHEDULER_LIST} (default: ${DEFAULT_SCHEDULER})`)
    .option('--scheduler-flags <flags>', `${FLAG_LIST}, with commas between them`)
    .option('--persistence <seconds[/net]>', 'a client stays with its real server: 300, 300/24, 300/64')
    .option('--one-packet', 'UDP: every datagram is scheduled for itself')
    .option('--name <name>', 'a name for people')
  examples(
    daemonOptions(serviceOptions(service)),
    'xlvs add service 192.0.2.10:80 --to 192.0.2.21,192.0.2.22=3 --scheduler wrr',
    'xlvs add service [2001:db8::1]:53 --udp --to 2001:db8::21',
    'xlvs add service --mark 6 --to 192.0.2.21,192.0.2.22 --persistence 300',
  )
  service.action(act((word: string | undefined, options: AddService) => addService(context, word, options)))
}

interface AddService extends DaemonOptions, ServiceOptions, BodyOptions {
  readonly to?: string
}

function addService(context: Context, word: string | undefined, options: AddService) {
  const id = serviceWord(word, options)
  if (!id.ok) return misused(context, options, id)
  const reals = options.to === undefined ? succeed([]) : parseReals(options.to, portsOf(id.value), '--to')
  const scheduler = schedulerWords(options, DEFAULT_SCHEDULER)
  const family = serviceFamily(id.value)
  const persistence = maybe(options.persistence, (text) => parsePersistence(text, family, '--persistence'))
  const name = maybe(options.name, (text) => parseName(text, '--name'))
  if (!reals.ok || !scheduler.ok || !persistence.ok || !name.ok)
    return misused(context, options, reals, scheduler, persistence, name)
  const body = {
    ...id.value,
    ...scheduler.value,
    ...given('persistence', persistence.value),
    ...given('onePacket', options.onePacket),
    ...given('name', name.value),
    reals: reals.value,
  }
  const done = `${serviceKey(id.value)} is there with ${plural(reals.value.length, 'real server')}`
  return change(context, options, 'addService', {}, body, done)
}

interface AddReal extends DaemonOptions, ServiceOptions, RealOptions {}

function addReal(context: Context, words: readonly (string | undefined)[], options: AddReal) {
  const named = realWords(words, options)
  const parts = realBody(options)
  if (!named.ok || !parts.ok) return misused(context, options, named, parts)
  const { service, real, address, port } = named.value
  const body = { address, ...given('port', port), ...parts.value }
  const done = `${service} has ${real} with weight ${parts.value.weight ?? 1}`
  return change(context, options, 'addReal', { service }, body, done)
}
