// SPDX-License-Identifier: Apache-2.0
// What is typed after `make bench-live ARGS=`, and which CPUs there are. A wrong word is a sentence. Pure.
import { parseArgs } from 'node:util'
import { BATCH, CASES, CONNECTIONS, LANES, MANY } from './plan.js'

export const USAGE = `run.js [--rounds N] [--packets N] [--only REGEX] [--out FILE] [--json]
  --rounds   undisturbed rounds of each case; 25
  --packets  of each CPU in a round; 65536
  --only     cases whose id matches, as hit/1 or new/wrr; hit/64K/one is what hit/64K/same is compared with
  --out      where the figures go as JSON; bench/results/live.json
  --json     them on standard output too, in place of the table`

export interface Wanted {
  readonly rounds: number
  readonly packets: number
  readonly only: RegExp
  readonly out: string
  readonly json: boolean
}

/** @throws Error with the sentence for who typed it */
export function wanted(args: readonly string[]): Wanted {
  const text = { type: 'string' } as const
  const options = { rounds: text, packets: text, only: text, out: text, json: { type: 'boolean' } } as const
  const { values } = parseArgs({ args: [...args], options })
  const rounds = Number(values.rounds ?? 25)
  const packets = Number(values.packets ?? 65536)
  if (!Number.isInteger(rounds) || rounds < 3 || rounds > 100)
    throw new Error(`--rounds ${values.rounds}: a whole number from 3 to 100`)
  const most = CONNECTIONS / 4
  if (!Number.isInteger(packets / BATCH) || packets < MANY || packets > most)
    throw new Error(
      `--packets ${values.packets}: a multiple of ${BATCH} from ${MANY} to ${most}: each of 64K flows has to be met, and new flows of more would crowd the table`,
    )
  const only = expression(values.only ?? '')
  if (!CASES.some(({ id }) => only.test(id)))
    throw new Error(
      `--only ${values.only}: no case has such an id; they are ${CASES.map(({ id }) => id).join(' ')}`,
    )
  return { rounds, packets, only, out: values.out ?? 'bench/results/live.json', json: values.json ?? false }
}

function expression(source: string): RegExp {
  try {
    return new RegExp(source)
  } catch (error) {
    throw new Error(`--only: ${(error as Error).message}`)
  }
}

/** From the line `Cpus_allowed_list` of /proc/self/status: `0-3,8`. The lowest two that the rig has rows for. */
export function chosenCpus(status: string): readonly number[] {
  const list = /^Cpus_allowed_list:\s*(\S+)$/m.exec(status)?.[1] ?? '0'
  const all = list.split(',').flatMap((range) => {
    const [low = 0, high = low] = range.split('-').map(Number)
    return Array.from({ length: high - low + 1 }, (_, i) => low + i)
  })
  return all.filter((cpu) => cpu < LANES).slice(0, 2)
}
