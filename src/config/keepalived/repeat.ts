// SPDX-License-Identifier: Apache-2.0
// `~SEQ(var, start, step, end)`, `~SEQx(…)` and `~LST(var, a, b)`: the rest of the line once for each value.

export type Round = readonly (readonly [name: string, value: string])[]

export interface Repetition {
  readonly rounds: readonly Round[]
  readonly rest: string
}

/** Rounds of one ~SEQ; more is a slip of the hand, or an attempt to fill the memory. */
export const MAX_ROUNDS = 65_536

/** Undefined when the line starts no repetition; a sentence when it starts one that is wrong. */
export function readRepetition(text: string): Repetition | string | undefined {
  const match = /^~(SEQx?|LST)\(([^)]*)\)(.*)$/s.exec(text)
  if (match === null) return /^~(SEQx?|LST)\b/.test(text) ? 'its brackets do not close' : undefined
  const [, kind, inside = '', rest = ''] = match
  const rounds = kind === 'LST' ? listRounds(inside) : sequenceRounds(inside, kind === 'SEQx')
  return typeof rounds === 'string' ? rounds : { rounds, rest: rest.trim() }
}

function sequenceRounds(inside: string, hex: boolean): readonly Round[] | string {
  const [name = '', ...texts] = inside.split(',').map((part) => part.trim())
  const numbers = texts.map(wholeOf)
  if (!isName(name)) return `"${name}" is no name of a parameter`
  if (numbers.length < 1 || numbers.length > 3 || numbers.some(Number.isNaN))
    return 'it needs a name, then start, step and end as whole numbers'
  const end = numbers.at(-1) as number
  const start = numbers.length > 1 ? (numbers[0] as number) : end > 0 ? 1 : -1
  const step = numbers.length === 3 ? (numbers[1] as number) : end >= start ? 1 : -1
  if (step === 0 || (end - start) * step < 0) return 'its steps never reach the end'
  const count = Math.floor((end - start) / step) + 1
  if (count > MAX_ROUNDS) return `it repeats ${count} times, more than ${MAX_ROUNDS}`
  return Array.from({ length: count }, (_, i) => [[name, (start + i * step).toString(hex ? 16 : 10)]])
}

function listRounds(inside: string): readonly Round[] | string {
  const parts = [...inside.matchAll(/\{([^}]*)\}|([^,\s{}][^,{}]*)/g)].map((match) =>
    (match[1] ?? match[2] ?? '').split(',').map((item) => item.trim()),
  )
  const [names = [], ...values] = parts
  if (names.length === 0 || !names.every(isName)) return 'it needs a name, then values'
  if (values.length === 0) return 'it lists no values'
  if (values.some((value) => value.length !== names.length)) return `each round needs ${names.length} values`
  return values.map((value) => names.map((name, i) => [name, value[i] as string] as const))
}

function isName(text: string): boolean {
  return /^[A-Za-z_]\w*$/.test(text)
}

function wholeOf(text: string): number {
  return /^-?(0x[0-9a-f]+|\d+)$/i.test(text)
    ? Number.parseInt(text.replace(/^(-?)0x/i, '$1'), /0x/i.test(text) ? 16 : 10)
    : Number.NaN
}
