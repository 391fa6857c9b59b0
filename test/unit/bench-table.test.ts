// SPDX-License-Identifier: Apache-2.0
// `make bench-table` without a kernel: the table in memory beside equations that can be solved, crowds of clients, the report.
import { describe, expect, it } from 'vitest'
import type { Director } from '../../bench/table/director.js'
import { CROWDS, scattered } from '../../bench/table/keys.js'
import { beside, drawn, fill, type Point, turnOver } from '../../bench/table/measure.js'
import { answerOf, type Series, sentenceOf, toSvg, toText } from '../../bench/table/report.js'
import { filled, OTHER_RULES, ROOM_H, type Rule, turnedOver } from '../../bench/table/simulate.js'

/** Six standard deviations of a share that is counted. */
const noise = (share: number, flows: number) => 6 * Math.sqrt(share / flows)

/**
 * Sets of one way, of which `full` are taken, `stuck` of them by flows that cannot move: x' = 1 - stuck². A flow whose other
 * set is empty stops being movable when somebody takes that set; a flow that moves is stuck, and so is the one it makes
 * way for.
 */
function oneWay(flows: number): { readonly lost: number } {
  const h = 1 / 4096
  let [full, movable] = [0, 0]
  for (let at = 0; at < flows; at += h) {
    const stored = 1 - (full - movable) ** 2
    const moved = full ** 2 - (full - movable) ** 2
    movable += h * ((1 - full) ** 2 - moved - (stored * movable) / (1 - full))
    full += h * stored
  }
  return { lost: 1 - full / flows }
}

describe('the table in memory', () => {
  const sets = 2 ** 15
  const still: Rule = { ...ROOM_H, enough: 2, moves: 0 }

  it('loses of one-way sets what the equation says: x full, x² lost, so x = tanh(flows)', () => {
    const loads = [50, 75, 100]
    for (const { load, lost } of filled({ ...still, ways: 1 }, sets, loads)) {
      const share = 1 - Math.tanh(load / 100) / (load / 100)
      expect(Math.abs(lost - share)).toBeLessThan(noise(share, (sets * load) / 100))
    }
  })

  it('loses of sets that are not chosen what overflows of a Poisson distribution', () => {
    const [found] = filled({ ...still, choices: 1 }, sets, [75])
    const mean = 3
    let [chance, stored] = [Math.exp(-mean), 0]
    for (let taken = 0; taken < 4; taken++, chance *= mean / taken) stored += (4 - taken) * chance
    const share = 1 - (4 - stored) / mean
    expect(Math.abs((found?.lost ?? 0) - share)).toBeLessThan(noise(share, sets * mean))
  })

  it.each([60, 75, 90])('moves flows of one-way sets as the equations say, at %d %', (load) => {
    const rule: Rule = { ...ROOM_H, ways: 1, moves: 1 }
    const { lost } = oneWay(load / 100)
    const [found] = filled(rule, sets, [load])
    expect(Math.abs((found?.lost ?? 0) - lost)).toBeLessThan(noise(lost, (sets * load) / 100))
    expect(lost).toBeGreaterThan(0.005)
  })

  it('does not mind where the filling was interrupted', () => {
    expect(filled(ROOM_H, 2 ** 10, [30, 60, 95])[2]).toEqual(filled(ROOM_H, 2 ** 10, [95])[0])
  })

  it('puts a flow into its second set when the first is full, not before', () => {
    const [early, late] = filled(ROOM_H, sets, [5, 60])
    expect(early?.second).toBeLessThan(0.0005)
    expect(late?.second).toBeGreaterThan(0.05)
    expect(filled({ ...ROOM_H, enough: 4 }, sets, [5])[0]?.second).toBeGreaterThan(0.02)
  })

  it('has as many flows after it turned over', () => {
    const [before] = filled(still, 2 ** 12, [75])
    const after = turnedOver(still, 2 ** 12, 75)
    expect(after.lost).toBeGreaterThan(3 * (before?.lost ?? 1))
    expect(after.second).toBeGreaterThan(before?.second ?? 1)
    expect(after.lost).toBeLessThan(0.08)
  })
})

describe('other rules', () => {
  const lost = (name: string) => {
    const rule = [ROOM_H, ...OTHER_RULES].find((each) => each.name === name)
    if (!rule) throw new Error(`no rule ${name}`)
    return turnedOver(rule, 2 ** 13, 75).lost
  }

  it('lose less the more room a flow can find', () => {
    const order = ['nobody moves', 'nobody moves, three sets', 'one moves', 'as it is'].map(lost)
    expect(order).toEqual([...order].sort((a, b) => b - a))
    expect(order[2]).toBeLessThan((order[0] ?? 0) / 50)
    expect(order[3]).toBe(0)
    expect(lost('nobody moves, eight ways')).toBeLessThan((order[0] ?? 0) / 4)
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
  })

  it('does not add up when the table loses a flow that it said it had', () => {
    const table = tableWith(700)
    const lossy = { ...table, ask: () => ({ stored: 1, second: 0, strayed: 0 }) }
    expect(() => fill(lossy, [50])).toThrow('500 flows began; 1 are stored, 0 were not, 0 made room')
  })

  it('turns over at a steady load, and counts the last turn only', () => {
    const table = tableWith(500, 1)
    const { offered, lost, strayed } = turnOver(table, 60)
    expect(table.most()).toBe(500)
    expect(offered).toBe(Math.floor(600 / 32) * 32)
    expect(lost).toBeGreaterThan(0)
    expect(lost).toBeLessThan(offered / 3)
    expect(strayed).toBe(3)
  })

  it('stands beside what was computed for the same load, or is refused', () => {
    const computed = [
      { load: 80, lost: 0.125, second: 0.5 },
      { load: 50, lost: 0, second: 0.25 },
    ]
    const points = fill(tableWith(700), [50, 80])
    expect(beside(points, computed).map((point) => point.computed)).toEqual([
      { lost: 0, second: 0.25 },
      { lost: 0.125, second: 0.5 },
    ])
    expect(() => beside(points, computed.slice(1))).toThrow('nothing was computed for a load of 80 %')
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
      'at 75 % load the target is that fewer than 100 of a million flows find no room: 90 (met) while the table filled, 100 (missed) once it turned over. Established flows evicted: 1. Packets that went to another real server: 2.',
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
