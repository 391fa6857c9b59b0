// SPDX-License-Identifier: Apache-2.0
// What is typed after `make bench-control ARGS=`. A wrong word is a sentence. Pure.
import { parseArgs } from 'node:util'

export interface Wanted {
  readonly only: RegExp
  readonly out: string
  readonly json: boolean
}

export const OUT = 'bench/results/control.json'

export function usage(parts: readonly string[]): string {
  return `main.js [--only REGEX] [--out FILE] [--json]
  --only      parts whose id matches; they are ${parts.join(' ')}
  --out       where the figures go as JSON; ${OUT}
  --json      them on standard output too, in place of the table`
}

/** @throws Error with the sentence for who typed it */
export function wanted(args: readonly string[], parts: readonly string[]): Wanted {
  const text = { type: 'string' } as const
  const json = { type: 'boolean', default: false } as const
  const options = { only: text, out: text, json } as const
  const { values } = parseArgs({ args: [...args], options })
  const only = expression(values.only ?? '')
  if (!parts.some((id) => only.test(id)))
    throw new Error(`--only ${values.only}: no part has such an id; they are ${parts.join(' ')}`)
  return { only, out: values.out ?? OUT, json: values.json }
}

function expression(text: string): RegExp {
  try {
    return new RegExp(text)
  } catch (error) {
    throw new Error(`--only ${text}: ${(error as Error).message}`)
  }
}
