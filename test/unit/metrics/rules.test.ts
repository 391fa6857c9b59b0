// SPDX-License-Identifier: Apache-2.0
// The alert rules that are shipped: promtool judges them, and each is tried when all is well and when it is not.
import { spawnSync } from 'node:child_process'
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { describe, expect, it } from 'vitest'
import { parse, stringify } from 'yaml'
import { FAMILIES } from '../../../src/metrics/page.js'
import { controlMetrics } from '../../../src/metrics/process.js'
import { metricsIn } from './queries.js'

const FOLDER = 'deploy/prometheus'

interface Rule {
  readonly alert?: string
  readonly record?: string
  readonly expr: string
  readonly labels?: { readonly severity?: string }
  readonly annotations?: Readonly<Record<string, string>>
}
interface Trial {
  readonly alert_rule_test: readonly { readonly alertname: string; readonly exp_alerts: readonly unknown[] }[]
}

const read = (file: string) => parse(readFileSync(join(FOLDER, file), 'utf8'))
const rules = (read('xlvs.rules.yml').groups as readonly { readonly rules: readonly Rule[] }[]).flatMap(
  (group) => group.rules,
)
const alerts = rules.filter((rule) => rule.alert !== undefined)
const trials = (read('xlvs.rules.test.yml').tests as readonly Trial[]).flatMap((one) => one.alert_rule_test)

function promtool(folder: string, ...words: readonly string[]) {
  const run = spawnSync('promtool', words, { cwd: folder, encoding: 'utf8', timeout: 60_000 })
  return { status: run.status, said: run.stdout + run.stderr }
}

describe('the alert rules', () => {
  it('are right in the eyes of promtool', () => {
    expect(promtool(FOLDER, 'check', 'rules', 'xlvs.rules.yml')).toMatchObject({ status: 0 })
  })

  it('do what their tests say', () => {
    expect(promtool(FOLDER, 'test', 'rules', 'xlvs.rules.test.yml')).toMatchObject({ status: 0 })
  })

  it('are judged by tests that fail when a rule is another', () => {
    const folder = mkdtempSync(join(tmpdir(), 'xlvs-rules-'))
    try {
      const given = readFileSync(join(FOLDER, 'xlvs.rules.yml'), 'utf8')
      const other = given.replace('xlvs_service_quorum == 0', 'xlvs_service_quorum == 2')
      writeFileSync(join(folder, 'xlvs.rules.yml'), other)
      const file = read('xlvs.rules.test.yml') as { readonly tests: readonly { readonly name: string }[] }
      const tests = file.tests.filter(({ name }) => name.includes('quorum'))
      writeFileSync(join(folder, 'xlvs.rules.test.yml'), stringify({ ...file, tests }))
      const { status, said } = promtool(folder, 'test', 'rules', 'xlvs.rules.test.yml')
      expect(status).not.toBe(0)
      expect(said).toContain('XlvsQuorumLost')
    } finally {
      rmSync(folder, { recursive: true })
    }
  })

  it('are each tried when they speak and when they are silent', () => {
    expect(alerts.length).toBeGreaterThan(10)
    for (const { alert } of alerts) {
      const mine = trials.filter(({ alertname }) => alertname === alert)
      expect(
        mine.some(({ exp_alerts }) => exp_alerts.length === 0),
        `${alert} is silent`,
      ).toBe(true)
      expect(
        mine.some(({ exp_alerts }) => exp_alerts.length > 0),
        `${alert} speaks`,
      ).toBe(true)
    }
  })

  it('say how bad it is, what it is, what follows from it and where to go on', () => {
    for (const { alert, labels, annotations } of alerts) {
      expect(['critical', 'warning', 'info'], alert).toContain(labels?.severity)
      expect(Object.keys(annotations ?? {}).sort(), alert).toEqual(['description', 'runbook', 'summary'])
    }
  })

  it('have each a row in the document, with its severity', () => {
    const rows = [...readFileSync('docs/METRICS.md', 'utf8').matchAll(/^\| `(Xlvs\w+)` +\| (\w+) /gm)]
    expect(rows.map(([, alert, severity]) => [alert, severity])).toEqual(
      alerts.map(({ alert, labels }) => [alert, labels?.severity]),
    )
  })

  it('ask for metrics that are there', async () => {
    const control = [...(await controlMetrics('0').text()).matchAll(/^# TYPE (\S+)/gm)].map(
      (match) => match[1],
    )
    const known = new Set([...FAMILIES.map(({ name }) => name), ...control, 'up'])
    const recorded = new Set(rules.flatMap(({ record }) => record ?? []))
    for (const { expr } of rules)
      for (const name of metricsIn(expr))
        expect(known.has(name) || recorded.has(name), `${name} in ${expr}`).toBe(true)
  })
})
