// SPDX-License-Identifier: Apache-2.0
// Lines between one who writes and one who reads at a pace of its own: the writer is told when there are many, and when
// there is room again.

export interface Waiting {
  push(line: string): void
  /** What waits is still read; nothing is taken in. */
  end(): void
  readonly ended: Promise<void>
  /** All that waits, in pieces; to its end. */
  read(): AsyncGenerator<string>
}

export function createWaiting(most: number, onFull: (full: boolean) => void): Waiting {
  let lines: string[] = []
  let [full, over] = [false, false]
  let wake: () => void = () => undefined
  let tellEnd: () => void = () => undefined
  const ended = new Promise<void>((resolve) => (tellEnd = resolve))
  const turn = (now: boolean) => {
    if (full !== now) onFull(now)
    full = now
  }
  return {
    ended,
    push: (line) => {
      if (over) return
      lines.push(line)
      if (lines.length >= most) turn(true)
      wake()
    },
    end: () => {
      over = true
      wake()
      tellEnd()
    },
    async *read() {
      for (;;) {
        if (lines.length > 0) {
          const text = lines.join('')
          lines = []
          if (!over) turn(false)
          yield text
        } else if (over) return
        else await new Promise<void>((resolve) => (wake = resolve))
      }
    },
  }
}
