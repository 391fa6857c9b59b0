// SPDX-License-Identifier: Apache-2.0
// Directories: address -> VIP id and (VIP, port) -> service id, as lines of eight entries found by one hash (abi.h).
import { addressToBytes, familyOf } from '../abi/address.js'
import { DirEntry_SIZE, Limit } from '../abi/generated.js'
import type { AddressText, Outcome } from '../model/types.js'
import type { DirectoryContents } from './actual.js'
import type { DirectoryEntry } from './ops.js'

const WAYS = Limit.DIR_WAYS
const MAX_LINES = 1 << 22

/** The address as the datapath folds it: IPv4 as it stands in the packet, IPv6 the XOR of its four words. */
export function vipKey(address: AddressText): number {
  const words = new Uint32Array(addressToBytes(address).buffer)
  if (familyOf(address) === 4) return words[0] as number
  return words.reduce((fold, word) => fold ^ word, 0) >>> 0
}

/** VIP id above, the port's two bytes as they stand in the packet below. */
export function portKey(vipId: number, port: number): number {
  return ((vipId << 16) | ((port & 0xff) << 8) | (port >> 8)) >>> 0
}

export function directoryHash(key: number): number {
  const h = Math.imul(key, 0x9e3779b1) >>> 0
  return (h ^ (h >>> 15)) >>> 0
}

/** Lines of a directory, a power of two of them with at most eight entries in each; none for no entries. */
export function buildDirectory(entries: readonly DirectoryEntry[]): Outcome<Uint8Array> {
  if (entries.length === 0) return { ok: true, value: new Uint8Array(0) }
  for (let lines = atLeast(Math.ceil((2 * entries.length) / WAYS)); lines <= MAX_LINES; lines *= 2) {
    const bytes = fill(entries, lines)
    if (bytes !== undefined) return { ok: true, value: bytes }
  }
  return {
    ok: false,
    problems: [{ reason: `${entries.length} entries fit no directory of ${MAX_LINES} lines` }],
  }
}

/** value -> key of what stands in a directory's lines. */
export function readDirectory(words: Uint32Array): DirectoryContents {
  const found = new Map<number, number>()
  for (let i = 0; i < words.length; i += 2) {
    const value = words[i + 1] as number
    if (value !== 0) found.set(value, words[i] as number)
  }
  return found
}

/** Keys that stand more often than a line has room for: no size of directory helps. */
export function crowdedKeys(entries: readonly DirectoryEntry[]): number[] {
  const counts = new Map<number, number>()
  for (const { key } of entries) counts.set(key, (counts.get(key) ?? 0) + 1)
  return [...counts].filter(([, count]) => count > WAYS).map(([key]) => key)
}

function atLeast(lines: number): number {
  let power = 1
  while (power < lines) power *= 2
  return power
}

function fill(entries: readonly DirectoryEntry[], lines: number): Uint8Array | undefined {
  const bytes = new Uint8Array(lines * WAYS * DirEntry_SIZE)
  const words = new Uint32Array(bytes.buffer)
  const used = new Uint8Array(lines)
  for (const { key, value } of entries) {
    const line = (directoryHash(key) & (lines - 1)) >>> 0
    const way = used[line] as number
    if (way === WAYS) return undefined
    used[line] = way + 1
    words[(line * WAYS + way) * 2] = key
    words[(line * WAYS + way) * 2 + 1] = value
  }
  return bytes
}
