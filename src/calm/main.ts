// SPDX-License-Identifier: Apache-2.0
// `make calm`: thousands of live connections while everything happens to the director that operators fear; a table of
// what was lost, and exit status 1 when anything was that must not be.
import { randomInt } from 'node:crypto'
import { existsSync, readFileSync, writeFileSync } from 'node:fs'
import { parseArgs } from 'node:util'
import { withFigures } from './document.js'
import { EVENTS, SHORT_EVENTS } from './events/index.js'
import { randomFrom } from './random.js'
import { currentCommit, report } from './report.js'
import { type Row, run } from './run.js'
import { SHORT, WHOLE } from './size.js'
import { type Stage, setUp } from './stage.js'
import { plainTable } from './table.js'

const USAGE = `make calm [ARGS='--short --seed 7 --markdown FILE']

  live connections through a director in network namespaces, while it is killed, upgraded, reloaded, ...
  --short          fewer connections, fewer events, about a minute
  --seed N         of the random moments; printed by each run
  --markdown FILE  write the table there, too: beneath its heading, if the file is there
  --only WORDS     only events with these words in their names
`

process.exitCode = await main(process.argv.slice(2))

async function main(argv: string[]): Promise<number> {
  const wish = options(argv)
  if (wish === undefined) return 2
  if (wish.help) {
    process.stdout.write(USAGE)
    return 0
  }
  process.once('SIGINT', () => process.stderr.write('\nxlvs calm: interrupted, removing everything\n'))
  let stage: Stage | undefined
  try {
    const size = wish.short ? SHORT : WHOLE
    const commit = currentCommit()
    process.stdout.write(`xlvs calm: seed ${wish.seed}\n`)
    stage = await setUp(size, randomFrom(wish.seed))
    process.stdout.write(`${size.kept + size.downloads} connections are open\n`)
    const began = performance.now()
    const events = (wish.short ? SHORT_EVENTS : EVENTS).filter(({ name }) => name.includes(wish.only))
    const rows = await run(stage, events, tell)
    process.stdout.write(`\n${plainTable(rows)}\n\n`)
    const seconds = (performance.now() - began) / 1000
    const text = report(rows, { size, seed: wish.seed, commit, seconds })
    process.stdout.write(text.summary)
    if (wish.markdown !== undefined) write(wish.markdown, text.markdown)
    return rows.length > 0 && rows.every(({ faults }) => faults.length === 0) ? 0 : 1
  } catch (error) {
    process.stderr.write(`xlvs calm: ${(error as Error).message}\n`)
    return 1
  } finally {
    await stage?.topology.lab.close()
  }
}

/** At once, so that it has been said should the next event not come about. */
function tell({ name, faults, window }: Row): void {
  const lines = [
    `${faults.length === 0 ? '✓' : '✗'} ${name}, ${(window.length / 1000).toFixed(1)} s`,
    ...faults,
  ]
  process.stdout.write(`${lines.join('\n    ')}\n`)
}

function write(file: string, figures: string): void {
  writeFileSync(file, withFigures(existsSync(file) ? readFileSync(file, 'utf8') : '', figures))
}

function options(argv: string[]) {
  const flag = { type: 'boolean', default: false } as const
  try {
    const { values } = parseArgs({
      args: argv,
      options: {
        short: flag,
        help: flag,
        seed: { type: 'string', default: String(randomInt(1, 1_000_000)) },
        markdown: { type: 'string' },
        only: { type: 'string', default: '' },
      },
    })
    const seed = Number(values.seed)
    if (!Number.isInteger(seed) || seed < 0) throw new Error(`--seed ${values.seed} is not a whole number`)
    const events = values.short ? SHORT_EVENTS : EVENTS
    if (!events.some(({ name }) => name.includes(values.only)))
      throw new Error(`--only ${values.only}: no event has that in its name`)
    return { ...values, seed }
  } catch (error) {
    process.stderr.write(`xlvs calm: ${(error as Error).message}\n${USAGE}`)
    return undefined
  }
}
