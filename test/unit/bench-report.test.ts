// SPDX-License-Identifier: Apache-2.0
// What `make bench` says: targets judged by figures, a table, curves that any reader of SVG can read.
import { describe, expect, it } from 'vitest'
import { BUNDLES, heatOf } from '../../bench/cases.js'
import type { Series } from '../../bench/harness.js'
import type { Machine } from '../../bench/machine.js'
import { toJson } from '../../bench/report/json.js'
import { toMarkdown } from '../../bench/report/markdown.js'
import { decadeBelow, ticksBetween } from '../../bench/report/plot.js'
import { toSvg } from '../../bench/report/svg.js'
import { toText } from '../../bench/report/text.js'
import { type Cell, cellOf, faultsOf, type Row, report, rowOf } from '../../bench/results.js'
import { heatsOf } from '../../bench/run.js'
import { harnessId, seriesId } from '../../bench/series-names.js'
import { judgeTargets, TARGETS } from '../../bench/targets.js'

const MACHINE: Machine = {
  machine: 'A & B "rack"',
  cpu: '2 × <CPU>',
  caches: ['L1d 32K', 'L2 512K'],
  memoryMiB: 24_105,
  kernel: 'Linux 6.18 x64 #1 SMP',
  commit: '0123456789',
  flags: ['--only', 'hit'],
  date: '2026-11-21T10:00:00.000Z',
}
const cases = BUNDLES.flatMap(({ groups }) => groups.flatMap((group) => group.cases))

/** Six loads, the last of which differs by 2. */
function cell(ns: number, changes: Partial<Cell> = {}): Cell {
  const loads = [ns, ns, ns, ns, ns, ns + 2]
  return {
    ...cellOf({ id: '', loads, rounds: 60, thrown: 4, unquiet: 0, packets: 1000, wrong: 0 }),
    ...changes,
  }
}

function row(id: string, cells: Row['cells'], ratios: Row['ratios'] = []): Row {
  return { id, title: `title of ${id}`, group: 'a group', cells, ratios }
}

const CURVES = [1, 10, 100].flatMap((factor, i) => {
  const flows = ['1', '1K', '64K'][i]
  return [4, 6].map((family) =>
    row(
      `hit/v${family}/tcp/${flows}`,
      { xlvs: cell(20 * factor), floor: cell(10 * factor), control: cell(40 * factor) },
      [{ to: 'floor', value: 2, low: 1.83, high: 2 }],
    ),
  )
})

/** Tags open and close in order, attributes are quoted, `&` and `<` only as themselves. */
function malformed(svg: string): readonly string[] {
  const faults: string[] = []
  const open: string[] = []
  const rest = svg.replace(
    /<(\/?)([a-z]+)((?:\s+[A-Za-z-]+="[^"<&]*(?:&[a-z]+;[^"<&]*)*")*)\s*(\/?)>/g,
    (_, end, name, __, self) => {
      if (end !== '') {
        const last = open.pop()
        if (last !== name) faults.push(`</${name}> closes <${last}>`)
      } else if (self === '') open.push(name)
      return ''
    },
  )
  const left = /[<>]|&(?!(?:amp|lt|gt|quot);)/.exec(rest)
  if (left) faults.push(`at ${rest.slice(left.index, left.index + 30)}`)
  return [...faults, ...open.map((name) => `<${name}> stays open`)]
}

describe('targets', () => {
  it('are all about cases that exist', () => {
    const places = new Map(cases.map((each) => [each.id, each.programs as readonly string[]]))
    const asked: string[] = []
    for (const { figure } of TARGETS) {
      figure(([id, program]) => {
        if (!places.get(id)?.includes(program)) asked.push(`${id} ${program}`)
        return cell(1)
      })
    }
    expect(asked).toEqual([])
  })

  it('are between series of one heat, or their loads would not be the same', () => {
    const heats = new Map(cases.map((each) => [each.id, heatOf(each)]))
    for (const { figure, says } of TARGETS) {
      const met = new Set<string | undefined>()
      figure(([id]) => {
        met.add(heats.get(id))
        return cell(1)
      })
      expect([...met], says).toHaveLength(1)
    }
  })

  it.each([
    [20, 'met', false],
    [25.9, 'met', true],
    [28, 'missed', false],
  ] as const)('are judged load by load: %d ns to 20', (ns, verdict, close) => {
    const floor = cell(20, { loads: [20, 20, 20, 20, 20, 20] })
    const [judged] = judgeTargets([row('hit/v4/tcp/1', { xlvs: cell(ns), floor })])
    expect(judged).toMatchObject({ id: 'hit/v4/tcp/1', value: ns / 20, limit: 1.3, verdict, close })
  })

  it('are not moved by what both sides share', () => {
    const loads = [10, 12, 14, 16, 18, 20]
    const xlvs = cell(0, { loads: loads.map((ns) => 2 * ns) })
    const [judged] = judgeTargets([row('hit/v4/tcp/1', { xlvs, floor: cell(0, { loads }) })])
    expect(judged).toMatchObject({ value: 2, low: 2, high: 2 })
  })

  it('are met from above where they say at least', () => {
    const rows = (ns: number) => [row('hit/v4/tcp/1M', { xlvs: cell(100), control: cell(ns) })]
    expect(judgeTargets(rows(260))[0]?.verdict).toBe('met')
    expect(judgeTargets(rows(240))[0]?.verdict).toBe('missed')
  })

  it('say how much one more real server costs', () => {
    const rows = [10, 1000].map((count) => row(`scheduler/lc/${count}`, { xlvs: cell(300 + count) }))
    expect(judgeTargets(rows)[0]).toMatchObject({
      id: 'scheduler/lc/1000',
      value: 1,
      unit: 'ns',
      verdict: 'met',
    })
  })

  it('are silent without figures', () => {
    expect(judgeTargets([row('hit/v4/tcp/1', { xlvs: cell(20) })])).toEqual([])
  })
})

describe('cases', () => {
  it('have ids of their own', () => {
    expect(new Set(cases.map(({ id }) => id)).size).toBe(cases.length)
  })

  it('are compared within a heat', () => {
    const byId = new Map(cases.map((each) => [each.id, each]))
    for (const each of cases) {
      if (!each.beside) continue
      const [id, program] = each.beside.place
      const other = byId.get(id)
      expect(other && heatOf(other), each.id).toBe(heatOf(each))
      expect(other?.programs, each.id).toContain(program)
    }
  })

  it('run with one harness for each shape of frame of their heat', () => {
    const own = cases.filter(({ id }) => /^hit\/v.\/tcp\/1$/.test(id))
    const made = own.flatMap(({ id, programs, work }): Series[] =>
      programs.map((name) => ({ id: seriesId(id, name), harness: harnessId(work), run: () => 0 })),
    )
    const harnesses = own.map(({ work }): Series => ({ id: harnessId(work), run: () => 0 }))
    const [heat, ...others] = heatsOf(own, [...made, ...harnesses, ...harnesses])
    expect(others).toEqual([])
    expect(heat?.series.map(({ id }) => id)).toEqual([...harnesses, ...made].map(({ id }) => id))
  })

  it('become rows, with ratios load by load', () => {
    const [each] = cases
    if (!each) throw new Error('no cases')
    const figure = (name: 'xlvs' | 'floor', loads: readonly number[], wrong = 0) => {
      const id = seriesId(each.id, name)
      return [id, { id, loads, rounds: 9, thrown: 1, unquiet: 0, packets: 100, wrong }] as const
    }
    const figures = new Map([figure('xlvs', [30, 20, 10], 0.25), figure('floor', [10, 10, 10])])
    const made = rowOf(each, 'a group', figures)
    expect(made.cells.xlvs).toMatchObject({ value: 20, low: 10, high: 30, thrown: 1 })
    expect(made.ratios).toEqual([{ to: 'floor', value: 2, low: 1, high: 3 }])
    expect(faultsOf([each], [made])).toEqual([`${each.id}, xlvs: 25.0 % of the packets had another fate`])
    expect(faultsOf([{ ...each, lossy: true }], [made])).toEqual([])
  })

  it('have no ratio to what costs nothing measurable', () => {
    const [each] = cases
    if (!each) throw new Error('no cases')
    const figure = (name: 'xlvs' | 'floor', loads: readonly number[]) => {
      const id = seriesId(each.id, name)
      return [id, { id, loads, rounds: 9, thrown: 1, unquiet: 0, packets: 100, wrong: 0 }] as const
    }
    const figures = new Map([figure('xlvs', [30, 20]), figure('floor', [10, -1])])
    expect(rowOf(each, 'a group', figures).ratios).toEqual([])
  })
})

describe('the reports', () => {
  const whole = report(MACHINE, CURVES, [])

  it('name machine, kernel, commit and flags', () => {
    const text = toMarkdown(whole)
    for (const part of [MACHINE.machine, MACHINE.cpu, 'L2 512K', MACHINE.kernel, MACHINE.commit, '`--only`'])
      expect(text).toContain(part)
    expect(JSON.parse(toJson(whole)).header).toEqual(MACHINE)
  })

  it('show figures and ratios with their intervals, and the targets first', () => {
    const text = toMarkdown(whole)
    expect(text).toContain(
      '| title of hit/v4/tcp/1 | 20.0 [20.0–22.0] | 10.0 [10.0–12.0] | 40.0 [40.0–42.0] | 2.00 [1.83–2.00] × floor |',
    )
    expect(text).toContain(
      '| hit, one flow: xlvs to floor | at most 1.3 × | 2.00 [1.83–2.00] × | **missed** |',
    )
    expect(text.indexOf('## Targets')).toBeLessThan(text.indexOf('## A group'))
    expect(toText(whole)).toMatch(
      /missed {2}hit, one flow: xlvs to floor +2\.00 \[1\.83–2\.00\] × +at most 1\.3\n/,
    )
  })

  it('say what was disturbed, and what is not to be relied on', () => {
    const rows = [row('miss', { xlvs: cell(20, { unquiet: 4, wrong: 0.5 }) })]
    const text = toMarkdown(report(MACHINE, rows, ['miss, xlvs: half of it']))
    expect(text).toContain('4 of 6 loads never undisturbed; xlvs: 50 % with another fate')
    expect(text).toContain('**Not to be relied on:**\n\n- miss, xlvs: half of it')
  })

  it('draw a curve per program and family, well formed, for light and dark', () => {
    const svg = toSvg(whole)
    expect(malformed(svg)).toEqual([])
    expect(svg.match(/class="line /g)).toHaveLength(6)
    expect(svg).toContain('prefers-color-scheme: dark')
    expect(svg).toContain('2 × &lt;CPU&gt;')
    expect(svg).not.toMatch(/NaN|Infinity|undefined/)
  })

  it('draw nothing where nothing makes a curve', () => {
    expect(toSvg(report(MACHINE, CURVES.slice(0, 2), []))).toBe('')
  })

  it('find a drawing that is not well formed', () => {
    expect(malformed('<g><text x="1">a & b</text></g>')).toHaveLength(1)
    expect(malformed('<g><text></g></text>')).not.toEqual([])
    expect(malformed('<g>')).toEqual(['<g> stays open'])
  })

  it('rule their axes at 1, 2 and 5 of each decade', () => {
    expect(ticksBetween(15, 200)).toEqual([20, 50, 100, 200])
    expect([7, 23, 100].map(decadeBelow)).toEqual([5, 20, 100])
  })
})
