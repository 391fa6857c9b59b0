// SPDX-License-Identifier: Apache-2.0
// mh's table, as net/netfilter/ipvs/ip_vs_mh.c fills it: every server claims slots along its own permutation, in turns
// as long as its last weight asks for.
import { addressToBytes } from '../abi/address.js'
import { Limit } from '../abi/generated.js'
import type { AddressText } from '../model/types.js'
import type { Listed } from './ops.js'
import { sipHash13 } from './siphash.js'
import { gcd } from './walk.js'

const SLOTS = Limit.MH_SLOTS
const OFFSET_KEY = 2654435761
const SKIP_KEY = 2654446892
/** CONFIG_IP_VS_MH_TAB_INDEX / 2: longer turns than 2^6 slots are shortened */
const TURN_BITS = 6

/** Ids of real servers by slot; 0 where the server has weight 0 now, or everywhere when all last weights are 0. */
export function maglevSlots(list: readonly Listed[]): Uint32Array {
  const slots = new Uint32Array(SLOTS)
  const walkers = walkersOf(list)
  const taken = new Uint8Array(SLOTS)
  for (let left = walkers.length === 0 ? 0 : SLOTS; left > 0; ) {
    for (const walker of walkers) {
      for (let turn = 0; turn < walker.turns && left > 0; turn++, left--) {
        while (taken[walker.slot] === 1) walker.slot = (walker.slot + walker.skip) % SLOTS
        taken[walker.slot] = 1
        slots[walker.slot] = walker.id
      }
    }
  }
  return slots
}

/** Where a server's permutation begins, and how far apart its slots are. */
export function permutation(address: AddressText, port: number): { offset: number; skip: number } {
  const key = (numberOf(address) + port) >>> 0
  return {
    offset: sipHash13(key, OFFSET_KEY) % SLOTS,
    skip: (sipHash13(key, SKIP_KEY) % (SLOTS - 1)) + 1,
  }
}

interface Walker {
  readonly id: number
  readonly turns: number
  readonly skip: number
  slot: number
}

function walkersOf(list: readonly Listed[]): Walker[] {
  const weighted = list.filter((member) => member.lastWeight > 0)
  const divisor = weighted.reduce((found, member) => gcd(found, member.lastWeight), 0)
  const greatest = weighted.reduce((found, member) => Math.max(found, member.lastWeight), 0)
  const shift = Math.max(0, bitLength(greatest / divisor) - TURN_BITS)
  return weighted.map(({ id, weight, lastWeight, address, port }) => {
    const { offset, skip } = permutation(address, port)
    const turns = (lastWeight / divisor) >>> shift || 1
    return { id: weight > 0 ? id : 0, turns, skip, slot: offset }
  })
}

/** IPv4 as a number, IPv6 the XOR of its four words. */
function numberOf(address: AddressText): number {
  const view = new DataView(addressToBytes(address).buffer)
  return [0, 4, 8, 12].reduce((fold, at) => fold ^ view.getUint32(at), 0) >>> 0
}

function bitLength(value: number): number {
  return 32 - Math.clz32(value)
}
