// SPDX-License-Identifier: Apache-2.0
// Slots of `nexthops`: what a real server points at is never changed. A change is a new slot, one store into each
// real server, and rest for the old slot.
import {
  type Nexthop,
  Nexthop_OFFSETS,
  Nexthop_SIZE,
  NexthopKind,
  Real_OFFSETS,
  Real_SIZE,
  RealInfo_OFFSETS,
  RealInfo_SIZE,
  readNexthop,
  writeNexthop,
} from '../abi/generated.js'
import type { AddressText } from '../model/types.js'
import { GRACE } from './arena.js'
import { type Maps, store32 } from './maps.js'
import { addressAt, REAL_FREE } from './reals.js'
import type { Repair } from './repair.js'
import { halves } from './stats.js'

const SLOT_WORDS = Nexthop_SIZE / 4

interface Target {
  slot: number
  readonly reals: Set<number>
}

export class HopSlots {
  readonly #maps: Maps
  /** all of `nexthops`: to compare two slots by words makes nothing */
  readonly #words: Uint32Array
  readonly #clock: () => number
  readonly #targets = new Map<AddressText, Target>()
  readonly #addressOf = new Map<number, AddressText>()
  readonly #free: number[] = []
  /** what each slot in use was made */
  readonly #written = new Map<number, Uint32Array>()
  #resting: { slot: number; since: number }[] = []

  /** Takes over what the real servers in the maps point at. `clock` in ms. */
  constructor(maps: Maps, clock: () => number) {
    this.#maps = maps
    this.#words = halves(maps.nexthops)
    this.#clock = clock
    const used = new Set<number>()
    for (let id = 1; id < maps.sizes.reals; id++) {
      const info = id * RealInfo_SIZE
      if (maps.realInfo.getUint8(info + RealInfo_OFFSETS.used) === REAL_FREE) continue
      const address = addressAt(
        maps.realInfo,
        info + RealInfo_OFFSETS.addr,
        maps.realInfo.getUint8(info + RealInfo_OFFSETS.family),
      )
      const slot = maps.reals.getUint32(id * Real_SIZE + Real_OFFSETS.nexthop, true)
      const target = this.#target(address, slot)
      target.reals.add(id)
      if (target.slot !== slot) store32(maps.reals, id * Real_SIZE + Real_OFFSETS.nexthop, target.slot)
      this.#addressOf.set(id, address)
      used.add(slot)
      if (slot !== 0) this.#learn(slot)
    }
    for (let slot = maps.sizes.nexthops - 1; slot > 0; slot--) if (!used.has(slot)) this.#free.push(slot)
  }

  addresses(): IterableIterator<AddressText> {
    return this.#targets.keys()
  }

  has(address: AddressText): boolean {
    return this.#targets.has(address)
  }

  /** The address's slot, 0 = unresolved yet. */
  bind(id: number, address: AddressText): number {
    if (this.#addressOf.get(id) !== address) this.unbind(id)
    const target = this.#target(address, 0)
    target.reals.add(id)
    this.#addressOf.set(id, address)
    return target.slot
  }

  /** The address when no real server has it any more. */
  unbind(id: number): AddressText | undefined {
    const address = this.#addressOf.get(id)
    if (address === undefined) return undefined
    this.#addressOf.delete(id)
    this.#targets.get(address)?.reals.delete(id)
    this.giveUp(address)
    return this.#targets.has(address) ? undefined : address
  }

  /** Addresses that were expected and have no real server yet. */
  idle(): AddressText[] {
    return [...this.#targets].filter(([, { reals }]) => reals.size === 0).map(([address]) => address)
  }

  /** An expected address whose real server never came. */
  giveUp(address: AddressText): void {
    const target = this.#targets.get(address)
    if (target === undefined || target.reals.size > 0) return
    this.#rest(target.slot)
    this.#targets.delete(address)
  }

  /** What the address's packets get now; undefined while that is no Ethernet header. */
  standing(address: AddressText): Nexthop | undefined {
    const slot = this.#targets.get(address)?.slot ?? 0
    const hop = readNexthop(this.#maps.nexthops, slot * Nexthop_SIZE)
    return slot !== 0 && hop.kind === NexthopKind.NEXTHOP_ETHERNET ? hop : undefined
  }

  /** An address that no real server has yet, so that its hop is there when one comes. */
  expect(address: AddressText): void {
    this.#target(address, 0)
  }

  /** False when every slot is taken or at rest: try again after the grace time. */
  point(address: AddressText, hop: Nexthop): boolean {
    const target = this.#targets.get(address)
    if (target === undefined || this.#stands(target.slot, hop)) return true
    const slot = hop.kind === NexthopKind.NEXTHOP_UNRESOLVED ? 0 : this.#take()
    if (slot === undefined) return false
    if (slot !== 0) writeNexthop(this.#maps.nexthops, slot * Nexthop_SIZE, hop)
    if (slot !== 0) this.#learn(slot)
    for (const id of target.reals) store32(this.#maps.reals, id * Real_SIZE + Real_OFFSETS.nexthop, slot)
    this.#rest(target.slot)
    target.slot = slot
    return true
  }

  /** Slots, and who points at them, are what they were made. */
  mend(): readonly Repair[] {
    const found: Repair[] = []
    for (const [address, { slot, reals }] of this.#targets) {
      const right = slot === 0 || this.#isWritten(slot)
      if (!right) this.#words.set(this.#written.get(slot) as Uint32Array, slot * SLOT_WORDS)
      let astray = false
      for (const id of reals) {
        if (this.#pointer(id) === slot) continue
        store32(this.#maps.reals, id * Real_SIZE + Real_OFFSETS.nexthop, slot)
        astray = true
      }
      if (!right || astray) found.push({ kind: 'nexthop', what: `the next hop of ${address}` })
    }
    return found
  }

  #learn(slot: number): void {
    this.#written.set(slot, this.#words.slice(slot * SLOT_WORDS, (slot + 1) * SLOT_WORDS))
  }

  #isWritten(slot: number): boolean {
    const own = this.#written.get(slot)
    if (own === undefined) return true
    const at = slot * SLOT_WORDS
    for (let i = 0; i < SLOT_WORDS; i++) if (own[i] !== this.#words[at + i]) return false
    return true
  }

  #pointer(id: number): number {
    return this.#maps.reals.getUint32(id * Real_SIZE + Real_OFFSETS.nexthop, true)
  }

  /** Egress devices in use. */
  egresses(): Set<number> {
    const found = new Set<number>()
    for (const { slot } of this.#targets.values()) {
      const ifindex = this.#maps.nexthops.getUint32(slot * Nexthop_SIZE + Nexthop_OFFSETS.ifindex, true)
      if (slot !== 0 && ifindex !== 0) found.add(ifindex)
    }
    return found
  }

  #target(address: AddressText, slot: number): Target {
    const known = this.#targets.get(address)
    if (known !== undefined) return known
    const target = { slot, reals: new Set<number>() }
    this.#targets.set(address, target)
    return target
  }

  #stands(slot: number, hop: Nexthop): boolean {
    if (slot === 0) return hop.kind === NexthopKind.NEXTHOP_UNRESOLVED
    const wanted = new Uint8Array(Nexthop_SIZE)
    writeNexthop(new DataView(wanted.buffer), 0, hop)
    const found = new Uint8Array(this.#maps.nexthops.buffer, slot * Nexthop_SIZE, Nexthop_SIZE)
    return wanted.every((byte, i) => byte === found[i])
  }

  #take(): number | undefined {
    const now = this.#clock()
    while (this.#resting[0] !== undefined && now - this.#resting[0].since >= GRACE) {
      this.#free.push((this.#resting.shift() as { slot: number }).slot)
    }
    return this.#free.pop()
  }

  #rest(slot: number): void {
    this.#written.delete(slot)
    if (slot !== 0) this.#resting.push({ slot, since: this.#clock() })
  }
}
