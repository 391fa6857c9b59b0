// SPDX-License-Identifier: Apache-2.0
// Egress interfaces, for packets that leave by another one than they came in.
import { BpfError, type BpfMap, u32 } from 'libbpf-ts'
import type { Repair } from './repair.js'

export class TxPorts {
  readonly #map: BpfMap
  readonly #known = new Set<number>()

  constructor(map: BpfMap) {
    this.#map = map
  }

  add(ifindex: number): void {
    if (this.#known.has(ifindex)) return
    try {
      this.#map.update(u32(ifindex), u32(ifindex))
      this.#known.add(ifindex)
    } catch (error) {
      // the device is gone again; packets for it count as drop_port_down until an event brings another
      if (!(error instanceof BpfError)) throw error
    }
  }

  /** Puts back what somebody took out. */
  mend(): readonly Repair[] {
    const missing = [...this.#known].filter((ifindex) => this.#map.lookup(u32(ifindex)) === undefined)
    return missing.flatMap((ifindex): Repair[] => {
      this.#known.delete(ifindex)
      this.add(ifindex)
      return this.#known.has(ifindex) ? [{ kind: 'port', what: `the way out by interface ${ifindex}` }] : []
    })
  }

  /** The kernel has removed it with its device. */
  forget(ifindex: number): void {
    this.#known.delete(ifindex)
  }
}
