// SPDX-License-Identifier: Apache-2.0
// What `make bench` says: targets judged by figures, a table, curves that any reader of SVG can read.
import { describe, expect, it } from 'vitest'
import { BUNDLES } from '../../bench/cases.js'
import type { Machine } from '../../bench/machine.js'
import { toJson } from '../../bench/report/json.js'
import { toMarkdown } from '../../bench/report/markdown.js'
import { decadeBelow, ticksBetween } from '../../bench/report/plot.js'
import { toSvg } from '../../bench/report/svg.js'
import { toText } from '../../bench/report/text.js'
import { type Cell, faultsOf, type Row, report, rowOf } from '../../bench/results.js'
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

function cell(median: number, changes: Partial<Cell> = {}): Cell {
  return { min: median - 1, median, spread: 2, rounds: 11, thrown: 0, packets: 1000, wrong: 0, ...changes }
}

function row(id: string, cells: Row['cells']): Row {
  return { id, title: `title of ${id}`, group: 'a group', cells }
}

const CURVES = [1, 10, 100].flatMap((factor, i) => {
  const flows = ['1', '1K', '64K'][i]
  return [4, 6].map((family) =>
    row(`hit/v${family}/tcp/${flows}`, {
      xlvs: cell(20 * factor),
      floor: cell(10 * factor),
      control: cell(40 * factor),
    }),
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

  it.each([
    [25, 'met', true],
    [15, 'met', false],
    [40, 'missed', false],
  ] as const)('are judged by the figures alone: %i ns to 20', (ns, verdict, close) => {
    const [judged] = judgeTargets([row('hit/v4/tcp/1', { xlvs: cell(ns), floor: cell(20) })])
    expect(judged).toMatchObject({ id: 'hit/v4/tcp/1', value: ns / 20, limit: 1.3, verdict, close })
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

  it('become rows without the harness', () => {
    const [each] = cases
    if (!each) throw new Error('no cases')
    const figure = (id: string, kept: readonly number[], wrong = 0) => {
      const thrown = { slow: 1, preempted: 0, stolen: 0 }
      return [id, { id, packets: 100, total: 400, wrong, kept, thrown }] as const
    }
    const harness = figure(harnessId(each.work), [10, 10, 10])
    const figures = new Map([harness, figure(seriesId(each.id, 'xlvs'), [30, 31, 32], 100)])
    const made = rowOf(each, 'a group', figures)
    expect(made.cells.xlvs).toEqual({
      min: 20,
      median: 21,
      spread: 1,
      rounds: 3,
      thrown: 1,
      packets: 100,
      wrong: 0.25,
    })
    expect(faultsOf([each], [made])).toEqual([
      `${each.id}, xlvs: 25.0 % of the packets had another fate`,
      ...each.programs
        .filter((name) => name !== 'xlvs')
        .map(
          (name) =>
            `${each.id}, ${name}: fewer than three undisturbed rounds; run again when the machine is idle`,
        ),
    ])
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

  it('show figure, ratio and target of a row', () => {
    expect(toMarkdown(whole)).toContain(
      '| title of hit/v4/tcp/1 | 20.0 ± 2.0 (19.0) | 10.0 ± 2.0 (9.0) | 40.0 ± 2.0 (39.0) | 2.00 ± 0.45 × floor; 0.50 ± 0.06 × LRU_HASH | missed (at most 1.3 ×) |',
    )
    expect(toText(whole)).toMatch(/missed {2}hit, one flow: xlvs to floor +2\.00 ± 0\.45 × +at most 1\.3\n/)
  })

  it('say what was disturbed, and what is not to be relied on', () => {
    const rows = [row('miss', { xlvs: cell(20, { thrown: 4, wrong: 0.5 }) })]
    const text = toMarkdown(report(MACHINE, rows, ['miss, xlvs: half of it']))
    expect(text).toContain('xlvs: 4 of 15 rounds disturbed; xlvs: 50 % with another fate')
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
