// SPDX-License-Identifier: Apache-2.0
// `make bench-table` without a kernel: the theory, a table of counters that agrees with it, crowds of clients, the report.
import { describe, expect, it } from 'vitest'
import type { Director } from '../../bench/table/director.js'
import { emptySets, offer, thin, turnedOver } from '../../bench/table/fluid.js'
import { CROWDS, scattered } from '../../bench/table/keys.js'
import { drawn, fill, type Point, ROUND, turnOver } from '../../bench/table/measure.js'
import { answerOf, type Series, sentenceOf, toSvg, toText } from '../../bench/table/report.js'
import { OTHER_RULES, ROOM_H, simulate } from '../../bench/table/simulate.js'

describe('the theory', () => {
  it('loses of one-way sets what its equation says: x full, x² lost, so x = tanh(flows)', () => {
    const { sets, passed } = offer(emptySets(1), 1)
    expect(sets[1]).toBeCloseTo(Math.tanh(1), 9)
    expect(passed.lost).toBeCloseTo(1 - Math.tanh(1), 9)
  })

  it('loses no flow from the books', () => {
    for (const flows of [0.5, 2, 3.9]) {
      const { sets, passed } = offer(emptySets(4), flows)
      const stored = sets.reduce((sum, share, taken) => sum + share * taken, 0)
      expect(sets.reduce((sum, share) => sum + share, 0)).toBeCloseTo(1, 9)
      expect(stored).toBeCloseTo(passed.first + passed.second, 9)
      expect(stored + passed.lost).toBeCloseTo(flows, 9)
    }
  })

  it('does not mind where the filling was interrupted', () => {
    const half = offer(emptySets(4), 1.5)
    const whole = offer(half.sets, 1.5)
    const once = offer(emptySets(4), 3)
    expect(half.passed.lost + whole.passed.lost).toBeCloseTo(once.passed.lost, 9)
  })

  it('thins sets as coins would', () => {
    expect(thin([0, 0, 1], 0.5)).toEqual([0.25, 0.5, 0.25])
    expect(thin([0.2, 0.3, 0.5], 0)).toEqual([0.2, 0.3, 0.5])
  })

  it.each([0.66, 0.75, 0.9])('agrees with a table of counters at %d flows per way', (load) => {
    const flows = 2 ** 15 * 4 * load
    const { lost, second } = offer(emptySets(4), load * 4).passed
    const found = simulate(ROOM_H, 2 ** 15, load, 7)
    const noise = 6 * Math.sqrt(lost / (load * 4) / flows)
    expect(Math.abs(found.filled - lost / (load * 4))).toBeLessThan(noise)
    const steady = turnedOver(4, load, ROUND)
    expect(Math.abs(found.turnedOver / (steady.lost / steady.offered) - 1)).toBeLessThan(0.06)
    expect(second).toBeGreaterThan(0)
  })
})

describe('other rules', () => {
  const lost = (name: string) => {
    const rule = [ROOM_H, ...OTHER_RULES].find((each) => each.name === name)
    if (!rule) throw new Error(`no rule ${name}`)
    return simulate(rule, 2 ** 13, 0.75).turnedOver
  }

  it('lose less the more room a flow can find', () => {
    const order = ['as it is', 'three sets', 'one flow moves over'].map(lost)
    expect(order).toEqual([...order].sort((a, b) => b - a))
    expect(lost('eight ways')).toBeLessThan(lost('as it is') / 4)
  })
})

describe('crowds', () => {
  it.each(CROWDS)('$name: no flow comes twice, no address is longer than its family', ({ key }) => {
    for (const family of [4, 6] as const) {
      const keys = Array.from({ length: 40_000 }, (_, n) => key(n, family))
      expect(new Set(keys.map(({ client, port }) => `${client} ${port}`)).size).toBe(keys.length)
      const words = keys.flatMap(({ client }) => client)
      expect(words.every((word) => Number.isInteger(word) && word >= 0 && word < 2 ** 32)).toBe(true)
      expect(keys.every(({ port }) => port >= 1024 && port < 65_536)).toBe(true)
      if (family === 4)
        expect(keys.every(({ client: [, ...rest] }) => rest.every((word) => word === 0))).toBe(true)
    }
  })

  it('are scattered by a permutation', () => {
    const seen = new Set(Array.from({ length: 100_000 }, (_, n) => scattered(n)))
    expect(seen.size).toBe(100_000)
    expect(scattered(1)).toBe(0x514e28b7)
  })

  it('end by lots of different flows, other ones each time', () => {
    const [one, other] = [drawn(1000, 100, 1), drawn(1000, 100, 2)]
    expect(new Set(one).size).toBe(100)
    expect(Math.max(...one)).toBeLessThan(1000)
    expect([...one]).not.toEqual([...other])
  })
})

/** Has room for `room` flows, and no sets; one packet of each asked flow may stray. */
function tableWith(room: number, strays = 0): Director & { readonly most: () => number } {
  const stored = new Set<number>()
  let [unstored, most] = [0, 0]
  return {
    ways: 1_000,
    begin: (flows) => {
      for (const flow of flows)
        if (stored.size < room) stored.add(flow)
        else unstored++
      most = Math.max(most, stored.size)
    },
    ask: (flows) => {
      const found = flows.filter((flow) => stored.has(flow)).length
      return { stored: found, second: found / 4, strayed: strays }
    },
    end: (flows) => {
      for (const flow of flows) stored.delete(flow)
    },
    counts: () => ({ evicted: 0, unstored }),
    empty: () => stored.clear(),
    close: async () => undefined,
    most: () => most,
  }
}

describe('what is measured', () => {
  it('is the flows that came so far, those without a place and where the others stand', () => {
    const points = fill(tableWith(700), [50, 80])
    expect(points).toMatchObject([
      { load: 50, offered: 500, lost: 0, second: 0.25, evicted: 0, strayed: 0 },
      { load: 80, offered: 800, lost: 100, second: 0.25, evicted: 0, strayed: 0 },
    ])
    expect(points[1]?.computed.lost).toBeCloseTo(0.022669, 6)
  })

  it('does not add up when the table loses a flow that it said it had', () => {
    const table = tableWith(700)
    const lossy = { ...table, ask: () => ({ stored: 1, second: 0, strayed: 0 }) }
    expect(() => fill(lossy, [50])).toThrow('500 flows began; 1 are stored, 0 were not, 0 made room')
  })

  it('turns over at a steady load, and counts the last turn only', () => {
    const table = tableWith(500, 1)
    const { offered, lost, strayed, computed } = turnOver(table, 60)
    expect(table.most()).toBe(500)
    expect(offered).toBe(Math.floor(600 / 32) * 32)
    expect(lost).toBeGreaterThan(0)
    expect(lost).toBeLessThan(offered / 3)
    expect(strayed).toBe(3)
    expect(computed.lost).toBeCloseTo(0.0154, 3)
  })
})

describe('the report', () => {
  const point = (load: number, lost: number, rest: Partial<Point> = {}): Point => {
    const computed = { lost: lost / 1e6, second: 0.25 }
    return { load, offered: 1_000_000, lost, second: 0.25, evicted: 0, strayed: 0, computed, ...rest }
  }
  const series = (kind: Series['kind'], points: readonly Point[]): Series => {
    return {
      name: `${kind} & more`,
      family: 4,
      crowd: 'random',
      connections: 2 ** 20,
      ways: 1_588_752,
      kind,
      points,
    }
  }
  const header = {
    machine: 'rack',
    cpu: '2 × CPU',
    caches: [],
    memoryMiB: 1,
    kernel: 'Linux 6.18 x64',
    commit: '0123456789',
    flags: [],
    date: '2026-11-21T10:00:00.000Z',
  }

  it('judges by the worst of both kinds at the load of the target', () => {
    const all = [series('filled', [point(66, 900), point(75, 90)]), series('turned over', [point(75, 99)])]
    expect(answerOf(all)).toMatchObject({ load: 75, filled: 90e-6, turnedOver: 99e-6, met: true })
    const worse = [...all, series('turned over', [point(75, 100, { strayed: 2, evicted: 1 })])]
    expect(answerOf(worse)).toMatchObject({ turnedOver: 100e-6, met: false, strayed: 2, evicted: 1 })
    expect(sentenceOf(answerOf(worse))).toBe(
      'at 75 % load 90 of a million flows found no room while the table filled, 100 once it turned over; the target is fewer than 100: missed. Established flows evicted: 1. Packets that went to another real server: 2.',
    )
  })

  it('says when the load of the target was not measured', () => {
    expect(() => answerOf([series('filled', [point(66, 1)])])).toThrow('nothing was filled to 75 %')
  })

  it('prints a row for each load and draws the loads that lost something', () => {
    const all = [series('filled', [point(50, 0), point(66, 20), point(75, 90)])]
    const report = { version: 1, header, series: all, rules: [], answer: answerOf(all) } as const
    expect(toText(report)).toMatch(/\n {2}75 % {3}1,000,000 {8}90 {10}90 {10}90 {3}25\.0 %/)
    const svg = toSvg(report)
    expect(svg.match(/class="dot /g)).toHaveLength(4)
    expect(svg).toContain('filled &amp; more')
    expect(svg).not.toMatch(/NaN|Infinity|undefined/)
  })
})
