// SPDX-License-Identifier: Apache-2.0
// Real servers as the maps hold them.
import { formatAddress } from '../abi/address.js'
import { Family, Real_SIZE, RealFlag, RealInfo_OFFSETS, RealInfo_SIZE } from '../abi/generated.js'
import type { AddressText } from '../model/types.js'
import type { ActualReal } from '../plan/actual.js'
import type { Ledger } from './ledger.js'
import type { Maps } from './maps.js'
import { connectionsOf, drainStage, hasFlag, thresholdsOf } from './thresholds.js'

/** xlvs_real_info.used */
export const REAL_FREE = 0
export const REAL_LINKED = 1
export const REAL_TRASH = 2

/** Of one service; linked ones from the head of the list. */
export interface Members {
  readonly linked: ActualReal[]
  readonly trash: ActualReal[]
}

const OFFSET = RealInfo_OFFSETS
/** 32-bit words of an address and its family */
const WORDS = 5

/** Remembers the text of addresses: formatting is most of the work of reading. */
export class RealReader {
  readonly #maps: Maps
  readonly #ledger: Ledger
  readonly #texts: AddressText[] = []
  readonly #words: Uint32Array

  constructor(maps: Maps, ledger: Ledger) {
    this.#maps = maps
    this.#ledger = ledger
    this.#words = new Uint32Array(WORDS * maps.sizes.reals)
  }

  /** `strange` gets the ids that somebody else uses. */
  byService(strange: number[]): Map<number, Members> {
    const found = new Map<number, Members>()
    for (let id = 1; id < this.#maps.sizes.reals; id++) {
      if (this.#maps.realInfo.getUint8(id * RealInfo_SIZE + OFFSET.used) === REAL_FREE) continue
      if (!this.#ledger.ownsReal(id)) {
        strange.push(id)
        continue
      }
      const real = this.#read(id)
      let members = found.get(real.service)
      if (members === undefined) {
        members = { linked: [], trash: [] }
        found.set(real.service, members)
      }
      members[real.state].push(real)
    }
    for (const { linked } of found.values()) linked.sort((a, b) => b.order - a.order)
    return found
  }

  #read(id: number): ActualReal {
    const { realInfo: info, persistents, reals } = this.#maps
    const at = id * RealInfo_SIZE
    const { upper, lower } = thresholdsOf(this.#maps, id)
    const drain = drainStage(this.#maps, id)
    return {
      id,
      address: this.#address(id),
      port: info.getUint16(at + OFFSET.port),
      service: info.getUint32(at + OFFSET.service, true),
      weight: info.getUint32(at + OFFSET.weight, true),
      lastWeight: info.getUint32(at + OFFSET.lastWeight, true),
      upper,
      lower,
      overloaded: hasFlag(this.#maps, id, RealFlag.REAL_OVERLOADED),
      ...(drain && { drain }),
      order: wide(info, at + OFFSET.order),
      nexthop: reals.getUint32(id * Real_SIZE, true),
      state: info.getUint8(at + OFFSET.used) === REAL_LINKED ? 'linked' : 'trash',
      referenced: connectionsOf(this.#maps, id) !== 0 || persistents.getUint32(id * 8, true) !== 0,
      trashSince: wide(info, at + OFFSET.trashSince),
    }
  }

  #address(id: number): AddressText {
    const info = this.#maps.realInfo
    const at = id * RealInfo_SIZE
    let same = this.#texts[id] !== undefined
    for (let word = 0; word < WORDS; word++) {
      const value = word < 4 ? info.getUint32(at + OFFSET.addr + 4 * word) : info.getUint8(at + OFFSET.family)
      same = same && this.#words[id * WORDS + word] === value
      this.#words[id * WORDS + word] = value
    }
    if (!same) this.#texts[id] = addressAt(info, at + OFFSET.addr, info.getUint8(at + OFFSET.family))
    return this.#texts[id] as AddressText
  }
}

export function addressAt(view: DataView, offset: number, family: number): AddressText {
  const bytes = new Uint8Array(view.buffer, view.byteOffset + offset, 16)
  return formatAddress(bytes, family === Family.IPV4 ? 4 : 6)
}

/** 64 bits of which 53 are used. */
function wide(view: DataView, offset: number): number {
  return view.getUint32(offset, true) + view.getUint32(offset + 4, true) * 2 ** 32
}
