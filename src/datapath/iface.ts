// SPDX-License-Identifier: Apache-2.0
// An interface as packets know it: its MAC, whether it is in service, its row block in the counters.
import { formatMac, MAC_BYTES, macToBytes } from '../abi/address.js'
import { Iface_OFFSETS, Iface_SIZE } from '../abi/generated.js'
import type { AttachMode } from '../model/types.js'
import type { Maps } from './maps.js'

/** mac, attached, merged for one store; `mode`: undefined when the program is not on it. */
export function ifaceWord(mac: string, mode: AttachMode | undefined): bigint {
  const word = new Uint8Array(8)
  word.set(macToBytes(mac))
  word[Iface_OFFSETS.attached] = mode === undefined ? 0 : 1
  word[Iface_OFFSETS.merged] = mode === 'generic' ? 1 : 0
  return new DataView(word.buffer).getBigUint64(0, true)
}

export function readIface(maps: Maps, ifindex: number): { readonly known: boolean; readonly slot: number } {
  const at = ifindex * Iface_SIZE
  const mac = new Uint8Array(maps.ifaces.buffer, at, MAC_BYTES)
  return {
    known: formatMac(mac) !== '00:00:00:00:00:00',
    slot: maps.ifaces.getUint32(at + Iface_OFFSETS.slot, true),
  }
}
