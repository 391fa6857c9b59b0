// SPDX-License-Identifier: Apache-2.0
// VIPs as the maps hold them, and which of them marks still need.
import {
  Conn4_OFFSETS,
  Conn4_SIZE,
  Conn6_OFFSETS,
  Conn6_SIZE,
  Vip_OFFSETS,
  Vip_SIZE,
} from '../abi/generated.js'
import type { Actual, ActualService, ActualVip } from '../plan/actual.js'
import { PROTOCOLS } from '../plan/marks.js'
import type { Maps } from './maps.js'
import { addressAt } from './reals.js'

export function readVips(maps: Maps): Map<number, ActualVip> {
  const vips = new Map<number, ActualVip>()
  for (let id = 1; id < maps.sizes.vips; id++) {
    const at = id * Vip_SIZE
    if (maps.vips.getUint8(at + Vip_OFFSETS.used) === 0) continue
    const address = addressAt(maps.vips, at, maps.vips.getUint8(at + Vip_OFFSETS.family))
    vips.set(id, { id, address, marked: false })
  }
  return vips
}

/**
 * Services of marks have no VIP of their own, so nothing but a connection tells that it still has one. The tables are
 * looked through only when there are such services, and VIPs that nothing else explains.
 */
export function withMarked(
  maps: Maps,
  vips: ReadonlyMap<number, ActualVip>,
  services: Iterable<ActualService>,
  marks: Actual['marks'],
): ReadonlyMap<number, ActualVip> {
  const all = [...services]
  // a service with real servers outlives its removal by one look at least
  if (!all.some(({ match }) => match.mark !== undefined)) return vips
  const own = new Set(all.flatMap(({ listed, reals, vipId }) => (listed && reals.length > 0 ? [vipId] : [])))
  const led = new Set(PROTOCOLS.flatMap((protocol) => marks[protocol].map(({ vipId }) => vipId)))
  const open = [...vips.keys()].filter((id) => !own.has(id) && !led.has(id))
  const connected = open.length === 0 ? new Set<number>() : connectedVips(maps)
  const marked = (id: number) => led.has(id) || (!own.has(id) && connected.has(id))
  return new Map([...vips].map(([id, vip]) => [id, { ...vip, marked: marked(id) }]))
}

/** Ids in the tables of connections: the upper half-word of every data word. */
function connectedVips(maps: Maps): Set<number> {
  const seen = new Uint8Array(65_536)
  for (const [view, bytes, data] of [
    [maps.conns4, Conn4_SIZE, Conn4_OFFSETS.data],
    [maps.conns6, Conn6_SIZE, Conn6_OFFSETS.data],
  ] as const) {
    const halves = new Uint16Array(view.buffer, view.byteOffset, view.byteLength >> 1)
    const step = bytes >> 1
    for (let at = (data + 6) >> 1; at < halves.length; at += step) seen[halves[at] as number] = 1
  }
  const found = new Set<number>()
  for (const [id, there] of seen.entries()) if (there === 1 && id !== 0) found.add(id)
  return found
}
