// SPDX-License-Identifier: Apache-2.0
// Which function of a C source a line is in: they begin and end in the first column. Pure.

export interface SourceFunction {
  readonly name: string
  readonly first: number
  readonly last: number
}

/** A whole function in one line. */
const SHORT = /^\w[^;={]*?(\w+)\([^)]*\) \{.*\}$/

/** Lines count from one. */
export function functionsOf(source: string): readonly SourceFunction[] {
  const lines = source.split('\n')
  return lines.flatMap((line, i) => {
    const short = SHORT.exec(line)?.[1]
    if (short !== undefined) return [{ name: short, first: i + 1, last: i + 1 }]
    if (line !== '{') return []
    const first = signatureOf(lines, i)
    const signature = lines
      .slice(first, i)
      .join(' ')
      .replace(/SEC\("[^"]*"\)/g, '')
    const name = /(\w+)\s*\(/.exec(signature)?.[1]
    const end = lines.indexOf('}', i)
    return name === undefined || end < 0 ? [] : [{ name, first: first + 1, last: end + 1 }]
  })
}

/** Index of the first line of what stands in front of a body. */
function signatureOf(lines: readonly string[], body: number): number {
  let first = body
  while (first > 0 && !/^\s*$|[;}]$|\*\/$|^#/.test(lines[first - 1] ?? '')) first--
  return first
}

export function functionAt(functions: readonly SourceFunction[], line: number): string | undefined {
  return functions.find(({ first, last }) => line >= first && line <= last)?.name
}
