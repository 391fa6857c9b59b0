// SPDX-License-Identifier: Apache-2.0
// xlvs trace: packets as the datapath meets them, with what became of each; for people, as JSON, or for Wireshark.
import { randomUUID } from 'node:crypto'
import type { Command } from 'commander'
import type { TraceLoss, TraceRecord } from '../../api/contract-sight.js'
import { fail, succeed } from '../../model/describe.js'
import { traceKeysText } from '../../model/trace.js'
import { parseTraceWish, TRACE_DEFAULTS, type TraceWish, traceQuery } from '../../model/trace-wish.js'
import type { Outcome } from '../../model/types.js'
import { answer, misused, refuse } from '../answer.js'
import { call } from '../client.js'
import { type Context, EXIT, type ExitCode } from '../context.js'
import { parseDuration } from '../durations.js'
import { type DaemonOptions, daemonOptions, examples, socketOf } from '../options.js'
import { maybe } from '../service-words.js'
import { type StreamEnd, stream } from '../stream.js'
import { jsonSink, pcapSink, type Sink, textSink } from '../trace-sinks.js'
import type { Act } from '../verbs.js'
import { traceTotals } from '../views/trace.js'

interface Options extends DaemonOptions {
  readonly sample?: string
  readonly limit?: string
  readonly head?: string
  readonly count?: string
  readonly for?: string
  readonly write?: string
  readonly stop?: boolean
}

/** ms: the daemon says what was lost when it is asked to end; who does not wait for that presses Ctrl-C again */
const PATIENCE_MS = 5_000

export function define(command: Command, context: Context, act: Act): void {
  command
    .argument('[filter...]', `which packets, in pairs of words; each once, any of ${traceKeysText()}`)
    .option('--sample <n>', `one of so many packets (default: ${TRACE_DEFAULTS.sample})`)
    .option('--limit <n>', `records a second at most, 0 = no limit (default: ${TRACE_DEFAULTS.limit})`)
    .option('--head <bytes>', `what is kept of each packet, 14..256 (default: ${TRACE_DEFAULTS.head})`)
    .option('-c, --count <n>', 'end after so many records')
    .option('--for <time>', 'end after so long: 10s, 5m')
    .option('-w, --write <file>', 'as pcap-ng into a file; - is the standard output')
    .option('--stop', 'end the trace that runs, whoever began it')
  examples(
    daemonOptions(command),
    'xlvs trace 192.0.2.10:80',
    "xlvs trace client 198.51.100.0/24 reason 'drop_*,answer_*'",
    'xlvs trace udp 192.0.2.10:53 --sample 1000 --for 1m',
    "xlvs trace proto tcp flags 'syn,!ack' --count 20 --json",
    'xlvs trace -w - | tshark -r -',
  )
  command.action(act((words: readonly string[], options: Options) => trace(context, words, options)))
}

async function trace(context: Context, words: readonly string[], options: Options): Promise<ExitCode> {
  if (options.stop) return stop(context, options)
  const wish = wishOf(words, options)
  const sink = wish.ok ? sinkOf(context, wish.value, options) : undefined
  if (!wish.ok || !sink?.ok) return misused(context, options, wish.ok ? sink : wish)
  return run(context, options, wish.value, sink.value)
}

async function stop(context: Context, options: Options): Promise<ExitCode> {
  const outcome = await call(socketOf(options, context), 'endTrace')
  return answer(context, options, outcome, ({ ended }) => [ended ? 'the trace is ended' : 'nobody traced'])
}

function wishOf(words: readonly string[], options: Options): Outcome<TraceWish> {
  const { sample, limit, head, count } = options
  const last = maybe(options.for, (text) => parseDuration(text, '--for'))
  const ms = last.ok && last.value !== undefined ? String(last.value * 1_000) : undefined
  const wish = parseTraceWish({ filter: words, sample, limit, head, count, last: ms }, optionOf)
  if (last.ok) return wish
  return fail(...(wish.ok ? [] : wish.problems), ...last.problems)
}

function optionOf(name: string): string {
  return name === 'last' ? '--for' : `--${name}`
}

function sinkOf(context: Context, wish: TraceWish, { write, json }: Options): Outcome<Sink> {
  if (write === undefined) return succeed(json ? jsonSink(context) : textSink(context))
  if (!json) return pcapSink(write, wish, context)
  return fail({ subject: '--json', reason: 'pcap-ng and JSON are two things', fix: 'leave --json or -w out' })
}

/** What came so far. */
interface Seen {
  records: number
  loss: TraceLoss
  failure?: Error
}

async function run(context: Context, options: Options, wish: TraceWish, sink: Sink): Promise<ExitCode> {
  const socket = socketOf(options, context)
  const id = randomUUID()
  const seen: Seen = { records: 0, loss: { lost: 0, limited: 0 } }
  const cut = new AbortController()
  const take = (line: TraceRecord | TraceLoss) => {
    try {
      receive(seen, sink, line)
    } catch (error) {
      seen.failure ??= error as Error
      cut.abort()
    }
  }
  const free = onSignals(
    () => void call(socket, 'endTrace', { id }),
    () => cut.abort(),
  )
  const params = { ...traceQuery(wish), id }
  const outcome = await stream({ socket, name: 'trace', params, onLine: take, signal: cut.signal })
  free()
  return conclude(context, options, sink, seen, outcome)
}

function receive(seen: Seen, sink: Sink, line: TraceRecord | TraceLoss): void {
  if ('lost' in line) {
    seen.loss = line
    sink.loss(line)
    return
  }
  sink.record(line)
  seen.records += 1
}

/** The first signal asks for the end, the second does not wait for it. */
function onSignals(ask: () => void, leave: () => void): () => void {
  let timer: NodeJS.Timeout | undefined
  const told = () => {
    if (timer !== undefined) return leave()
    timer = setTimeout(leave, PATIENCE_MS)
    ask()
  }
  process.on('SIGINT', told).on('SIGTERM', told)
  return () => {
    process.off('SIGINT', told).off('SIGTERM', told)
    clearTimeout(timer)
  }
}

function conclude(
  context: Context,
  options: Options,
  sink: Sink,
  { records, loss, failure }: Seen,
  outcome: Outcome<StreamEnd>,
): ExitCode {
  if (!outcome.ok) {
    if (records === 0) sink.undo()
    return refuse(context, options, outcome.problems)
  }
  if (failure !== undefined)
    return refuse(context, options, [{ reason: `the trace ended: ${failure.message}` }])
  sink.end(loss)
  context.err(`${traceTotals(records, loss)}\n`)
  if (outcome.value !== 'cut') return EXIT.ok
  return refuse(context, options, [
    { reason: 'the daemon went away, and the trace ended', fix: 'see: xlvs status' },
  ])
}
