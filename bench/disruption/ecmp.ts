// SPDX-License-Identifier: Apache-2.0
// Routers in front of several directors: which one a flow's hash leads to, before and after one leaves or joins. Pure.

/** From a hash of 32 bits to a director. */
export type Spread = (hash: number) => number

export interface Ecmp {
  readonly name: string
  /** `all` directors; without `absent` of them */
  readonly leave: (all: number, absent: number) => Change
}

/** Joining is leaving backwards, but for a resilient table, which hands buckets over one by one. */
export interface Change {
  readonly whole: Spread
  readonly without: Spread
}

const BUCKETS = 1024
const HASHES = 2 ** 32

/** The hash by the number of next hops, the rest is the next hop's number. */
export const MODULO: Ecmp = {
  name: 'modulo',
  leave: (all, absent) => {
    const left = others(all, absent)
    return { whole: (hash) => hash % all, without: (hash) => left[hash % left.length] ?? 0 }
  },
}

/** A range of hashes for each, as long as the others' (RFC 2992; Linux's multipath groups). */
export const THRESHOLD: Ecmp = {
  name: 'hash-threshold',
  leave: (all, absent) => {
    const left = others(all, absent)
    return {
      whole: (hash) => Math.floor((hash / HASHES) * all),
      without: (hash) => left[Math.floor((hash / HASHES) * left.length)] ?? 0,
    }
  },
}

/** A table of buckets: only those of the one that is absent have another owner meanwhile (Linux's resilient groups). */
export const RESILIENT: Ecmp = {
  name: 'resilient',
  leave: (all, absent) => {
    const left = others(all, absent)
    const whole = Array.from({ length: BUCKETS }, (_, bucket) => bucket % all)
    let heirs = 0
    const without = whole.map((owner) => (owner === absent ? (left[heirs++ % left.length] ?? 0) : owner))
    return {
      whole: (hash) => whole[hash % BUCKETS] ?? 0,
      without: (hash) => without[hash % BUCKETS] ?? 0,
    }
  },
}

export const ECMPS: readonly Ecmp[] = [MODULO, THRESHOLD, RESILIENT]

function others(all: number, absent: number): readonly number[] {
  return Array.from({ length: all }, (_, i) => i).filter((i) => i !== absent)
}
