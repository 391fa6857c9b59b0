// SPDX-License-Identifier: Apache-2.0
// `make bench-check`: counts again and compares with bench/baseline.json. Exits 1 when something is worse. `--take` writes the
// baseline, and the result it is of.
import { existsSync, readFileSync, writeFileSync } from 'node:fs'
import { parseArgs } from 'node:util'
import { baselineOf, parseBaseline } from './baseline.js'
import { compare, isWorse, tell } from './compare.js'
import { measure } from './measure.js'
import { tableOf } from './table.js'

const BASELINE = 'bench/baseline.json'
const RESULT = 'bench/results/instructions.json'

function write(path: string, value: unknown): void {
  writeFileSync(path, `${JSON.stringify(value, null, 2)}\n`)
}

async function main(): Promise<number> {
  // so that the guest's files go when we are interrupted
  for (const signal of ['SIGINT', 'SIGTERM'] as const) process.once(signal, () => process.exit(1))
  const text = { type: 'string' } as const
  const { values } = parseArgs({
    options: { only: text, baseline: text, take: { type: 'boolean', default: false } },
  })
  const { only, baseline: path = BASELINE, take } = values
  if (take && only !== undefined)
    throw new Error('--take with --only: a baseline holds every figure, so leave --only out')
  const before = take ? undefined : parseBaseline(existsSync(path) ? readFileSync(path, 'utf8') : '', path)
  const result = await measure({ only: only ?? '', inventory: true })
  const now = baselineOf(result)
  if (before === undefined) {
    write(path, now)
    write(RESULT, result)
    console.log(`${tableOf(result)}\n`)
    console.log(`${path}: ${Object.keys(now.figures).length} figures written, ${now.kernel}, ${now.compiler}`)
    return 0
  }
  const comparison = compare(before, now, only === undefined)
  console.log(tell(comparison))
  return isWorse(comparison) ? 1 : 0
}

try {
  process.exitCode = await main()
} catch (error) {
  process.stderr.write(`xlvs: bench-check: ${(error as Error).message}\n`)
  process.exitCode = 1
}
