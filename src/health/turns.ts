// SPDX-License-Identifier: Apache-2.0
// How many questions are in flight at once. Who finds no room waits, first come, first served.

export interface Turns {
  /** calls `start` at once or when there is room; one `leave` must follow */
  enter(start: (turn: Turn) => void): Turn
}

export interface Turn {
  /** gives the room back, or the place in the queue; idempotent */
  leave(): void
}

export function createTurns(most: number): Turns {
  const queue = new Map<Turn, (turn: Turn) => void>()
  let inside = 0
  const admit = (): void => {
    for (const [turn, start] of queue) {
      if (inside >= most) return
      queue.delete(turn)
      inside++
      start(turn)
    }
  }
  return {
    enter: (start) => {
      let left = false
      const turn: Turn = {
        leave: () => {
          if (left) return
          left = true
          if (queue.delete(turn)) return
          inside--
          admit()
        },
      }
      queue.set(turn, start)
      admit()
      return turn
    },
  }
}
