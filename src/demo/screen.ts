// SPDX-License-Identifier: Apache-2.0
// A place in the terminal that is drawn over and over, or, into a pipe, a line now and then.

export interface Screen {
  print(...lines: readonly string[]): void
  /** draws over what the last `draw` drew; does nothing into a pipe */
  draw(lines: readonly string[]): void
  /** what is drawn stays where it is */
  keep(): void
}

export function screenOf(write: (text: string) => void, live: boolean): Screen {
  let drawn = 0
  const print = (lines: readonly string[]) => write(lines.map((line) => `${line}\n`).join(''))
  return {
    print: (...lines) => print(lines),
    draw: (lines) => {
      if (!live) return
      const back = drawn > 0 ? `\x1b[${drawn}A` : ''
      write(back + lines.map((line) => `\x1b[2K${line}\n`).join(''))
      drawn = lines.length
    },
    keep: () => {
      drawn = 0
    },
  }
}
