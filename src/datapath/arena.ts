// SPDX-License-Identifier: Apache-2.0
// Who has which lines of `tables`. What was replaced rests a while before it is given out again, because a packet
// may hold its line number (docs/decisions/0001-arena.md).

/** ms */
export const GRACE = 1_000

export interface Range {
  readonly line: number
  readonly lines: number
}

export class Arena {
  /** length -> first lines of free ranges of that length */
  readonly #free = new Map<number, number[]>()
  #resting: (Range & { readonly since: number })[] = []
  readonly #clock: () => number

  /** Line 0 belongs to nobody: it is the empty directory. `clock` in ms. */
  constructor(lines: number, used: readonly Range[], clock: () => number) {
    this.#clock = clock
    let next = 1
    for (const range of [...used].sort((a, b) => a.line - b.line)) {
      this.#put(next, range.line - next)
      next = Math.max(next, range.line + range.lines)
    }
    this.#put(next, lines - next)
  }

  /** First line of `lines` free ones; undefined when there are none in a row, those at rest included. */
  take(lines: number): number | undefined {
    this.#wake()
    return this.#takeExact(lines) ?? this.#takeLarger(lines) ?? this.#takeMerged(lines)
  }

  /** Never published: free at once. */
  giveBack(range: Range): void {
    this.#put(range.line, range.lines)
  }

  /** Was published: free after the grace time. */
  retire(range: Range): void {
    if (range.line !== 0) this.#resting.push({ ...range, since: this.#clock() })
  }

  /** ms until more lines are free; undefined when none are at rest. */
  restingFor(): number | undefined {
    const last = this.#resting.at(-1)
    return last && Math.max(0, last.since + GRACE - this.#clock())
  }

  #wake(): void {
    const now = this.#clock()
    const still = this.#resting.findIndex((range) => now - range.since < GRACE)
    const awake = still < 0 ? this.#resting : this.#resting.slice(0, still)
    if (awake.length === 0) return
    for (const range of awake) this.#put(range.line, range.lines)
    this.#resting = still < 0 ? [] : this.#resting.slice(still)
  }

  #put(line: number, lines: number): void {
    if (lines <= 0) return
    const same = this.#free.get(lines)
    if (same === undefined) this.#free.set(lines, [line])
    else same.push(line)
  }

  #takeExact(lines: number): number | undefined {
    const starts = this.#free.get(lines)
    const line = starts?.pop()
    if (starts?.length === 0) this.#free.delete(lines)
    return line
  }

  /** Cut from the longest free range, so that short ones stay whole. */
  #takeLarger(lines: number): number | undefined {
    let longest = 0
    for (const length of this.#free.keys()) if (length > longest) longest = length
    if (longest <= lines) return undefined
    const line = this.#takeExact(longest) as number
    this.#put(line + lines, longest - lines)
    return line
  }

  #takeMerged(lines: number): number | undefined {
    const ranges = [...this.#free].flatMap(([length, starts]) =>
      starts.map((line) => ({ line, lines: length })),
    )
    ranges.sort((a, b) => a.line - b.line)
    this.#free.clear()
    let open: { line: number; lines: number } | undefined
    for (const range of ranges) {
      if (open && open.line + open.lines === range.line) open.lines += range.lines
      else {
        if (open) this.#put(open.line, open.lines)
        open = { ...range }
      }
    }
    if (open) this.#put(open.line, open.lines)
    return this.#takeExact(lines) ?? this.#takeLarger(lines)
  }
}
