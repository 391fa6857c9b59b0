// SPDX-License-Identifier: Apache-2.0
// The filter of a trace, as the datapath has it: names become numbers, words become bits.
import { addressToBytes } from '../abi/address.js'
import { Family, TraceHas, writeTraceFilter } from '../abi/generated.js'
import { fail, oneOf, quote, succeed } from '../model/describe.js'
import { TCP_FLAGS, type TraceFilter, type TraceProtocol, traceFamily } from '../model/trace.js'
import type { TraceWish } from '../model/trace-wish.js'
import { maskOf, reasonBits } from '../model/trace-words.js'
import type { Outcome } from '../model/types.js'
import type { Actual } from '../plan/actual.js'

export interface FilterWorld {
  readonly actual: () => Actual
  readonly ifindexOf: (name: string) => number | undefined
}

const L4: Readonly<Record<TraceProtocol, number>> = { tcp: 6, udp: 17, sctp: 132, icmp: 1, icmp6: 58 }
export interface Places {
  readonly ifindex: number
  readonly service: number
}

/** A name that nothing has is a slip of the finger, not a filter that never matches. */
export function placesOf(
  { ifindexOf, actual }: FilterWorld,
  { iface, service, real }: TraceFilter,
): Outcome<Places> {
  const ifindex = iface === undefined ? 0 : ifindexOf(iface)
  if (ifindex === undefined)
    return fail({ reason: `there is no interface ${quote(iface ?? '')}`, fix: 'see: xlvs show interfaces' })
  if (service === undefined && real === undefined) return succeed({ ifindex, service: 0 })
  const { services } = actual()
  const found = service === undefined ? undefined : services.get(service)
  if (service !== undefined && found === undefined)
    return fail({ reason: `there is no service ${quote(service)}`, fix: hint([...services.keys()]) })
  const members = (found === undefined ? [...services.values()] : [found]).flatMap(({ reals, trash }) => [
    ...reals,
    ...trash,
  ])
  if (real !== undefined && !members.some(({ address }) => address === real))
    return fail({
      reason: `${service ?? 'no service'} has ${service === undefined ? 'the' : 'no'} real server ${real}`,
      fix: hint([...new Set(members.map(({ address }) => address))]),
    })
  return succeed({ ifindex, service: found?.id ?? 0 })
}

/** Few names are said, of many only where they stand. */
function hint(names: readonly string[]): string {
  return names.length > 0 && names.length <= 8 ? `use ${oneOf([...names].sort())}` : 'see: xlvs show reals'
}

/** Written while nobody traces; packets that are on their way with the filter before may meet half of each. */
export function writeFilter(
  view: DataView,
  { filter, ...wish }: TraceWish,
  { ifindex, service }: Places,
): void {
  const { net, mask } = maskOf(filter.client)
  const { vip, real, clientPort = 0, port = 0 } = filter
  const flags = (filter.flags ?? []).map(
    (flag) => TCP_FLAGS[flag.replace(/^!/, '') as keyof typeof TCP_FLAGS],
  )
  const set = flags.filter((_, i) => !filter.flags?.[i]?.startsWith('!'))
  const protocol = filter.protocol ?? (flags.length > 0 ? 'tcp' : undefined)
  writeTraceFilter(view, 0, {
    ...{ until: 0n, reasons: reasonBits(filter.reasons), ifindex, service, clientPort, port },
    ...{ client: words(net), clientMask: words(mask) },
    vip: words(vip === undefined ? new Uint8Array(16) : addressToBytes(vip)),
    real: real === undefined ? new Uint8Array(16) : addressToBytes(real),
    has: criteria({ ...filter, ...(protocol !== undefined && { protocol }) }),
    ...{ sample: wish.sample, perSecond: wish.limit, head: wish.head },
    family: traceFamily(filter) === 6 ? Family.IPV6 : Family.IPV4,
    l4: protocol === undefined ? 0 : L4[protocol],
    flagsMask: flags.reduce((sum, bit) => sum | bit, 0),
    flagsValue: set.reduce((sum, bit) => sum | bit, 0),
    ...{ second: 0n, recordedInIt: 0, drawn: 0, recorded: 0n, limited: 0n, lost: 0n },
  })
}

function criteria(filter: TraceFilter): number {
  const given: readonly (readonly [unknown, number])[] = [
    [traceFamily(filter), TraceHas.TRACE_HAS_FAMILY],
    [filter.vip, TraceHas.TRACE_HAS_VIP],
    [filter.protocol, TraceHas.TRACE_HAS_L4],
    [filter.clientPort, TraceHas.TRACE_HAS_CLIENT_PORT],
    [filter.port, TraceHas.TRACE_HAS_PORT],
    [filter.real, TraceHas.TRACE_HAS_REAL],
  ]
  return given.reduce((bits, [value, bit]) => (value === undefined ? bits : bits | bit), 0)
}

function words(bytes: Uint8Array): readonly number[] {
  const view = new DataView(bytes.buffer, bytes.byteOffset, 16)
  return [0, 4, 8, 12].map((at) => view.getUint32(at, false))
}
