// SPDX-License-Identifier: Apache-2.0
// xlvs set service|real: changes only what is named; connections stay where they are.
import type { Command } from 'commander'
import { familyOf } from '../../abi/address.js'
import { fail, succeed } from '../../model/describe.js'
import { serviceKey } from '../../model/keys.js'
import type { Outcome } from '../../model/types.js'
import {
  parseName,
  parsePersistence,
  parseRealAddress,
  parseScheduler,
  parseWeight,
} from '../../model/words.js'
import { misused } from '../answer.js'
import { change } from '../change.js'
import type { Context } from '../context.js'
import { type DaemonOptions, daemonOptions, examples } from '../options.js'
import { given, maybe, type ProtocolOption, serviceWord, udpOption } from '../service-words.js'
import type { Act } from '../verbs.js'

export function define(command: Command, context: Context, act: Act): void {
  examples(
    command,
    'xlvs set real 192.0.2.10:80 192.0.2.22 --weight 0',
    'xlvs set service 192.0.2.10:80 --scheduler rr',
  )
  const service = command
    .command('service')
    .description('change a virtual service')
    .argument('<vip:port>', 'the service')
    .option('--scheduler <name>', 'rr, wrr, wlc or sh')
    .option('--persistence <seconds[/net]>', '300, 300/24, 300/64, or none')
    .option('--name <name>', 'a name for people')
  examples(
    daemonOptions(udpOption(service)),
    'xlvs set service 192.0.2.10:80 --scheduler wrr',
    'xlvs set service 192.0.2.10:80 --persistence none',
  )
  service.action(act((word: string, options: ServiceOptions) => setService(context, word, options)))
  const real = command
    .command('real')
    .description('change a real server; on a service of the file this lasts until reload')
    .argument('<vip:port>', 'the service')
    .argument('<address>', 'the real server')
    .option('--weight <n>', '0..65535, 0 = no new connections')
    .option('--name <name>', 'a name for people')
  examples(
    daemonOptions(udpOption(real)),
    'xlvs set real 192.0.2.10:80 192.0.2.22 --weight 0     no new connections',
    'xlvs set real 192.0.2.10:80 192.0.2.22 --weight 3',
  )
  real.action(
    act((word: string, address: string, options: RealOptions) => setReal(context, word, address, options)),
  )
}

interface ServiceOptions extends DaemonOptions, ProtocolOption {
  readonly scheduler?: string
  readonly persistence?: string
  readonly name?: string
}

function setService(context: Context, word: string, options: ServiceOptions) {
  const id = serviceWord(word, options)
  if (!id.ok) return misused(context, options, id)
  const family = familyOf(id.value.vip)
  const scheduler = maybe(options.scheduler, (text) => parseScheduler(text, '--scheduler'))
  const persistence = maybe(options.persistence, (text) =>
    text === 'none' ? succeed(null) : parsePersistence(text, family, '--persistence'),
  )
  const name = maybe(options.name, (text) => parseName(text, '--name'))
  const something = somethingOf(options, ['scheduler', 'persistence', 'name'])
  if (!scheduler.ok || !persistence.ok || !name.ok || !something.ok)
    return misused(context, options, scheduler, persistence, name, something)
  const service = serviceKey(id.value)
  const body = {
    ...given('scheduler', scheduler.value),
    ...given('persistence', persistence.value),
    ...given('name', name.value),
  }
  return change(context, options, 'setService', { service }, body, `${service} is changed`)
}

interface RealOptions extends DaemonOptions, ProtocolOption {
  readonly weight?: string
  readonly name?: string
}

function setReal(context: Context, word: string, addressWord: string, options: RealOptions) {
  const id = serviceWord(word, options)
  if (!id.ok) return misused(context, options, id)
  const address = parseRealAddress(addressWord, id.value.port, 'address')
  const weight = maybe(options.weight, (text) => parseWeight(text, '--weight'))
  const name = maybe(options.name, (text) => parseName(text, '--name'))
  const something = somethingOf(options, ['weight', 'name'])
  if (!address.ok || !weight.ok || !name.ok || !something.ok)
    return misused(context, options, address, weight, name, something)
  const service = serviceKey(id.value)
  const body = { ...given('weight', weight.value), ...given('name', name.value) }
  const now = weight.value === undefined ? 'is changed' : `has weight ${weight.value}`
  return change(
    context,
    options,
    'setReal',
    { service, real: address.value },
    body,
    `${service} > ${address.value} ${now}`,
  )
}

function somethingOf(options: object, names: readonly string[]): Outcome<undefined> {
  if (names.some((name) => name in options)) return succeed(undefined)
  return fail({
    reason: 'nothing to change is named',
    fix: `give ${names.map((name) => `--${name}`).join(' or ')}`,
  })
}
