// SPDX-License-Identifier: Apache-2.0
// The dashboard that is shipped: whole, of one piece, bound to nobody's Grafana. Its queries are asked in test/e2e.
import { describe, expect, it } from 'vitest'
import { FAMILIES } from '../../../src/metrics/page.js'
import { controlMetrics } from '../../../src/metrics/process.js'
import { board, boardText, type Panel, queries, variableQueries } from './board.js'
import { metricsIn } from './queries.js'

const { panels } = board
const charts = panels.filter(({ type }) => type !== 'row')
const twice = (items: readonly unknown[]) => items.filter((item, i) => items.indexOf(item) !== i)

describe('the dashboard', () => {
  it('has panels with numbers and titles of their own, each with what it shows', () => {
    expect(charts.length).toBeGreaterThan(30)
    expect(twice(panels.map(({ id }) => id))).toEqual([])
    for (const { title, description, type, targets } of charts) {
      expect(description, title).toMatch(/\S.*\.$/)
      expect(['stat', 'timeseries', 'table', 'heatmap'], title).toContain(type)
      expect(targets?.length, title).toBeGreaterThan(0)
      expect(twice((targets ?? []).map(({ refId }) => refId)), title).toEqual([])
    }
    expect(twice(panels.filter(({ type }) => type === 'row').map(({ title }) => title))).toEqual([])
  })

  it('asks the Prometheus that is chosen, and no other', () => {
    const chosen = { type: 'prometheus', uid: expect.stringMatching(/^\$\{datasource\}$/) }
    for (const { title, datasource, targets } of charts)
      for (const source of [datasource, ...(targets ?? []).map((one) => one.datasource)])
        expect(source, title).toEqual(chosen)
    expect(board.templating.list[0]).toMatchObject({ name: 'datasource', type: 'datasource' })
    expect(variableQueries.map(({ name }) => name)).toEqual(['instance', 'vip'])
  })

  it('uses the variables it has, and Grafana’s own', () => {
    const known = ['datasource', 'instance', 'vip', '__rate_interval']
    const used = [...boardText.matchAll(/\$\{?(\w+)/g)].map((match) => match[1] as string)
    expect([...new Set(used)].filter((name) => !known.includes(name))).toEqual([])
  })

  it('has no panel on top of another or beyond the edge', () => {
    const cells = (panel: Panel) => {
      const { x, y, w, h } = panel.gridPos
      expect(x + w, panel.title).toBeLessThanOrEqual(24)
      return Array.from({ length: w * h }, (_, i) => `${x + (i % w)}:${y + Math.floor(i / w)}`)
    }
    expect(twice(panels.flatMap(cells))).toEqual([])
  })

  it('is bound to nobody’s Grafana', () => {
    expect(Object.keys(board)).not.toContain('id')
    expect(boardText).not.toMatch(/__inputs|__requires|localhost|\d+\.\d+\.\d+\.\d+|"current": \{[^}]/)
  })

  it('asks for metrics that are there, and shows every family of services and real servers', async () => {
    const control = [...(await controlMetrics('0').text()).matchAll(/^# TYPE (\S+)/gm)].map(
      (match) => match[1],
    )
    const asked = new Set(queries.flatMap(({ expr }) => metricsIn(expr)))
    const known = new Set([...FAMILIES.map(({ name }) => name), ...control])
    expect([...asked].filter((name) => !known.has(name))).toEqual([])
    const left = FAMILIES.map(({ name }) => name).filter((name) => !asked.has(name))
    expect([...new Set(left)].sort()).toEqual([
      'xlvs_interface_info',
      'xlvs_real_lower_threshold',
      'xlvs_real_upper_threshold',
      'xlvs_service_answers_total',
    ])
  })
})
