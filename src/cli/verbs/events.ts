// SPDX-License-Identifier: Apache-2.0
// xlvs events: what happened, old -> new and why; with --follow what happens from now on too.
import type { Command } from 'commander'
import type { EventRow, EventsSkipped } from '../../api/contract-sight.js'
import { toJson } from '../../api/json.js'
import { type EventsRequest, MOST_EVENTS, parseKind, parseLimit } from '../../api/parse-events.js'
import { oneOf, succeed } from '../../model/describe.js'
import { EVENT_KINDS } from '../../model/events.js'
import type { Outcome } from '../../model/types.js'
import { misused, refuse } from '../answer.js'
import { type Context, EXIT, type ExitCode } from '../context.js'
import { parseSince } from '../moments.js'
import { type DaemonOptions, daemonOptions, examples, socketOf } from '../options.js'
import { given, maybe, type ServiceOptions, serviceKeyWord, serviceOptions } from '../service-words.js'
import { stream } from '../stream.js'
import type { Act } from '../verbs.js'
import { eventLine, skippedLine } from '../views/events.js'

interface Options extends DaemonOptions, ServiceOptions {
  readonly since?: string
  readonly service?: string
  readonly kind?: string
  readonly limit?: string
  readonly follow?: boolean
}

/** The last so many, when nothing says which. */
const SOME = 100
const SOME_BEFORE = 10

export function define(command: Command, context: Context, act: Act): void {
  command
    .option('--since <time>', 'from then on: 1h, 12:03, 2026-11-21T12:03:10')
    .option('--service <vip:port>', 'only of this service')
    .option('--kind <kind>', `only of one kind: ${oneOf(EVENT_KINDS)}`)
    .option('-n, --limit <n>', `the last so many, 0 = all (default: ${SOME}, or all with --since)`)
    .option('-f, --follow', 'and what happens from now on, until Ctrl-C')
  examples(
    daemonOptions(serviceOptions(command)),
    'xlvs events --since 1h',
    'xlvs events --service 192.0.2.10:80 --kind real',
    'xlvs events --follow',
  )
  command.action(act((options: Options) => events(context, options)))
}

async function events(context: Context, options: Options): Promise<ExitCode> {
  const request = requestOf(context, options)
  if (!request.ok) return misused(context, options, request)
  return options.follow ? follow(context, options, request.value) : list(context, options, request.value)
}

function requestOf(context: Context, options: Options): Outcome<EventsRequest> {
  const named = options.service !== undefined || options.mark !== undefined
  const service = named ? serviceKeyWord(options.service, options) : succeed(undefined)
  const since = maybe(options.since, (text) => parseSince(text, context.now(), '--since'))
  const kind = maybe(options.kind, (text) => parseKind(text, '--kind'))
  const limit = maybe(options.limit, (text) => parseLimit(text, '--limit'))
  if (!service.ok || !since.ok || !kind.ok || !limit.ok) {
    const words: readonly Outcome<unknown>[] = [service, since, kind, limit]
    return { ok: false, problems: words.flatMap((word) => (word.ok ? [] : word.problems)) }
  }
  const some = options.follow ? SOME_BEFORE : SOME
  return succeed({
    ...given('service', service.value),
    ...given('since', since.value),
    ...given('kind', kind.value),
    limit: limit.value ?? (since.value === undefined ? some : 0),
    ...(options.follow && { follow: true }),
  })
}

/** One more is asked for, to know whether there are more. */
async function list(context: Context, options: Options, request: EventsRequest): Promise<ExitCode> {
  const { limit = 0 } = request
  const most = limit === 0 ? 0 : Math.min(limit + 1, MOST_EVENTS)
  const rows: EventRow[] = []
  const onLine = (line: EventRow | EventsSkipped) => {
    if ('id' in line) rows.push(line)
  }
  const socket = socketOf(options, context)
  const ended = await stream({ socket, name: 'events', params: { ...request, limit: most }, onLine })
  if (!ended.ok) return refuse(context, options, ended.problems)
  if (ended.value !== 'ended') return refuse(context, options, [gone(socket)])
  const more = limit > 0 && rows.length > limit
  const shown = more ? rows.slice(-limit) : rows
  if (options.json) context.out(`${toJson({ rows: shown, more }, 2)}\n`)
  else {
    const { look } = context
    const before = more ? [look.dim('there are earlier ones; --limit 0 shows all')] : []
    const lines = [...before, ...shown.map((row) => eventLine(row, look))]
    context.out((lines.length > 0 ? lines : ['no events']).map((line) => `${line}\n`).join(''))
  }
  return EXIT.ok
}

/** With --json one object a line. A Ctrl-C is how it ends; that the daemon ends is a failure. */
async function follow(context: Context, options: Options, request: EventsRequest): Promise<ExitCode> {
  const stop = new AbortController()
  const interrupt = () => stop.abort()
  process.once('SIGINT', interrupt)
  process.once('SIGTERM', interrupt)
  const { look } = context
  const text = (line: EventRow | EventsSkipped) =>
    'id' in line ? eventLine(line, look) : skippedLine(line, look)
  const onLine = (line: EventRow | EventsSkipped) =>
    context.out(`${options.json ? toJson(line) : text(line)}\n`)
  const socket = socketOf(options, context)
  try {
    const ended = await stream({ socket, name: 'events', params: request, onLine, signal: stop.signal })
    if (!ended.ok) return refuse(context, options, ended.problems)
    return ended.value === 'stopped' ? EXIT.ok : refuse(context, options, [gone(socket)])
  } finally {
    process.off('SIGINT', interrupt)
    process.off('SIGTERM', interrupt)
  }
}

function gone(socket: string) {
  return { reason: `the daemon on ${socket} has ended`, fix: 'start it again with: xlvs run -c FILE' }
}
