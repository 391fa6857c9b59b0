// SPDX-License-Identifier: Apache-2.0
// xlvs drain REAL: no new connections, and an end when it has one. --wait looks on until it is empty.
import type { Command } from 'commander'
import { DRAIN_SECONDS, type DrainName, drainedText, readDrained } from '../../api/parse-drain.js'
import { fail, succeed } from '../../model/describe.js'
import { rangeFault, refuse } from '../../model/rules.js'
import type { Outcome } from '../../model/types.js'
import { misused, refuse as refused } from '../answer.js'
import { changeLines } from '../change.js'
import { call } from '../client.js'
import { type Context, EXIT, type ExitCode } from '../context.js'
import { parseDuration } from '../durations.js'
import { duration } from '../numbers.js'
import { type DaemonOptions, daemonOptions, examples, socketOf } from '../options.js'
import { given, maybe, type ServiceOptions, serviceKeyWord, serviceOptions } from '../service-words.js'
import type { Act } from '../verbs.js'
import { watchDrain } from '../watch-drain.js'

export interface DrainOptions extends DaemonOptions, ServiceOptions {
  readonly service?: string
}

interface Options extends DrainOptions {
  readonly deadline?: string
  readonly reset?: boolean
  readonly wait?: boolean
}

export function define(command: Command, context: Context, act: Act): void {
  serviceOptions(
    command
      .argument('<real>', 'the real server: 192.0.2.21')
      .option('--service <vip:port>', 'only in this service (default: in all)'),
  )
    .option('--deadline <time>', 'end what is left after this long: 90s, 10m, 1h (default: wait for it)')
    .option('--reset', 'at the deadline: TCP connections are reset (default: choose another real server)')
    .option('--wait', 'show how many connections are left until it is empty or the deadline has come')
  examples(
    daemonOptions(command),
    'xlvs drain 192.0.2.21 --wait',
    'xlvs drain 192.0.2.21 --deadline 10m --reset',
    'xlvs drain 192.0.2.21 --service 192.0.2.10:80',
  )
  command.action(act((real: string, options: Options) => drain(context, real, options)))
}

async function drain(context: Context, word: string, options: Options): Promise<ExitCode> {
  const name = drainedWord(word, options)
  const within = maybe(options.deadline, parseDeadline)
  const end = endWord(options)
  if (!name.ok || !within.ok || !end.ok) return misused(context, options, name, within, end)
  const socket = socketOf(options, context)
  const body = { ...name.value.words, ...given('within', within.value), end: end.value }
  const outcome = await call(socket, 'drain', {}, body)
  if (!outcome.ok) return refused(context, options, outcome.problems)
  const limit = within.value === undefined ? '' : ` for at most ${duration(within.value)}`
  const lines = changeLines(outcome.value, `${name.value.text} is drained${limit}`)
  if (!options.json) context.out(lines.map((line) => `${line}\n`).join(''))
  else if (!options.wait) context.out(`${JSON.stringify(outcome.value, undefined, 2)}\n`)
  if (!options.wait) return EXIT.ok
  return watchDrain({ context, socket, json: options.json === true, ...name.value })
}

export interface DrainedWord {
  /** as they travel */
  readonly words: { readonly real: string; readonly service?: string }
  readonly name: DrainName
  /** '192.0.2.21 of tcp 192.0.2.10:80' */
  readonly text: string
}

/** The real server, and the service when one is named. */
export function drainedWord(real: string, options: DrainOptions): Outcome<DrainedWord> {
  const named = options.service !== undefined || options.mark !== undefined
  const service = named ? serviceKeyWord(options.service, options) : succeed(undefined)
  if (!service.ok) return service
  if (!named && (options.udp || options.sctp || options.ipv6))
    return fail({ reason: 'which service is not said', fix: 'name it with --service or --mark' })
  const words = { real, ...given('service', service.value) }
  const name = readDrained(words)
  return name.ok ? succeed({ words, name: name.value, text: drainedText(name.value) }) : name
}

function parseDeadline(text: string): Outcome<number> {
  const seconds = parseDuration(text, '--deadline')
  if (!seconds.ok) return seconds
  const wrong = rangeFault('deadline', seconds.value, DRAIN_SECONDS)
  return wrong ? refuse(wrong, '--deadline') : seconds
}

function endWord({ reset, deadline }: Options): Outcome<'move' | 'reset'> {
  if (reset && deadline === undefined)
    return fail({
      subject: '--reset',
      reason: 'it says what happens at a deadline, and there is none',
      fix: 'give --deadline too: 10m, or 0 for at once',
    })
  return succeed(reset ? 'reset' : 'move')
}
