// SPDX-License-Identifier: Apache-2.0
// Stable ids: the lowest number nobody has, 0 excepted. What is only now being freed is not given out again.

/** undefined when all of 1..last are taken. */
export type Allocate = () => number | undefined

/** `taken` is read at the first call: a diff that adds nothing pays nothing. */
export function allocator(last: number, taken: () => Iterable<number>): Allocate {
  let used: Set<number> | undefined
  let next = 1
  return () => {
    used ??= new Set(taken())
    while (used.has(next)) next++
    return next <= last ? next++ : undefined
  }
}
