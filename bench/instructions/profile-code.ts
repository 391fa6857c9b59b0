// SPDX-License-Identifier: Apache-2.0
// A program's machine code by function and source line, as jited.c prints it, made small; and where an address belongs. Pure.

/** What jited.c prints. */
export interface Dump {
  readonly functions: readonly { readonly start: string; readonly code: string }[]
  readonly lines: readonly (readonly [address: string, path: string, line: number])[]
}

/** Addresses are their lower 32 bits: kernel code lives in the last 2 GiB. */
export interface Code {
  /** the first is the entry point */
  readonly functions: readonly (readonly [start: number, bytes: number])[]
  /** where a byte of the entry point is a `ret`; of those that are executed each is the program's end */
  readonly ends: readonly number[]
  /** names without folders */
  readonly files: readonly string[]
  /** by address */
  readonly lines: readonly (readonly [address: number, file: number, line: number])[]
}

export interface Place {
  readonly file: string
  readonly line: number
}

const RET = 'c3'
const LAST_2_GIB = /^ffffffff[89a-f][0-9a-f]{7}$/

export function addressOf(text: string): number {
  if (!LAST_2_GIB.test(text)) throw new Error(`${text} is no address of kernel code`)
  return Number.parseInt(text.slice(8), 16)
}

export function codeOf({ functions, lines }: Dump): Code {
  const files = [...new Set(lines.map(([, path]) => nameOf(path)))]
  const [main] = functions
  if (main === undefined) throw new Error('the kernel has no machine code of the program: its JIT is off')
  const start = addressOf(main.start)
  return {
    functions: functions.map(({ start, code }) => [addressOf(start), code.length / 2]),
    ends: (main.code.match(/../g) ?? []).flatMap((byte, i) => (byte === RET ? [start + i] : [])),
    files,
    lines: lines
      .map(([address, path, line]) => [addressOf(address), files.indexOf(nameOf(path)), line] as const)
      .sort(([a], [b]) => a - b),
  }
}

function nameOf(path: string): string {
  return path.slice(path.lastIndexOf('/') + 1)
}

/** The line that an address was made for: the last that begins at or before it. What precedes a function's first belongs to that. */
export function placeOf({ functions, files, lines }: Code, address: number): Place {
  const within = functions.find(([start, bytes]) => address >= start && address < start + bytes)
  if (within === undefined) throw new Error(`${address.toString(16)} is in no function of the program`)
  const at = Math.max(lastUpTo(lines, address), lastUpTo(lines, within[0] - 1) + 1)
  const found = lines[at]
  if (found === undefined || found[0] >= within[0] + within[1])
    throw new Error(`${address.toString(16)} has no source line`)
  return { file: files[found[1]] ?? '', line: found[2] }
}

/** Index of the last line at or before an address, -1 if there is none. */
function lastUpTo(lines: Code['lines'], address: number): number {
  let [low, high] = [0, lines.length]
  while (low < high) {
    const middle = (low + high) >> 1
    if ((lines[middle]?.[0] ?? 0) <= address) low = middle + 1
    else high = middle
  }
  return low - 1
}
