// SPDX-License-Identifier: Apache-2.0
// A rig that asks before it sends: what the rehearsal said must be what the packet then does.
import { openMap } from 'libbpf-ts'
import { MAP_NAMES, type MapName } from '../../src/datapath/maps.js'
import { REHEARSED_BYTES } from '../../src/datapath/rehearsal.js'
import type { Told } from '../../src/datapath/told.js'
import { LOOPBACK, type Rig, unwrap } from './rig.js'
import type { Judgement } from './rig-words.js'

const hex = (data: Uint8Array) => Buffer.from(data).toString('hex')

/** What differs, in a sentence; undefined: nothing. */
export function disagreement(told: Told, done: Judgement, rig: Rig): string | undefined {
  if (told.service?.scheduler === 'twos' && told.choice && !told.choice.byHash) return drawn(told, done, rig)
  const [said, seen] = [
    `${told.reason} ${told.action} ${hex(told.frame)}`,
    `${done.reason} ${done.action} ${hex(done.frame)}`,
  ]
  if (said !== seen) return `said ${said}, done ${seen}`
  const forwarded = done.action === 'tx' || done.action === 'redirect'
  if (!forwarded || !done.reason.startsWith('forward_')) return undefined
  const [meant, got] = [told.real?.real.address, rig.realOf(done)]
  return meant === got ? undefined : `said ${meant}, got ${got}`
}

/** twos draws anew, and each that it may draw has a next hop of its own. */
function drawn({ service }: Told, done: Judgement, rig: Rig): string | undefined {
  const real = rig.realOf(done)
  const usable = service?.reals.filter(({ weight, overloaded }) => weight > 0 && !overloaded) ?? []
  return real === undefined ||
    !done.reason.startsWith('forward_') ||
    usable.some((one) => one.address === real)
    ? undefined
    : `twos gave ${real}, which it could not draw`
}

export function told(rig: Rig, frame: Uint8Array, ifindex = LOOPBACK): Told | undefined {
  const [least, most] = REHEARSED_BYTES
  if (frame.length < least || frame.length > most) return undefined
  return unwrap(rig.datapath.rehearse(frame, ifindex))
}

/** From here on every frame that the rig sends is rehearsed before; `wrong` gets each disagreement. */
export function asksFirst(rig: Rig, wrong: string[]): { rehearsed(): number } {
  const send = rig.send.bind(rig)
  let rehearsed = 0
  rig.send = (data, ifindex = LOOPBACK, metadata = 0) => {
    const before = metadata === 0 ? told(rig, data, ifindex) : undefined
    const done = send(data, ifindex, metadata)
    const differs = before && disagreement(before, done, rig)
    if (before) rehearsed++
    if (differs !== undefined) wrong.push(`${differs}\n in ${hex(data)}`)
    return done
  }
  return { rehearsed: () => rehearsed }
}

const HASHES: ReadonlySet<MapName> = new Set<MapName>(['frags', 'near', 'peers', 'tx_ports'])
/** A ring buffer has neither keys nor memory that a third may read; the rehearsal never gets there (trace.h). */
const UNREADABLE: ReadonlySet<MapName> = new Set<MapName>(['trace_log'])

/** Every map's bytes; of hashes their entries. */
export function contents(rig: Rig): ReadonlyMap<MapName, Buffer> {
  const names = MAP_NAMES.filter((name) => !UNREADABLE.has(name))
  return new Map(names.map((name) => [name, HASHES.has(name) ? entries(rig, name) : bytes(rig, name)]))
}

function bytes(rig: Rig, name: MapName): Buffer {
  const { buffer, byteOffset, byteLength } = rig.memory(name)
  return Buffer.from(new Uint8Array(buffer, byteOffset, byteLength))
}

function entries(rig: Rig, name: MapName): Buffer {
  const map = openMap(`${rig.pinRoot}/maps/${name}`)
  const found: string[] = []
  for (let key = map.nextKey(); key !== undefined; key = map.nextKey(key))
    found.push(`${hex(key)} ${hex(map.lookup(key) ?? new Uint8Array())}`)
  map.close()
  return Buffer.from(found.sort().join('\n'))
}

/** Maps that are not as they were. */
export function changed(
  before: ReadonlyMap<MapName, Buffer>,
  after: ReadonlyMap<MapName, Buffer>,
): MapName[] {
  return [...before]
    .filter(([name, was]) => !was.equals(after.get(name) ?? Buffer.alloc(0)))
    .map(([name]) => name)
}
