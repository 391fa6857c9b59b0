// SPDX-License-Identifier: Apache-2.0
// `make bench-table`: how the connection table fills. The real program over real maps, beside one in memory; JSON and a curve into
// bench/results. Exits with 1 when a flow is torn from its real server; a missed target is a result.
import { mkdirSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { parseArgs } from 'node:util'
import { machineOf } from '../machine.js'
import { openDirector } from './director.js'
import { CROWDS, type Crowd, RANDOM } from './keys.js'
import { beside, fill, LOADS, turnOver } from './measure.js'
import { answerOf, type OtherRule, type Series, type TableReport, toSvg, toText } from './report.js'
import { type Found, filled, OTHER_RULES, ROOM_H, turnedOver } from './simulate.js'

const USAGE = `run.js [--quick] [--json] [--out DIRECTORY]
  --quick  one table of 64K connections in place of 1M and 4M
  --json   the figures on standard output as JSON
  --out    where table.json and table.svg go; bench/results`

const STEADY_LOADS = [50, 60, 66, 70, 72, 75, 80, 85, 90] as const
const RULE_LOADS = [50, 66, 75] as const
const RULE_SETS = 2 ** 16

interface Plan {
  readonly kind: Series['kind']
  readonly crowd: Crowd
  readonly family: 4 | 6
  readonly connections: number
}

function plansOf(quick: boolean): readonly Plan[] {
  const [small, large] = quick ? [2 ** 16, undefined] : [2 ** 20, 2 ** 22]
  const families = [4, 6] as const
  const filled = { kind: 'filled' } as const
  return [
    ...CROWDS.flatMap((crowd) =>
      families.map((family) => ({ ...filled, crowd, family, connections: small })),
    ),
    ...(large === undefined
      ? []
      : families.map((family) => ({ ...filled, crowd: RANDOM, family, connections: large }))),
    ...families.map((family) => {
      const connections = Math.min(small, 2 ** 18)
      return { kind: 'turned over', crowd: RANDOM, family, connections } as const
    }),
  ]
}

type Computed = Readonly<Record<Series['kind'], readonly Found[]>>

/** As large as the real tables, so that as few are counted by chance. */
function computedFor(quick: boolean): Computed {
  const [filling, steady] = quick ? [2 ** 16, 2 ** 16] : [2 ** 20, 2 ** 18]
  return {
    filled: filled(ROOM_H, filling, LOADS),
    'turned over': STEADY_LOADS.map((load) => turnedOver(ROOM_H, steady, load)),
  }
}

async function seriesOf(plan: Plan, computed: Computed): Promise<Series> {
  const { kind, crowd, family, connections } = plan
  const director = await openDirector(connections, family, crowd)
  try {
    const measured = kind === 'filled' ? fill(director) : STEADY_LOADS.map((load) => turnOver(director, load))
    const points = beside(measured, computed[kind])
    return { name: nameOf(plan), family, crowd: crowd.name, connections, ways: director.ways, kind, points }
  } finally {
    await director.close()
  }
}

function nameOf({ kind, crowd, family, connections }: Plan): string {
  const size = connections >= 2 ** 20 ? `${connections / 2 ** 20}M` : `${connections / 2 ** 10}K`
  return `${kind}, IPv${family}, ${size}${crowd === RANDOM ? '' : `, ${crowd.name}`}`
}

function otherRules(): readonly OtherRule[] {
  return [ROOM_H, ...OTHER_RULES].map((rule) => {
    const sets = (RULE_SETS * ROOM_H.ways) / rule.ways
    const lost = filled(rule, sets, RULE_LOADS).map(({ load, lost }) => {
      return { load, filled: lost, turnedOver: turnedOver(rule, sets, load).lost }
    })
    return { name: rule.name, lost }
  })
}

function flagsOf(args: readonly string[]) {
  const flag = { type: 'boolean', default: false } as const
  const options = { quick: flag, json: flag, out: { type: 'string', default: 'bench/results' } } as const
  try {
    return parseArgs({ args: [...args], options }).values
  } catch (error) {
    console.error(`bench-table: ${(error as Error).message}\n${USAGE}`)
    process.exit(2)
  }
}

async function main(args: readonly string[]): Promise<number> {
  const { quick, json, out } = flagsOf(args)
  const computed = computedFor(quick)
  const series: Series[] = []
  for (const plan of plansOf(quick)) {
    if (process.stderr.isTTY) process.stderr.write(`\r\x1b[K${nameOf(plan)}`)
    series.push(await seriesOf(plan, computed))
  }
  if (process.stderr.isTTY) process.stderr.write('\r\x1b[K')
  const header = machineOf(args, new Date())
  const answer = answerOf(series)
  const report: TableReport = { version: 1, header, series, rules: otherRules(), answer }
  mkdirSync(out, { recursive: true })
  writeFileSync(join(out, 'table.json'), `${JSON.stringify(report, undefined, 2)}\n`)
  writeFileSync(join(out, 'table.svg'), toSvg(report))
  console.log(json ? JSON.stringify(report) : `${toText(report).trimStart()}\n\n${join(out, 'table.json')}`)
  return answer.evicted > 0 || answer.strayed > 0 ? 1 : 0
}

process.exitCode = await main(process.argv.slice(2))
