// SPDX-License-Identifier: Apache-2.0
// One trace at a time, as a stream of lines: for as long as somebody reads it, until its count or its time is up, and
// never longer than the daemon lives. A slow reader makes records wait in the kernel's ring, which is of one size; what
// finds no room there is counted.
import type { TraceLoss, TraceRecord } from '../api/contract-sight.js'
import { toJson } from '../api/json.js'
import type { Tracing } from '../datapath/trace.js'
import type { Traced } from '../datapath/trace-record.js'
import type { Datapath } from '../datapath/types.js'
import { fail, oneOf, succeed } from '../model/describe.js'
import { parseTraceWish, type TraceWish, wishText } from '../model/trace-wish.js'
import type { Outcome } from '../model/types.js'
import type { Handler } from './handlers.js'
import type { Streamed } from './listing.js'
import type { Round } from './rounds.js'
import { createWaiting, type Waiting } from './waiting.js'

export interface TraceWorld {
  readonly datapath: Pick<Datapath, 'trace' | 'attachments'>
  /** ms since the epoch */
  readonly now: () => number
}

export interface Tracer {
  readonly handlers: { readonly trace: Handler; readonly endTrace: Handler }
  /** The lease is renewed as long as there are rounds, and a trace ends with them. */
  within<Others extends Duty>(duties: Others): Others
}

interface Duty {
  readonly rounds: readonly Round[]
  end(): void
}

/** How often the lease is renewed, and losses are told. */
export const RENEW_MS = 1_000
/** Lines that wait for their reader before the ring has to hold the next ones. */
export const MOST_LINES = 1_024

interface Running {
  /** chosen by who began it */
  readonly id: string | undefined
  readonly text: string
  readonly since: number
  renew(): void
  /** what is recorded is still said, and at last what was lost */
  finish(): void
}

export function createTracer({ datapath, now }: TraceWorld): Tracer {
  let running: Running | undefined
  const open = (wish: TraceWish, id?: string): Outcome<Streamed> => {
    if (running !== undefined) return fail(taken(running))
    const run = startRun({ datapath, now, done: () => (running = undefined) }, wish)
    if (!run.ok) return run
    running = { ...run.value, id }
    return succeed(run.value.streamed)
  }
  const finish = (id?: string) => {
    const ended = running !== undefined && (id === undefined || id === running.id)
    if (ended) running?.finish()
    return succeed({ ended })
  }
  return {
    handlers: {
      trace: ({ params }) => {
        const wish = parseTraceWish(params)
        const away = wish.ok ? elsewhere(datapath, wish.value) : undefined
        return away ?? (wish.ok ? open(wish.value, params.id) : wish)
      },
      endTrace: ({ params }) => finish(params.id),
    },
    within: (duties) => ({
      ...duties,
      rounds: [...duties.rounds, { what: 'tracing', every: RENEW_MS, act: () => running?.renew() }],
      end: () => {
        finish()
        duties.end()
      },
    }),
  }
}

/** The program sees nothing of an interface that it is not on. */
function elsewhere(
  datapath: TraceWorld['datapath'],
  { filter: { iface } }: TraceWish,
): Outcome<never> | undefined {
  const names = datapath.attachments().map((attachment) => attachment.interface)
  if (iface === undefined || names.includes(iface)) return undefined
  const fix = names.length > 0 ? `use ${oneOf(names)}` : 'attach it with: xlvs attach'
  return fail({ subject: 'filter', reason: `xlvs is not attached to ${iface}`, fix })
}

function taken({ text, since }: Running) {
  const at = new Date(since).toISOString()
  return {
    reason: `somebody traces already, since ${at}: ${text}`,
    fix: 'wait for the end of that, or end it with: xlvs trace --stop',
  }
}

interface RunWorld extends TraceWorld {
  readonly done: () => void
}

function startRun(
  world: RunWorld,
  wish: TraceWish,
): Outcome<Omit<Running, 'id'> & { readonly streamed: Streamed }> {
  const { datapath, now } = world
  const [since, began] = [now(), process.hrtime.bigint()]
  const wallClock = (at: bigint) => Math.round(since * 1e3 + Number(at - began) / 1e3) / 1e3
  const lines = createWaiting(MOST_LINES, (full) => (full ? tracing?.pause() : tracing?.resume()))
  let handed = 0
  let tracing: Tracing | undefined
  const opened = datapath.trace(wish, (record) => {
    if (wish.count !== undefined && handed >= wish.count) return
    handed += 1
    lines.push(`${toJson(rowOf(record, wallClock(record.at)))}\n`)
    if (handed === wish.count) run.close(true)
  })
  if (!opened.ok) return opened
  tracing = opened.value
  const run = runOf(world, { tracing, lines, handed: () => handed })
  const timer = wish.last === undefined ? undefined : setTimeout(run.finish, wish.last)
  void lines.ended.then(() => clearTimeout(timer))
  const end = () => run.close(false)
  return succeed({
    ...{ text: wishText(wish), since, renew: run.renew, finish: run.finish },
    streamed: { pieces: lines.read(), type: 'application/x-ndjson', end },
  })
}

interface Parts {
  readonly tracing: Tracing
  readonly lines: Waiting
  readonly handed: () => number
}

function runOf({ done }: RunWorld, { tracing, lines, handed }: Parts) {
  let told = ''
  let over = false
  const tell = (always: boolean, more = 0) => {
    const { limited, lost } = tracing.counters()
    const loss: TraceLoss = { lost: Number(lost) + more, limited: Number(limited) }
    const line = `${toJson(loss)}\n`
    if (always || (line !== told && loss.lost + loss.limited > 0)) lines.push(line)
    told = line
  }
  const close = (last: boolean, more = 0) => {
    if (over) return
    over = true
    tracing.close()
    if (last) tell(true, more)
    lines.end()
    done()
  }
  return {
    close,
    renew: () => {
      tracing.renew()
      tell(false)
    },
    /** Of what waits behind a slow reader nothing comes any more. */
    finish: () => {
      if (over) return
      tracing.drain()
      close(true, Math.max(0, Number(tracing.counters().recorded) - handed()))
    },
  }
}

function rowOf({ head, at: _, ...record }: Traced, at: number): TraceRecord {
  const bytes = Buffer.from(head.buffer, head.byteOffset, head.length)
  return { at, ...record, head: bytes.toString('base64') }
}
