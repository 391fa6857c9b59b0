// SPDX-License-Identifier: Apache-2.0
// What `make bench-live` does with what its CPUs did: who sends which flows, figures, and that it refuses those that would lie.
import { describe, expect, it } from 'vitest'
import { parse } from 'yaml'
import {
  faultOf,
  gapsOf,
  keep,
  type Measured,
  rowsOf,
  togetherOf,
  type Work,
} from '../../bench/live/figures.js'
import {
  BATCH,
  CASES,
  type Case,
  CONNECTIONS,
  configOf,
  type Director,
  directorsOf,
  REALS,
  SERVICES,
  sharesOf,
} from '../../bench/live/plan.js'
import { answers, type Report, toJson, toText } from '../../bench/live/table.js'
import { chosenCpus, wanted } from '../../bench/live/words.js'

const SENT = 64_000
const caseOf = (id: string) => CASES.find((each) => each.id === id) as Case

/** One CPU takes so many ns for a packet. */
function work(cpu: number, ns: number, changes: Partial<Work> = {}): Work {
  const times = { start: 1000, until: 1000 + ns * SENT, waited: 0, deferred: 0 }
  return { cpu, sent: SENT, ended: SENT, ...times, ...changes }
}

function measured(id: string, director: Director, works: readonly Work[], stolen = 0): Measured {
  return { id, director, work: works, stolen }
}

const NS: Readonly<Record<Director, number>> = { stop: 200, swap: 300, line: 310, xlvs: 350 }

/** Five rounds of every case; `more`: ns that a packet takes each of two CPUs more. */
function play(cases: readonly Case[], more: Partial<Record<Director, number>> = {}): readonly Measured[] {
  return cases.flatMap((each) =>
    directorsOf(each).flatMap((director) =>
      [0, 1, 2, 1, 0].map((ns) => {
        const two = each.sharing !== 'one'
        const took = NS[director] + ns + (two ? (more[director] ?? 0) : 0)
        const works = two ? [work(0, took), work(1, took)] : [work(0, took)]
        return measured(each.id, director, works)
      }),
    ),
  )
}

const report = (rows: Report['rows']): Report => ({
  version: 1,
  header: {
    ...{ machine: 'm', cpu: '2 × c', caches: [], memoryMiB: 1, kernel: 'Linux 6', commit: 'abc', flags: [] },
    ...{ date: '2026-01-01T00:00:00Z', onCpus: [0, 1], packets: SENT, seconds: 1 },
  },
  rows,
  notes: ['a note'],
  faults: ['a fault'],
})

describe('the plan of bench-live', () => {
  it('has a case with one CPU for every case with two', () => {
    expect(new Set(CASES.map(({ id }) => id)).size).toBe(CASES.length)
    for (const { alone, flows, service } of CASES)
      expect(caseOf(alone)).toMatchObject({ sharing: 'one', flows, service })
  })

  it('lets one CPU be now this one, now that', () => {
    const cpus = [0, 1, 2, 3].map((round) => sharesOf(caseOf('hit/1/one'), [4, 6], round, 100, 0))
    expect(cpus).toEqual([4, 6, 4, 6].map((cpu) => [{ cpu, first: 0, flows: 1 }]))
  })

  it('lets two CPUs send the same flows, or each its own, or flows nobody has seen', () => {
    const of = (id: string) => sharesOf(caseOf(id), [0, 1], 0, 100_000, 5_000_000)
    const [a, b] = [
      { cpu: 0, first: 0, flows: 65536 },
      { cpu: 1, first: 65536, flows: 65536 },
    ]
    expect(of('hit/64K/same')).toEqual([a, { ...a, cpu: 1 }])
    expect(of('hit/64K/different')).toEqual([a, b])
    expect(of('new/wrr/different')).toEqual([
      { cpu: 0, first: 5_000_000, flows: 100_000 },
      { cpu: 1, first: 5_100_000, flows: 100_000 },
    ])
  })

  it('gives the daemon every service, native mode and room for a round', () => {
    const config = parse(configOf('d0'))
    expect(config.interfaces).toEqual([{ name: 'd0', mode: 'native' }])
    expect(config.limits.connections).toBe(CONNECTIONS)
    expect(config.services.map((one: { vip: string }) => one.vip)).toEqual(
      SERVICES.map(({ port }) => `192.0.2.10:${port}`),
    )
    expect(config.services.map((one: { reals: unknown[] }) => one.reals.length)).toEqual([4, 4, 64])
    expect(new Set(REALS.map(({ mac }) => mac)).size).toBe(REALS.length)
  })
})

describe('words of bench-live', () => {
  it('have defaults', () => {
    const { only, ...rest } = wanted([])
    expect(rest).toEqual({ rounds: 25, packets: 65536, out: 'bench/results/live.json', json: false })
    expect(CASES.every(({ id }) => only.test(id))).toBe(true)
  })

  it('are taken', () => {
    const words = ['--rounds', '3', '--packets', '131072', '--only', '^new/', '--out', 'x.json', '--json']
    expect(wanted(words)).toEqual({ rounds: 3, packets: 131072, only: /^new\//, out: 'x.json', json: true })
  })

  it.each([
    [['--rounds', '2'], '--rounds 2: a whole number from 3 to 100'],
    [['--rounds', 'many'], '--rounds many: a whole number'],
    [['--packets', '65537'], `--packets 65537: a multiple of ${BATCH} from 65536`],
    [['--packets', '64'], '--packets 64: a multiple'],
    [['--packets', `${CONNECTIONS}`], 'would crowd the table'],
    [['--only', 'hti'], '--only hti: no case has such an id; they are hit/1/one '],
    [['--only', '('], '--only: Invalid regular expression'],
    [['--fast'], "Unknown option '--fast'"],
    [['hit'], 'Unexpected argument'],
  ])('are refused in a sentence: %j', (words, sentence) => {
    expect(() => wanted(words)).toThrow(sentence)
  })

  it.each([
    ['0-1', [0, 1]],
    ['0', [0]],
    ['3,8-11', [3, 8]],
    ['2-7', [2, 3]],
    ['255-300', [255]],
  ])('CPUs %s are %j', (list, cpus) => {
    expect(chosenCpus(`Name:\tnode\nCpus_allowed_list:\t${list}\nMems_allowed:\t1\n`)).toEqual(cpus)
  })
})

describe('figures of bench-live', () => {
  const cases = CASES.filter(({ id }) => id.startsWith('hit/1/'))
  const rows = rowsOf(cases, play(cases, { xlvs: 50, swap: 10, line: 30 }))
  const rowAt = (id: string) => rows.find((row) => row.id === id)

  it('are medians of the time a packet takes one CPU, and packets per second of all', () => {
    expect(rowAt('hit/1/one')?.cells.xlvs).toMatchObject({ median: 351, min: 350, rounds: 5 })
    expect(rowAt('hit/1/one')?.packetsPerSecond.xlvs).toBeCloseTo(1e9 / 351)
    expect(rowAt('hit/1/same')?.packetsPerSecond.xlvs).toBeCloseTo(2e9 / 401)
  })

  it('compare xlvs with the limit of the rig, beyond what arriving takes', () => {
    expect(rowAt('hit/1/one')?.ratio?.ratio).toBeCloseTo(150 / 100)
  })

  it('say how two CPUs scale, and what of it is xlvs’s own', () => {
    const row = rowAt('hit/1/different')
    expect(row?.scaling.xlvs?.ratio).toBeCloseTo((2 * 351) / 401)
    expect(row?.scaling.swap?.ratio).toBeCloseTo((2 * 301) / 311)
    expect(row?.contention.xlvs?.ns).toBeCloseTo(50 - 10)
    expect(Object.keys(row?.contention ?? {})).toEqual(['xlvs'])
    expect(rowAt('hit/1/one')).toMatchObject({ cpus: 1, scaling: {}, contention: {} })
  })

  it('leave out comparisons with what was not measured', () => {
    const [alone] = rowsOf([caseOf('hit/1/same')], play([caseOf('hit/1/same')]))
    expect(alone?.cells.xlvs).toBeDefined()
    expect(alone?.scaling).toEqual({})
    expect(alone?.contention).toEqual({})
  })

  it('do not count time for which others had the CPU', () => {
    const waited = work(0, 300, { until: 1000 + 400 * SENT, waited: 100 * SENT })
    expect(keep([1, 2, 3].map(() => measured('hit/1/one', 'swap', [waited]))).kept).toEqual([300, 300, 300])
  })

  it('judge the target for known flows that are different', () => {
    const lines = answers(rows)
    expect(lines).toHaveLength(3)
    expect(lines[0]).toMatch(
      /^two CPUs, 1 flow, the same: xlvs 1\.75 × one, the rig 1\.94, .* 90 % of what there is$/,
    )
    expect(lines[1]).toMatch(/^two CPUs, 1 flow each: xlvs 1\.75 × .*; target 1\.8: missed$/)
    expect(lines[2]).toBe('a cache line that two CPUs write for every packet: 20 ± 2 ns a packet each')
    expect(answers(rowsOf(cases, play(cases)))[1]).toMatch(/xlvs 2\.00 × .*; target 1\.8: met$/)
  })

  it('are shown side by side, with notes and faults', () => {
    const lines = toText(report(rows)).split('\n')
    expect(lines[3]).toMatch(/^1 flow +1 +201 ± 1 +301 ± 1 +311 ± 1 +351 ± 1 +3\.32 +2\.85 +1\.50 ± 0\.03$/)
    expect(lines.slice(-2)).toEqual(['a note', 'not to be relied on: a fault'])
    expect(JSON.parse(toJson(report(rows))).rows).toHaveLength(3)
  })
})

describe('rounds of bench-live are thrown away', () => {
  const both = (a: Partial<Work>, b: Partial<Work>) =>
    measured('hit/1/same', 'swap', [work(0, 300, a), work(1, 300, b)])

  it('when two CPUs were not at work together', () => {
    const late = { start: 1000 + 60 * SENT }
    expect(togetherOf(both({}, late).work)).toBeCloseTo(0.8)
    expect(togetherOf(both({ waited: 30 * SENT }, {}).work)).toBeCloseTo(0.9)
    expect(keep([both({}, {}), both({}, late)]).thrown.apart).toBe(1)
    expect(keep([both({ sent: 0, ended: 0, start: 0, until: 0 }, {})]).thrown.apart).toBe(1)
  })

  it('when the kernel left much to ksoftirqd, whose waiting is not known', () => {
    expect(keep([both({ deferred: 10 }, {}), both({ deferred: 11 }, {})])).toMatchObject({
      kept: [300],
      thrown: { deferred: 1 },
    })
  })

  it('when the hypervisor took the machine, or one is much slower than the quickest', () => {
    const slow = measured('hit/1/one', 'swap', [work(0, 500)])
    const stolen = measured('hit/1/one', 'swap', [work(0, 300)], 20)
    const good = measured('hit/1/one', 'swap', [work(0, 300)])
    expect(keep([good, slow, stolen]).thrown).toEqual({ slow: 1, stolen: 1, deferred: 0, apart: 0 })
  })

  it('and a case with too few that are left is named, with what disturbed it', () => {
    const each = caseOf('hit/1/one')
    const rounds = [1, 2, 3].flatMap(() =>
      directorsOf(each).map((director) =>
        measured(each.id, director, [work(0, 300)], director === 'swap' ? 20 : 0),
      ),
    )
    expect(gapsOf([each], rounds)).toEqual([
      'hit/1/one, swap: 0 undisturbed rounds of 3 (3 stolen); run again when the machine is idle',
    ])
    expect(rowsOf([each], rounds)[0]?.cells.swap).toBeUndefined()
  })
})

describe('bench-live refuses', () => {
  const fault = (director: Director, a: Partial<Work>, b: Partial<Work> = {}, id = 'hit/1/same') =>
    faultOf(measured(id, director, [work(0, 300, a), work(1, 300, b)]))

  it('nothing that is whole', () => {
    expect(fault('swap', {})).toBeUndefined()
    expect(fault('xlvs', { counted: SENT }, { counted: SENT })).toBeUndefined()
  })

  it('a director that forwards one frame fewer than it was sent', () => {
    expect(fault('xlvs', {}, { ended: SENT - 1 })).toBe(
      'xlvs, hit/1/same: of 64000 frames sent on CPU 1 63999 came to their end there, and none may be lost: a lost frame is cheap, so the figures would lie',
    )
  })

  it('CPUs that do not each forward what they send', () => {
    expect(fault('swap', { ended: SENT + 64 }, { ended: SENT - 64 })).toMatch(
      /^swap, hit\/1\/same: of 64000 frames sent on CPU 0 64064 ended there and the rest on another/,
    )
    expect(fault('swap', { ended: 2 * SENT }, { ended: 0 })).toMatch(/say nothing about two$/)
  })

  it('work that xlvs does not count as what the case is about', () => {
    expect(fault('xlvs', { counted: SENT - 64 }, {})).toBeUndefined()
    expect(fault('xlvs', { counted: SENT - 65 }, {})).toMatch(
      /counted 63935 there as of a known flow: it did other/,
    )
    expect(fault('xlvs', {}, { counted: 0 }, 'new/wrr/different')).toMatch(
      /counted 0 there as the first of a flow/,
    )
  })
})
