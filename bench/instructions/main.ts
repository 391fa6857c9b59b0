// SPDX-License-Identifier: Apache-2.0
// `make bench-instructions`: instructions per packet of the datapath, as a table and as JSON. The same on every machine.
import { parseArgs } from 'node:util'
import { checkFile, writeFile } from '../out.js'
import { measure } from './measure.js'
import { tableOf } from './table.js'

async function main(): Promise<void> {
  // so that the guest's files go when we are interrupted
  for (const signal of ['SIGINT', 'SIGTERM'] as const) process.once(signal, () => process.exit(1))
  const text = { type: 'string' } as const
  const { values } = parseArgs({ options: { only: text, out: text } })
  const out = values.out ?? (values.only === undefined ? 'bench/results/instructions.json' : undefined)
  if (out !== undefined) checkFile(out)
  const started = Date.now()
  const result = await measure({ only: values.only ?? '', inventory: values.only === undefined })
  console.log(`instructions per packet beyond the harness; ${result.kernel} in ${result.emulator}`)
  console.log(
    `xlvs at ${result.commit}, ${result.compiler}; half of the rounds ${(result.spread * 100).toFixed(2)} % apart at most\n`,
  )
  console.log(tableOf(result))
  if (out !== undefined) writeFile(out, `${JSON.stringify(result, null, 2)}\n`)
  console.log(
    `\n${out === undefined ? 'done' : `${out}: written`} after ${Math.round((Date.now() - started) / 1000)} s`,
  )
}

try {
  await main()
} catch (error) {
  process.stderr.write(`xlvs: bench-instructions: ${(error as Error).message}\n`)
  process.exitCode = 1
}
