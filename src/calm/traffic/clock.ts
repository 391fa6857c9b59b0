// SPDX-License-Identifier: Apache-2.0
// One clock for all processes of a run, and the longest time between two arrivals by it.

/** ms, CLOCK_MONOTONIC: the same in every process and network namespace. */
export function now(): number {
  return Number(process.hrtime.bigint()) / 1e6
}

/**
 * Calls `act` with 0, 1, ... `of - 1`, 0, ..., each once in `period` ms. What is late is made up for, but for what is
 * later than a whole round.
 */
export function rounds(period: number, of: number, act: (part: number) => void): void {
  const step = period / of
  let due = now() + step
  let part = 0
  const catchUp = () => {
    const at = now()
    due = Math.max(due, at - period + step)
    for (; due <= at; due += step) act(part++ % of)
    setTimeout(catchUp, Math.max(1, due - now()))
  }
  setTimeout(catchUp, step)
}
