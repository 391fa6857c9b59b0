// SPDX-License-Identifier: Apache-2.0
// One trace at a time, that a slow reader does not make grow, and whose every loss is told; the kernel's side is a stand-in.
import { afterEach, describe, expect, it, vi } from 'vitest'
import type { TraceLoss, TraceRecord } from '../../../src/api/contract-sight.js'
import type { Duties } from '../../../src/daemon/duties.js'
import type { Streamed } from '../../../src/daemon/listing.js'
import { createTracer, MOST_LINES } from '../../../src/daemon/tracing.js'
import type { Traced } from '../../../src/datapath/trace-record.js'
import { fail, succeed } from '../../../src/model/describe.js'
import type { TraceWish } from '../../../src/model/trace-wish.js'
import type { Outcome } from '../../../src/model/types.js'

const AT = Date.UTC(2026, 10, 21, 12)

afterEach(() => vi.useRealTimers())

/** A kernel that records what it is told to. */
function kernel() {
  const events: string[] = []
  const counters = { recorded: 0n, limited: 0n, lost: 0n }
  let hand: ((record: Traced) => void) | undefined
  let wished: TraceWish | undefined
  let paused = false
  const did = (what: string) => () => void events.push(what)
  const trace = (wish: TraceWish, onRecord: (record: Traced) => void) => {
    if (wish.filter.service !== undefined) return fail({ reason: 'there is no such service' })
    hand = onRecord
    wished = wish
    return succeed({
      counters: () => counters,
      renew: did('renew'),
      pause: () => {
        paused = true
        events.push('pause')
      },
      resume: () => {
        paused = false
        events.push('resume')
      },
      drain: did('drain'),
      close: () => {
        hand = undefined
        events.push('close')
      },
    })
  }
  const attachments = () => [{ interface: 'eth0' }] as never
  return {
    ...{ events, counters, datapath: { trace, attachments } },
    wished: () => wished,
    /** `n` packets come; those that a paused ring cannot hand over stay in it */
    record: (n: number) => {
      for (let i = 0; i < n; i++) {
        counters.recorded += 1n
        if (!paused) hand?.(traced(process.hrtime.bigint()))
      }
    },
  }
}

function traced(at: bigint): Traced {
  const head = Uint8Array.of(1, 2, 3)
  return { at, interface: 'eth0', cpu: 1, reason: 'pass_not_vip', action: 'pass', length: 60, head }
}

function director() {
  const one = kernel()
  const tracer = createTracer({ datapath: one.datapath, now: () => AT })
  const { rounds, end } = tracer.within<Pick<Duties, 'rounds' | 'end'>>({
    rounds: [],
    end: () => void one.events.push('duties end'),
  })
  const ask = (params: Record<string, string> = {}) =>
    tracer.handlers.trace({ params, body: undefined }) as Outcome<Streamed>
  const stop = (params: { readonly id?: string } = {}) =>
    tracer.handlers.endTrace({ params, body: undefined }) as Outcome<{ readonly ended: boolean }>
  return { ...one, ask, stop, round: () => void rounds[0]?.act(), end }
}

function streamOf(outcome: Outcome<Streamed>) {
  if (!outcome.ok) throw new Error(JSON.stringify(outcome.problems))
  const pieces = outcome.value.pieces[Symbol.asyncIterator]()
  const lines = (text: string) =>
    text
      .trimEnd()
      .split('\n')
      .map((line) => JSON.parse(line) as TraceRecord | TraceLoss)
  return {
    next: async () => {
      const piece = await pieces.next()
      return piece.done ? 'over' : lines(piece.value)
    },
    leave: () => outcome.value.end?.(),
  }
}

describe('a trace', () => {
  it('is lines: records as they come, losses when they change, and what was lost at its end', async () => {
    const { ask, record, counters, round, events } = director()
    const stream = streamOf(ask({ filter: 'port 80', count: '3' }))
    record(1)
    const [first] = (await stream.next()) as readonly TraceRecord[]
    expect(first).toMatchObject({ interface: 'eth0', reason: 'pass_not_vip', length: 60, head: 'AQID' })
    expect(first?.at).toBeGreaterThanOrEqual(AT)
    round()
    counters.limited += 5n
    round()
    round()
    expect(await stream.next()).toEqual([{ lost: 0, limited: 5 }])
    record(9)
    expect(await stream.next()).toHaveLength(3)
    expect(await stream.next()).toBe('over')
    expect(events).toEqual(['renew', 'renew', 'renew', 'close'])
  })

  it('is told how it is to be', () => {
    const { ask, wished } = director()
    ask({ filter: '192.0.2.10:80', sample: '10', limit: '5', head: '64' })
    expect(wished()).toEqual({ filter: { vip: '192.0.2.10', port: 80 }, sample: 10, limit: 5, head: 64 })
  })

  it.each([
    [{ filter: 'prot 80' }, 'filter', '"prot" is nothing to filter by'],
    [{ head: '1000' }, 'head', 'head 1000 is above 256'],
    [{ filter: 'iface eth7' }, 'filter', 'xlvs is not attached to eth7'],
    [{ filter: 'service 192.0.2.10:80' }, undefined, 'there is no such service'],
  ])('%j is refused, and the next may trace', (params, subject, reason) => {
    const { ask } = director()
    expect(ask(params)).toMatchObject({ ok: false, problems: [{ ...(subject && { subject }), reason }] })
    expect(ask().ok).toBe(true)
  })

  it('ends after its time', async () => {
    vi.useFakeTimers()
    const { ask, events } = director()
    const stream = streamOf(ask({ last: '5000' }))
    const next = stream.next()
    vi.advanceTimersByTime(4_999)
    expect(events).toEqual([])
    vi.advanceTimersByTime(1)
    expect(await next).toEqual([{ lost: 0, limited: 0 }])
    expect(await stream.next()).toBe('over')
    expect(events).toEqual(['drain', 'close'])
  })
})

describe('another trace', () => {
  it('is refused while one runs: since when, and which', () => {
    const { ask } = director()
    ask({ filter: 'client 198.51.100.7', sample: '100' })
    const reason = 'somebody traces already, since 2026-11-21T12:00:00.000Z: client 198.51.100.7, 1 of 100'
    expect(ask()).toMatchObject({ ok: false, problems: [{ reason, fix: expect.stringContaining('--stop') }] })
  })

  it('may begin when the reader of the first has gone, which waited for a packet', async () => {
    const { ask, events } = director()
    const stream = streamOf(ask())
    const next = stream.next()
    stream.leave()
    expect(await next).toBe('over')
    expect(events).toEqual(['close'])
    expect(ask().ok).toBe(true)
  })

  it('is not ended by whoever means the first', () => {
    const { ask, stop, events } = director()
    expect(stop()).toMatchObject({ value: { ended: false } })
    ask({ id: 'mine' })
    expect(stop({ id: 'another' })).toMatchObject({ value: { ended: false } })
    expect(events).toEqual([])
    expect(stop({ id: 'mine' })).toMatchObject({ value: { ended: true } })
    ask({ id: 'theirs' })
    expect(stop()).toMatchObject({ value: { ended: true } })
  })
})

describe('a slow reader', () => {
  it('makes records wait in the ring, and no more lines than so many here', async () => {
    const { ask, record, events } = director()
    const stream = streamOf(ask())
    record(5 * MOST_LINES)
    expect(events).toEqual(['pause'])
    expect(await stream.next()).toHaveLength(MOST_LINES)
    expect(events).toEqual(['pause', 'resume'])
    record(1)
    expect(await stream.next()).toHaveLength(1)
  })

  it('misses what waits behind it when the trace ends, and is told how much', async () => {
    const { ask, record, stop, counters } = director()
    const stream = streamOf(ask())
    record(MOST_LINES + 7)
    counters.lost += 2n
    stop()
    const last = (await stream.next()) as readonly unknown[]
    expect(last).toHaveLength(MOST_LINES + 1)
    expect(last.at(-1)).toEqual({ lost: 9, limited: 0 })
    expect(await stream.next()).toBe('over')
  })
})

it('the end of the daemon is the end of its trace', async () => {
  const { ask, end, events } = director()
  const stream = streamOf(ask())
  end()
  expect(await stream.next()).toEqual([{ lost: 0, limited: 0 }])
  expect(await stream.next()).toBe('over')
  expect(events).toEqual(['drain', 'close', 'duties end'])
})
