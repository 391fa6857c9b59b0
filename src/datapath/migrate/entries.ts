// SPDX-License-Identifier: Apache-2.0
// Hashes, entry by entry: fragments seen, what lblc remembers, peers, egress interfaces.
import { BpfError, type BpfMap } from 'libbpf-ts'
import { type Move, move } from './layout.js'

export interface HashMoves {
  readonly key: readonly Move[]
  readonly value: readonly Move[]
}

/**
 * Every entry that the new map does not have. It may be called again: what packets have written there meanwhile stays.
 * A map that is full takes no more, as it would of packets.
 */
export function carryEntries(from: BpfMap, to: BpfMap, { key, value }: HashMoves): void {
  // a key that goes meanwhile begins the walk anew: it ends all the same
  let left = 2 * from.maxEntries
  for (let at = from.nextKey(); at !== undefined && left > 0; at = from.nextKey(at), left--) {
    const old = from.lookup(at)
    if (old === undefined) continue
    const [newKey, newValue] = [new Uint8Array(to.keySize), new Uint8Array(to.transferSize)]
    move(key, at, 0, newKey, 0)
    move(value, old, 0, newValue, 0)
    try {
      to.update(newKey, newValue, 'noexist')
    } catch (error) {
      if (!(error instanceof BpfError) || (error.code !== 'EEXIST' && error.code !== 'E2BIG')) throw error
    }
  }
}
