// SPDX-License-Identifier: Apache-2.0
import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { after, isWatched, jumps, type Look, SOON, STRETCH, WINDOW } from '../../../src/plan/watch.js'

const SECOND = 1_000

/** Looks once a second that count so many packets of each reason a second, from `from` on. */
function steady(rates: Readonly<Record<string, number>>, seconds: number, from = look(0, {})): Look[] {
  const looks: Look[] = []
  for (let i = 1; i <= seconds; i++) {
    const names = new Set([...from.packets.keys(), ...Object.keys(rates)])
    const count = (name: string) => (from.packets.get(name) ?? 0) + Math.round(i * (rates[name] ?? 0))
    looks.push({
      at: from.at + i * SECOND,
      packets: new Map([...names].map((name) => [name, count(name)] as const)),
    })
  }
  return looks
}

function look(at: number, packets: Readonly<Record<string, number>>): Look {
  return { at, packets: new Map(Object.entries(packets)) }
}

/** Ten seconds at one rate, then a change, then five at another. */
function changed(
  before: Readonly<Record<string, number>>,
  since: Readonly<Record<string, number>>,
  ...more: [tolerance?: Parameters<typeof jumps>[2], last?: boolean]
) {
  const past = steady(before, 10)
  return jumps(past, steady(since, 5, past.at(-1)), ...more)
}

describe('packets for a VIP that come to a bad end', () => {
  it('are drops, refusals, and what is passed on for want of a connection or a service', () => {
    for (const reason of [
      'drop_nexthop',
      'drop_real_gone',
      'answer_no_real',
      'pass_no_conn',
      'pass_no_service',
    ])
      expect(isWatched(reason)).toBe(true)
    for (const reason of [
      'pass_not_vip',
      'pass_not_ip',
      'forward_conn',
      'answer_reset',
      'answer_mtu',
      'answer_ttl',
    ])
      expect(isWatched(reason)).toBe(false)
  })
})

describe('a jump', () => {
  it('is a rate above twice the usual and what is tolerated', () => {
    expect(changed({ drop_no_real: 10 }, { drop_no_real: 22 })).toEqual([])
    expect(changed({ drop_no_real: 10 }, { drop_no_real: 23 })).toEqual([
      { reason: 'drop_no_real', before: 10, after: 23, unexpected: 65 },
    ])
  })

  it('is seen where there was nothing before, and of each reason for itself', () => {
    const found = changed({ forward_conn: 100 }, { drop_real_gone: 30, pass_no_conn: 2, answer_no_real: 6 })
    expect(found.map(({ reason, before, after: now }) => [reason, before, now])).toEqual([
      ['answer_no_real', 0, 6],
      ['drop_real_gone', 0, 30],
    ])
  })

  it('is one in a hundred of what is forwarded at the same time, where that is more than two a second', () => {
    expect(changed({}, { forward_conn: 10_000, drop_nexthop: 100 })).toEqual([])
    expect(changed({}, { forward_conn: 10_000, drop_nexthop: 101 })).toHaveLength(1)
  })

  it('is seen where clients wait for answers and few packets are left to be dropped', () => {
    expect(changed({ forward_conn: 10_000 }, { forward_conn: 100, drop_nexthop: 4 })).toHaveLength(1)
  })

  it('is what the operator says it is', () => {
    expect(changed({}, { drop_ttl: 8 }, { rate: 8 })).toEqual([])
    expect(changed({}, { drop_ttl: 1 }, { rate: 0 })).toHaveLength(1)
    expect(changed({ drop_ttl: 1 }, { drop_ttl: 2 }, { packets: 5 })).toEqual([])
    expect(changed({ drop_ttl: 1 }, { drop_ttl: 2 }, { packets: 4 })).toEqual([
      { reason: 'drop_ttl', before: 1, after: 2, unexpected: 5 },
    ])
    expect(changed({}, { drop_ttl: 1, pass_no_conn: 1 }, { packets: 9 })).toHaveLength(2)
  })

  it('is measured against the worst of the last minute, not the mean of it', () => {
    const calm = steady({ pass_no_conn: 0 }, 20)
    const burst = steady({ pass_no_conn: 50 }, 3, calm.at(-1))
    const past = [...calm, ...burst, ...steady({ pass_no_conn: 0 }, 20, burst.at(-1))]
    expect(jumps(past, steady({ pass_no_conn: 100 }, 5, past.at(-1)))).toEqual([])
    expect(jumps(past, steady({ pass_no_conn: 103 }, 5, past.at(-1)))).toHaveLength(1)
  })

  it('is not excused by what was longer ago', () => {
    const burst = steady({ drop_no_real: 500 }, 5)
    const past = [...burst, ...steady({}, WINDOW / SECOND + 5, burst.at(-1))]
    expect(jumps(past, steady({ drop_no_real: 20 }, 3, past.at(-1)))).toHaveLength(1)
  })

  it('that comes late in a long watch is seen as soon as one that comes at once', () => {
    const past = steady({}, 10)
    const quiet = steady({}, 600, past.at(-1))
    const late = steady({ drop_no_real: 20 }, 2, quiet.at(-1))
    expect(jumps(past, [...quiet, ...late])).toHaveLength(1)
  })

  it('is not judged in the first moment, unless no later one comes', () => {
    const past = steady({}, 3)
    const at = (past.at(-1)?.at ?? 0) + SOON - 1
    const since = [look(at, { drop_no_real: 100 })]
    expect(jumps(past, since)).toEqual([])
    expect(jumps(past, since, {}, true)).toHaveLength(1)
    expect(jumps(past, [])).toEqual([])
    expect(jumps([], since, {}, true)).toEqual([])
  })
})

const rates = fc.record({
  drop_no_real: fc.nat(1_000),
  drop_nexthop: fc.nat(1_000),
  pass_no_conn: fc.nat(1_000),
  answer_no_real: fc.nat(1_000),
  pass_not_vip: fc.nat(1_000),
  forward_conn: fc.nat(10_000),
})
const tolerance = fc.record({ rate: fc.nat(500), packets: fc.nat(10_000) }, { requiredKeys: [] })

/** Looks at odd moments, whose counters only grow. */
const walk = fc.array(fc.record({ ms: fc.integer({ min: 1, max: 5_000 }), grow: rates }), {
  minLength: 2,
  maxLength: 40,
})

function walked(steps: readonly { ms: number; grow: Record<string, number> }[]): Look[] {
  const looks: Look[] = []
  let now = look(0, {})
  for (const { ms, grow } of steps) {
    const packets = new Map(Object.entries(grow).map(([name, n]) => [name, (now.packets.get(name) ?? 0) + n]))
    now = { at: now.at + ms, packets }
    looks.push(now)
  }
  return looks
}

describe('for any counters', () => {
  it('nothing jumps while the rates are what they were', () => {
    fc.assert(
      fc.property(rates, fc.integer({ min: 3, max: 60 }), fc.integer({ min: 1, max: 60 }), (rate, n, m) => {
        const past = steady(rate, n)
        expect(jumps(past, steady(rate, m, past.at(-1)))).toEqual([])
      }),
    )
  })

  it('whatever comes three times as often and 205 a second more is found', () => {
    fc.assert(
      fc.property(rates, rates, fc.constantFrom('drop_no_real', 'pass_no_conn'), (before, since, reason) => {
        const worse = { ...since, [reason]: 3 * (before[reason] ?? 0) + 205 }
        expect(changed(before, worse).map((jump) => jump.reason)).toContain(reason)
      }),
    )
  })

  it('only watched reasons jump, and each is worse than it was', () => {
    fc.assert(
      fc.property(walk, fc.nat(), tolerance, fc.boolean(), (steps, cut, how, last) => {
        const all = walked(steps)
        const at = 1 + (cut % (all.length - 1))
        for (const { reason, before, after: now, unexpected } of jumps(
          all.slice(0, at),
          all.slice(at),
          how,
          last,
        )) {
          expect(isWatched(reason)).toBe(true)
          expect(Math.max(now - before, unexpected)).toBeGreaterThan(0)
        }
      }),
    )
  })

  it('who tolerates more finds nothing that who tolerates less does not', () => {
    fc.assert(
      fc.property(walk, fc.nat(), fc.nat(500), fc.nat(500), (steps, cut, rate, more) => {
        const all = walked(steps)
        const at = 1 + (cut % (all.length - 1))
        const found = (r: number) =>
          jumps(all.slice(0, at), all.slice(at), { rate: r }, true).map((j) => j.reason)
        const strict = new Set(found(rate))
        for (const reason of found(rate + more)) expect(strict.has(reason)).toBe(true)
      }),
    )
  })

  it('what was counted long before, and when, makes no difference', () => {
    fc.assert(
      fc.property(walk, fc.nat(), fc.nat(1_000_000), fc.nat(1_000_000), (steps, cut, ms, n) => {
        const all = walked(steps)
        const at = 1 + (cut % (all.length - 1))
        const moved = all.map((one) => ({
          at: one.at + ms,
          packets: new Map([...one.packets].map(([name, count]) => [name, count + n] as const)),
        }))
        expect(jumps(moved.slice(0, at), moved.slice(at), {}, true)).toEqual(
          jumps(all.slice(0, at), all.slice(at), {}, true),
        )
      }),
    )
  })

  it('a counter that began anew is no jump by itself', () => {
    const past = steady({ drop_no_real: 1_000 }, 10)
    const since = steady({ drop_no_real: 0 }, 5, look(past.at(-1)?.at ?? 0, { drop_no_real: 0 }))
    expect(jumps(past, since)).toEqual([])
  })
})

it('looks after a moment are those that came later', () => {
  const looks = steady({}, 5)
  expect(after(looks, 3 * SECOND).map(({ at }) => at)).toEqual([4 * SECOND, 5 * SECOND])
  expect(STRETCH).toBeGreaterThan(SOON)
})
