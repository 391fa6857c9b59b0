// SPDX-License-Identifier: Apache-2.0
// A record of a trace in the domain's words: ids become names as they are at that moment.
import { ReasonNames, TraceRecord_OFFSETS } from '../abi/generated.js'
import { realKey, realText } from '../model/keys.js'
import type { RealKey, ServiceKey } from '../model/types.js'
import type { Actual } from '../plan/actual.js'

/** One packet, named as things are called at the moment it is read. */
export interface Traced {
  /** CLOCK_MONOTONIC, ns */
  readonly at: bigint
  readonly interface: string
  readonly cpu: number
  /** lower case of abi.h without the prefix: 'forward_new' */
  readonly reason: string
  readonly action: 'pass' | 'tx' | 'redirect' | 'drop'
  readonly service?: ServiceKey
  readonly real?: RealKey
  /** bytes of the frame as it arrived */
  readonly length: number
  /** its beginning */
  readonly head: Uint8Array
}

export interface RecordWorld {
  readonly actual: () => Actual
  /** another one: ids may have got other owners */
  readonly generation: () => number
  readonly nameOf: (ifindex: number) => string
}

const ACTIONS: Readonly<Record<number, Traced['action']>> = { 2: 'pass', 3: 'tx', 4: 'redirect' }

interface Names {
  readonly services: ReadonlyMap<number, ServiceKey>
  readonly reals: ReadonlyMap<number, RealKey>
}

export type NamesNow = (
  service: number,
  real: number,
) => { readonly service?: ServiceKey; readonly real?: RealKey }

/** Read anew when an id is met that has no name yet, and not for each packet of one that has none at all. */
export function namesOf({ actual, generation }: RecordWorld): NamesNow {
  let names: Names = { services: new Map(), reals: new Map() }
  let missed = ''
  let of = generation()
  return (service, real) => {
    if (of !== generation()) {
      names = namesIn(actual())
      of = generation()
    }
    const unknown = (service !== 0 && !names.services.has(service)) || (real !== 0 && !names.reals.has(real))
    if (unknown && missed !== `${service} ${real}`) {
      names = namesIn(actual())
      missed = `${service} ${real}`
    }
    const [key, who] = [names.services.get(service), names.reals.get(real)]
    return { ...(key !== undefined && { service: key }), ...(who !== undefined && { real: who }) }
  }
}

function namesIn({ services }: Actual): Names {
  const all = [...services.values()]
  const reals = all.flatMap(({ key, match, reals: linked, trash }) =>
    [...linked, ...trash].map((real) => {
      const name = match.mark === undefined ? real.address : realText(real)
      return [real.id, realKey(key, name)] as const
    }),
  )
  return { services: new Map(all.map(({ id, key }) => [id, key])), reals: new Map(reals) }
}

export function recordIn(bytes: Uint8Array, { nameOf }: RecordWorld, names: NamesNow): Traced {
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength)
  const at = TraceRecord_OFFSETS
  const [service, real] = [view.getUint32(at.service, true), view.getUint32(at.real, true)]
  const reason = view.getUint8(at.reason)
  return {
    at: view.getBigUint64(at.at, true),
    interface: nameOf(view.getUint32(at.ifindex, true)),
    cpu: view.getUint16(at.cpu, true),
    reason: ReasonNames[reason]?.toLowerCase() ?? `reason_${reason}`,
    action: ACTIONS[view.getUint8(at.action)] ?? 'drop',
    ...names(service, real),
    length: view.getUint32(at.length, true),
    head: bytes.subarray(at.head, at.head + view.getUint16(at.headBytes, true)),
  }
}
