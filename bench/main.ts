// SPDX-License-Identifier: Apache-2.0
// `make bench`, `make bench-full`: ns per packet of the datapath beside a floor and a control, interleaved in one run. Ratios are
// the result, nanoseconds only their raw material.
import { mkdirSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { parseArgs } from 'node:util'
import { BUNDLES } from './cases.js'
import type { Plan } from './harness.js'
import { openHolders } from './holders.js'
import { keepOneCpu, machineOf } from './machine.js'
import { costOfReasons } from './reasons.js'
import { toJson } from './report/json.js'
import { toMarkdown } from './report/markdown.js'
import { toSvg } from './report/svg.js'
import { toText } from './report/text.js'
import { faultsOf, type Row, report } from './results.js'
import { type Chosen, runBundle } from './run.js'

const QUICK: Plan = { loads: 6, mostLoads: 12, rounds: 30, bound: 90, sliceMs: 0.4 }
const THOROUGH: Plan = { loads: 12, mostLoads: 24, rounds: 40, bound: 120, sliceMs: 0.4 }
/** With fewer there is no interval that holds the median 95 times of 100. */
const FEWEST_LOADS = 6

const USAGE = `main.js [--full] [--json] [--only REGEX] [--out DIRECTORY] [--loads N]
  --full   4M and 10M flows, what each reason costs, twice the loads
  --only   cases whose id matches, as hit/v4/tcp/1 or scheduler/wrr/100
  --json   the figures on standard output as JSON
  --out    where DATE-COMMIT.json, .md and .svg go; bench/results
  --loads  how often programs are loaded and all cases measured, at least ${FEWEST_LOADS}`

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
    const options = { full: flag, json: flag, only: text, out: text, loads: text }
    const { values } = parseArgs({ args: [...args], options })
    const plan = values.full ? THOROUGH : QUICK
    const loads = Number(values.loads ?? plan.loads)
    if (!Number.isInteger(loads) || loads < FEWEST_LOADS || loads > 100)
      refuse(`--loads ${values.loads}: a whole number from ${FEWEST_LOADS} to 100`)
    return {
      full: values.full,
      json: values.json,
      only: new RegExp(values.only ?? ''),
      out: values.out ?? 'bench/results',
      plan: { ...plan, loads, mostLoads: 2 * loads },
    }
  } catch (error) {
    return refuse((error as Error).message)
  }
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

async function measured(flags: Flags, bundles: readonly (readonly Chosen[])[]): Promise<readonly Row[]> {
  const tell = (text: string) => process.stderr.isTTY && process.stderr.write(`\r\x1b[K${text}`)
  const withReasons = flags.full || flags.only.source.includes('reason')
  const rows: Row[] = []
  const holders = openHolders()
  try {
    keepOneCpu()
    for (const bundle of bundles) rows.push(...(await runBundle(bundle, flags.plan, holders, tell)))
    if (withReasons) rows.push(...(await costOfReasons(flags.plan, flags.only, holders)))
  } finally {
    holders.close()
  }
  return rows
}

async function main(args: readonly string[]): Promise<number> {
  const flags = flagsOf(args)
  const bundles = chosen(flags)
  const rows = await measured(flags, bundles)
  if (rows.length === 0) refuse(`--only ${flags.only.source}: no case has such an id`)
  const cases = bundles.flat().flatMap((each) => each.cases)
  const result = report(machineOf(args, new Date()), rows, faultsOf(cases, rows))
  const written = write(flags.out, result)
  console.log(flags.json ? toJson(result) : `${toText(result)}\n\n${written.join(' ')}`)
  return result.faults.length > 0 ? 1 : 0
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
