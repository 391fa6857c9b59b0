// SPDX-License-Identifier: Apache-2.0
// `make bench-control`: what the control plane costs, asked of the real daemon in a namespace of its own: reloads and
// restarts while packets come, large tables, memory, idling, a command's cold start.
import { machineOf } from '../machine.js'
import { checkFile, writeFile } from '../out.js'
import { nameOf, reloads, SHAPES } from './reload.js'
import { type Report, toText } from './report.js'
import { largeTable, restarts } from './restart.js'
import { coldStarts, idle, kernelMemory } from './resting.js'
import type { Row } from './rows.js'
import { openStage, type Stage } from './stage.js'
import { failed, judge } from './targets.js'
import { usage, type Wanted, wanted } from './words.js'

interface Part {
  readonly id: string
  readonly run: (stage: Stage) => Promise<readonly Row[]>
}

const PARTS: readonly Part[] = [
  ...SHAPES.map((shape) => ({
    id: `reload/${nameOf(shape)}`,
    run: (stage: Stage) => reloads(stage, shape),
  })),
  { id: 'restart/1M', run: restarts },
  { id: 'table/10M', run: largeTable },
  { id: 'memory', run: kernelMemory },
  { id: 'idle', run: idle },
  { id: 'cli', run: coldStarts },
]
const IDS = PARTS.map(({ id }) => id)

function wish(args: readonly string[]): Wanted {
  try {
    const how = wanted(args, IDS)
    checkFile(how.out)
    return how
  } catch (error) {
    console.error(`bench-control: ${(error as Error).message}\n${usage(IDS)}`)
    return process.exit(2)
  }
}

async function measured({ only }: Wanted): Promise<readonly Row[]> {
  const tell = (text: string) => process.stderr.isTTY && process.stderr.write(`\r\x1b[K${text}`)
  const stage = await openStage()
  const rows: Row[] = []
  try {
    for (const { id, run } of PARTS.filter((part) => only.test(part.id))) {
      tell(id)
      rows.push(...(await run(stage)))
    }
    return rows
  } finally {
    tell('')
    await stage.close()
  }
}

async function main(args: readonly string[]): Promise<number> {
  const how = wish(args)
  const rows = await measured(how)
  const report: Report = {
    version: 1,
    header: machineOf(args, new Date()),
    rows,
    targets: judge(rows),
  }
  const json = `${JSON.stringify(report, undefined, 2)}\n`
  writeFile(how.out, json)
  console.log(how.json ? json : `${toText(report)}\n\n${how.out}`)
  return failed(report.targets) ? 1 : 0
}

process.exitCode = await main(process.argv.slice(2))
