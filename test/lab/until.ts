// SPDX-License-Identifier: Apache-2.0
// Waiting for a condition, never for a time.
import { setTimeout as sleep } from 'node:timers/promises'

/** The first answer that is neither undefined nor false; throws what was waited for when none comes in time. */
export async function until<T>(
  what: string,
  ask: () => T | undefined | false | Promise<T | undefined | false>,
  timeoutMs = 20_000,
): Promise<T> {
  for (const deadline = performance.now() + timeoutMs; ; await sleep(25)) {
    const late = performance.now() > deadline
    const answer = await ask()
    if (answer !== undefined && answer !== false) return answer
    if (late) throw new Error(`waited ${timeoutMs} ms in vain: ${what}`)
  }
}
