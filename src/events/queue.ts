// SPDX-License-Identifier: Apache-2.0
// Between something that happens and somebody who reads of it slowly: a few wait, the rest is counted, nothing is held up.

export interface Queue<T> {
  push(item: T): void
  /** what waits is read, then it ends */
  end(): void
  /** in order; a number says how many were left out there */
  read(): AsyncGenerator<T | number>
}

export function createQueue<T extends object>(most: number): Queue<T> {
  const waiting: T[] = []
  let skipped = 0
  let ended = false
  let wake: () => void = () => undefined
  const pushed = (item: T) => {
    if (skipped > 0 || waiting.length >= most) skipped++
    else waiting.push(item)
    wake()
  }
  const end = () => {
    ended = true
    wake()
  }
  async function* read(): AsyncGenerator<T | number> {
    for (;;) {
      const item = waiting.shift()
      if (item !== undefined) yield item
      else if (skipped > 0) {
        const count = skipped
        skipped = 0
        yield count
      } else if (ended) return
      else
        await new Promise<void>((resolve) => {
          wake = resolve
        })
    }
  }
  return { push: pushed, end, read }
}
