// SPDX-License-Identifier: Apache-2.0
// xlvs add service|real: at run time, kept by the daemon over restarts.
import type { Command } from 'commander'
import { familyOf } from '../../abi/address.js'
import { succeed } from '../../model/describe.js'
import { serviceKey } from '../../model/keys.js'
import {
  parseName,
  parsePersistence,
  parseRealAddress,
  parseReals,
  parseScheduler,
  parseWeight,
} from '../../model/words.js'
import { misused } from '../answer.js'
import { change } from '../change.js'
import type { Context } from '../context.js'
import { plural } from '../numbers.js'
import { type DaemonOptions, daemonOptions, examples } from '../options.js'
import { given, maybe, type ProtocolOption, serviceWord, udpOption } from '../service-words.js'
import type { Act } from '../verbs.js'

export function define(command: Command, context: Context, act: Act): void {
  examples(
    command,
    'xlvs add service 192.0.2.10:80 --to 192.0.2.21,192.0.2.22=3',
    'xlvs add real 192.0.2.10:80 192.0.2.23 --weight 2',
  )
  const service = command
    .command('service')
    .description('add a virtual service')
    .argument('<vip:port>', 'address and port that clients use')
    .option('--to <reals>', 'its real servers: 192.0.2.21,192.0.2.22=3 (=weight)')
    .option('--scheduler <name>', 'rr, wrr, wlc or sh (default: wlc)')
    .option('--persistence <seconds[/net]>', 'a client stays with its real server: 300, 300/24, 300/64')
    .option('--name <name>', 'a name for people')
  examples(
    daemonOptions(udpOption(service)),
    'xlvs add service 192.0.2.10:80 --to 192.0.2.21,192.0.2.22=3 --scheduler wrr',
    'xlvs add service [2001:db8::1]:53 --udp --to 2001:db8::21',
  )
  service.action(act((word: string, options: ServiceOptions) => addService(context, word, options)))
  const real = command
    .command('real')
    .description('add a real server to a service')
    .argument('<vip:port>', 'the service')
    .argument('<address>', 'the real server')
    .option('--weight <n>', '0..65535, 0 = no new connections (default: 1)')
    .option('--name <name>', 'a name for people')
  examples(daemonOptions(udpOption(real)), 'xlvs add real 192.0.2.10:80 192.0.2.23 --weight 2')
  real.action(
    act((word: string, address: string, options: RealOptions) => addReal(context, word, address, options)),
  )
}

interface ServiceOptions extends DaemonOptions, ProtocolOption {
  readonly to?: string
  readonly scheduler?: string
  readonly persistence?: string
  readonly name?: string
}

function addService(context: Context, word: string, options: ServiceOptions) {
  const id = serviceWord(word, options)
  if (!id.ok) return misused(context, options, id)
  const reals = options.to === undefined ? succeed([]) : parseReals(options.to, id.value.port, '--to')
  const scheduler = maybe(options.scheduler, (text) => parseScheduler(text, '--scheduler'))
  const family = familyOf(id.value.vip)
  const persistence = maybe(options.persistence, (text) => parsePersistence(text, family, '--persistence'))
  const name = maybe(options.name, (text) => parseName(text, '--name'))
  if (!reals.ok || !scheduler.ok || !persistence.ok || !name.ok)
    return misused(context, options, reals, scheduler, persistence, name)
  const body = {
    ...id.value,
    ...given('scheduler', scheduler.value),
    ...given('persistence', persistence.value),
    ...given('name', name.value),
    reals: reals.value,
  }
  const done = `${serviceKey(id.value)} is there with ${plural(reals.value.length, 'real server')}`
  return change(context, options, 'addService', {}, body, done)
}

interface RealOptions extends DaemonOptions, ProtocolOption {
  readonly weight?: string
  readonly name?: string
}

function addReal(context: Context, word: string, addressWord: string, options: RealOptions) {
  const id = serviceWord(word, options)
  if (!id.ok) return misused(context, options, id)
  const address = parseRealAddress(addressWord, id.value.port, 'address')
  const weight = maybe(options.weight, (text) => parseWeight(text, '--weight'))
  const name = maybe(options.name, (text) => parseName(text, '--name'))
  if (!address.ok || !weight.ok || !name.ok) return misused(context, options, address, weight, name)
  const service = serviceKey(id.value)
  const body = {
    address: address.value,
    ...given('weight', weight.value),
    ...given('name', name.value),
  }
  const done = `${service} has ${address.value} with weight ${weight.value ?? 1}`
  return change(context, options, 'addReal', { service }, body, done)
}
