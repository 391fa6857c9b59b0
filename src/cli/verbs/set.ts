// SPDX-License-Identifier: Apache-2.0
// xlvs set service|real|timeouts: changes only what is named; connections stay where they are.
import type { Command } from 'commander'
import { fail, succeed } from '../../model/describe.js'
import { serviceFamily, serviceKey } from '../../model/keys.js'
import { rangeFault, refuse, SECONDS, wholeNumber } from '../../model/rules.js'
import type { Outcome, Timeouts } from '../../model/types.js'
import { parseName, parsePersistence } from '../../model/words.js'
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
    'xlvs set real 192.0.2.10:80 192.0.2.22 --weight 0',
    'xlvs set service 192.0.2.10:80 --scheduler rr',
    'xlvs set timeouts --tcp 900',
  )
  defineService(command.command('service'), context, act)
  defineReal(command.command('real'), context, act)
  const timeouts = command
    .command('timeouts')
    .description('change how long connections live; lasts until reload')
    .option('--tcp <seconds>', 'established TCP connections')
    .option('--tcpfin <seconds>', 'TCP connections that the client has ended')
    .option('--udp <seconds>', 'UDP')
  examples(daemonOptions(timeouts), 'xlvs set timeouts --tcp 900 --udp 60')
  timeouts.action(act((options: SetTimeouts) => setTimeouts(context, options)))
}

function defineService(command: Command, context: Context, act: Act): void {
  const service = command
    .description('change a virtual service')
    .argument('[vip:port]', 'the service, unless --mark names it')
    .option('--scheduler <name>', SCHEDULER_LIST)
    .option('--scheduler-flags <flags>', `${FLAG_LIST}, with commas between them, or none`)
    .option('--persistence <seconds[/net]>', '300, 300/24, 300/64, or none')
    .option('--one-packet', 'UDP: every datagram is scheduled for itself')
    .option('--no-one-packet', 'datagrams of one client stay together')
    .option('--name <name>', 'a name for people')
  examples(
    daemonOptions(serviceOptions(service)),
    'xlvs set service 192.0.2.10:80 --scheduler wrr',
    'xlvs set service --mark 6 --persistence none',
  )
  service.action(act((word: string | undefined, options: SetService) => setService(context, word, options)))
}

function defineReal(command: Command, context: Context, act: Act): void {
  const real = command
    .description('change a real server; the weight of one of the file until reload')
    .argument('[vip:port]', 'the service, unless --mark names it')
    .argument('[address]', 'the real server')
  realOptions(serviceOptions(real))
  examples(
    daemonOptions(real),
    'xlvs set real 192.0.2.10:80 192.0.2.22 --weight 0     no new connections',
    'xlvs set real --mark 6 192.0.2.22 --upper 1000 --lower 800',
  )
  real.action(
    act((service: string | undefined, address: string | undefined, options: SetReal) =>
      setReal(context, [service, address], options),
    ),
  )
}

interface SetService extends DaemonOptions, ServiceOptions, BodyOptions {}

function setService(context: Context, word: string | undefined, options: SetService) {
  const id = serviceWord(word, options)
  if (!id.ok) return misused(context, options, id)
  const family = serviceFamily(id.value)
  const scheduler = schedulerWords(options)
  const persistence = maybe(options.persistence, (text) =>
    text === 'none' ? succeed(null) : parsePersistence(text, family, '--persistence'),
  )
  const name = maybe(options.name, (text) => parseName(text, '--name'))
  const something = somethingOf(options, ['scheduler', 'schedulerFlags', 'persistence', 'onePacket', 'name'])
  if (!scheduler.ok || !persistence.ok || !name.ok || !something.ok)
    return misused(context, options, scheduler, persistence, name, something)
  const service = serviceKey(id.value)
  const body = {
    ...scheduler.value,
    ...given('persistence', persistence.value),
    ...given('onePacket', options.onePacket),
    ...given('name', name.value),
  }
  return change(context, options, 'setService', { service }, body, `${service} is changed`)
}

interface SetReal extends DaemonOptions, ServiceOptions, RealOptions {}

function setReal(context: Context, words: readonly (string | undefined)[], options: SetReal) {
  const named = realWords(words, options)
  if (!named.ok) return misused(context, options, named)
  const body = realBody(options)
  const something = somethingOf(options, ['weight', 'upper', 'lower', 'name'])
  if (!body.ok || !something.ok) return misused(context, options, body, something)
  const { service, real } = named.value
  const now = body.value.weight === undefined ? 'is changed' : `has weight ${body.value.weight}`
  const done = `${service} > ${real} ${now}`
  return change(context, options, 'setReal', { service, real }, body.value, done)
}

interface SetTimeouts extends DaemonOptions, Readonly<Partial<Record<keyof Timeouts, string>>> {}

function setTimeouts(context: Context, options: SetTimeouts) {
  const names = ['tcp', 'tcpfin', 'udp'] as const
  const words = names.map((name) => maybe(options[name], (text) => parseSeconds(text, `--${name}`)))
  const something = somethingOf(options, names)
  if (!something.ok || !words.every((word) => word.ok)) return misused(context, options, ...words, something)
  const body = Object.assign({}, ...names.map((name, i) => given(name, words[i]?.value))) as Partial<Timeouts>
  const said = Object.entries(body).map(([name, seconds]) => `${name} ${seconds} s`)
  return change(context, options, 'setTimeouts', {}, body, `timeouts: ${said.join(', ')}`)
}

function parseSeconds(text: string, subject: string): Outcome<number> {
  const seconds = wholeNumber(text)
  const wrong = rangeFault('timeout', seconds, SECONDS)
  return wrong ? refuse(wrong, subject) : succeed(seconds as number)
}

function somethingOf(options: object, names: readonly string[]): Outcome<undefined> {
  if (names.some((name) => name in options)) return succeed(undefined)
  const words = names.map((name) => `--${name.replace(/[A-Z]/g, (letter) => `-${letter.toLowerCase()}`)}`)
  return fail({ reason: 'nothing to change is named', fix: `give ${words.join(' or ')}` })
}
