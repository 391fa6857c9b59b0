// SPDX-License-Identifier: Apache-2.0
// `make bench`, `make bench-full`: ns per packet of the datapath beside a floor and a control, interleaved in one run. Ratios are
// the result, nanoseconds only their raw material.
import { mkdirSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { parseArgs } from 'node:util'
import { jiffyNs } from 'libbpf-ts'
import { BUNDLES, type Case, type Group } from './cases.js'
import { type Figure, measure, type Plan } from './harness.js'
import { machineOf, timed } from './machine.js'
import { costOfReasons } from './reasons.js'
import { toJson } from './report/json.js'
import { toMarkdown } from './report/markdown.js'
import { toSvg } from './report/svg.js'
import { toText } from './report/text.js'
import { faultsOf, type Row, report, rowOf } from './results.js'
import { openStage, type Stage } from './stage.js'

const QUICK: Plan = { rounds: 11, bound: 33, roundMs: 20 }
const THOROUGH: Plan = { rounds: 31, bound: 93, roundMs: 20 }

const USAGE = `main.js [--full] [--json] [--only REGEX] [--out DIRECTORY] [--rounds N]
  --full    4M and 10M flows, what each reason costs, three times the rounds
  --only    cases whose id matches, as hit/v4/tcp/1 or scheduler/wrr/100
  --json    the figures on standard output as JSON
  --out     where DATE-COMMIT.json, .md and .svg go; bench/results
  --rounds  undisturbed rounds of each case`

interface Flags {
  readonly full: boolean
  readonly json: boolean
  readonly only: RegExp
  readonly out: string
  readonly plan: Plan
}

function refuse(reason: string): never {
  console.error(`bench: ${reason}\n${USAGE}`)
  process.exit(2)
}

function flagsOf(args: readonly string[]): Flags {
  const text = { type: 'string' } as const
  const flag = { type: 'boolean', default: false } as const
  try {
    const options = { full: flag, json: flag, only: text, out: text, rounds: text }
    const { values } = parseArgs({ args: [...args], options })
    const plan = values.full ? THOROUGH : QUICK
    const rounds = Number(values.rounds ?? plan.rounds)
    if (!Number.isInteger(rounds) || rounds < 3 || rounds > 1000)
      refuse(`--rounds ${values.rounds}: a whole number from 3 to 1000`)
    return {
      full: values.full,
      json: values.json,
      only: new RegExp(values.only ?? ''),
      out: values.out ?? 'bench/results',
      plan: { ...plan, rounds, bound: 3 * rounds },
    }
  } catch (error) {
    return refuse((error as Error).message)
  }
}

interface Chosen {
  readonly group: Group
  readonly cases: readonly Case[]
}

function chosen({ full, only }: Flags): readonly (readonly Chosen[])[] {
  return BUNDLES.filter((bundle) => full || !bundle.full)
    .map(({ groups }) =>
      groups
        .map((group) => ({ group, cases: group.cases.filter(({ id }) => only.test(id)) }))
        .filter(({ cases }) => cases.length > 0),
    )
    .filter((bundle) => bundle.length > 0)
}

async function run(bundle: readonly Chosen[], plan: Plan): Promise<readonly Row[]> {
  const stages: Stage[] = []
  const title = bundle.map(({ group }) => group.name).join('; ')
  const tell = (text: string) => process.stderr.isTTY && process.stderr.write(`\r\x1b[K${title}: ${text}`)
  try {
    for (const { group, cases } of bundle) {
      tell('flows are made known')
      stages.push(await openStage(group, cases, jiffyNs()))
    }
    // Stages of one bundle have the same harness; one is enough.
    const series = new Map(stages.flatMap((stage) => stage.series).map((one) => [one.id, one]))
    const figures = measure([...series.values()], plan, timed, (pass) => tell(`round ${pass}`))
    const byId = new Map<string, Figure>(figures.map((figure) => [figure.id, figure]))
    return bundle.flatMap(({ group, cases }) => cases.map((each) => rowOf(each, group.name, byId)))
  } finally {
    tell('')
    for (const stage of stages) await stage.close()
  }
}

async function main(args: readonly string[]): Promise<number> {
  const flags = flagsOf(args)
  const bundles = chosen(flags)
  const withReasons = flags.full || flags.only.source.includes('reason')
  const rows: Row[] = []
  for (const bundle of bundles) rows.push(...(await run(bundle, flags.plan)))
  if (withReasons) rows.push(...(await costOfReasons(flags.plan, flags.only)))
  if (rows.length === 0) refuse(`--only ${flags.only.source}: no case has such an id`)
  const faults = faultsOf(
    bundles.flat().flatMap(({ cases }) => cases),
    rows,
  )
  const result = report(machineOf(args, new Date()), rows, faults)
  const written = write(flags.out, result)
  console.log(flags.json ? toJson(result) : `${toText(result)}\n\n${written.join(' ')}`)
  return faults.length > 0 ? 1 : 0
}

function write(folder: string, result: Parameters<typeof toJson>[0]): readonly string[] {
  const { date, commit } = result.header
  const name = `${date.slice(0, 19).replaceAll(':', '')}-${commit}`
  mkdirSync(folder, { recursive: true })
  const texts = { json: toJson(result), md: toMarkdown(result), svg: toSvg(result) }
  return Object.entries(texts).flatMap(([kind, text]) => {
    if (text === '') return []
    const path = join(folder, `${name}.${kind}`)
    writeFileSync(path, text)
    return [path]
  })
}

process.exitCode = await main(process.argv.slice(2))
