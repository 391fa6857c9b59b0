// SPDX-License-Identifier: Apache-2.0
// Connections and templates, read from mapped memory while packets change them: an entry that moves meanwhile may be
// seen twice or not at all, never half.
import { formatAddress } from '../abi/address.js'
import {
  Clock,
  Conn4_OFFSETS,
  Conn4_SIZE,
  Conn6_OFFSETS,
  Conn6_SIZE,
  ConnBits,
  Limit,
  State,
  StateNames,
  Template_OFFSETS,
  Template_SIZE,
  TemplateBits,
  TemplateControl,
  TemplateKind,
} from '../abi/generated.js'
import type { AddressText, Protocol } from '../model/types.js'
import type { Actual, ActualReal, ActualService } from '../plan/actual.js'
import { PROTOCOL_NUMBER } from '../plan/region.js'
import type { Maps } from './maps.js'
import { secondsOf, ticksOf, timeoutTicks } from './settings.js'
import type { ConnEntry, ConnFilter, TemplateEntry } from './types.js'

const V4 = {
  bytes: Conn4_SIZE,
  ways: Limit.CONN4_WAYS,
  port: Conn4_OFFSETS.clientPort,
  virtualPort: Conn4_OFFSETS.virtualPort,
  data: Conn4_OFFSETS.data,
  family: 4,
} as const
const V6 = {
  bytes: Conn6_SIZE,
  ways: Limit.CONN6_WAYS,
  port: Conn6_OFFSETS.clientPort,
  virtualPort: Conn6_OFFSETS.virtualPort,
  data: Conn6_OFFSETS.data,
  family: 6,
} as const
type Shape = typeof V4 | typeof V6

/** ticks: 18 minutes */
const AHEAD = 4096

/** Ids as addresses, as of one moment. */
interface Book {
  readonly vips: ReadonlyMap<number, { readonly address: AddressText }>
  readonly reals: ReadonlyMap<number, Owned>
}

interface Owned {
  readonly real: ActualReal
  readonly service: ActualService
}

/** ways looked at between two entries before the caller may do something else */
const STRETCH = 16_384

/** Every entry that passes; undefined after a long stretch without one. */
export function* readConns(
  maps: Maps,
  actual: Actual,
  now: number,
  filter: ConnFilter = {},
): Generator<ConnEntry | undefined> {
  const book = bookOf(actual)
  let left = filter.limit ?? Number.POSITIVE_INFINITY
  for (const shape of [V4, V6]) {
    const view = shape.family === 4 ? maps.conns4 : maps.conns6
    const end = (shape.family === 4 ? maps.sizes.conns4 : maps.sizes.conns6) * shape.ways * shape.bytes
    for (let at = 0; at < end && left > 0; at += shape.bytes) {
      if ((at / shape.bytes) % STRETCH === STRETCH - 1) yield undefined
      const entry = connAt(maps, view, at, shape, book, now)
      if (entry === undefined || !passes(entry, filter, entry.client, book)) continue
      left--
      yield entry
    }
  }
}

export function* readTemplates(
  maps: Maps,
  actual: Actual,
  now: number,
  filter: ConnFilter = {},
): Generator<TemplateEntry | undefined> {
  const book = bookOf(actual)
  let left = filter.limit ?? Number.POSITIVE_INFINITY
  const end = maps.sizes.templates * Limit.TEMPLATE_WAYS * Template_SIZE
  for (let at = 0; at < end && left > 0; at += Template_SIZE) {
    if ((at / Template_SIZE) % STRETCH === STRETCH - 1) yield undefined
    const entry = templateAt(maps.templates, at, book, now)
    if (entry === undefined || !passes(entry, filter, entry.clientNet, book)) continue
    left--
    yield entry
  }
}

function bookOf(actual: Actual): Book {
  const reals = new Map<number, Owned>()
  for (const service of actual.services.values()) {
    for (const real of [...service.reals, ...service.trash]) reals.set(real.id, { real, service })
  }
  return { vips: actual.vips, reals }
}

function connAt(
  maps: Maps,
  view: DataView,
  at: number,
  shape: Shape,
  book: Book,
  now: number,
): ConnEntry | undefined {
  const data = view.getBigUint64(at + shape.data, true)
  if (data === 0n) return undefined
  const vip = book.vips.get(bits(data, ConnBits.CONN_VIP_SHIFT, ConnBits.CONN_VIP_BITS))?.address
  const realId = bits(data, ConnBits.CONN_REAL_SHIFT, ConnBits.CONN_REAL_BITS)
  const state = bits(data, ConnBits.CONN_STATE_SHIFT, ConnBits.CONN_STATE_BITS)
  const stamp = bits(data, ConnBits.CONN_STAMP_SHIFT, ConnBits.CONN_STAMP_BITS)
  const rest = timeoutTicks(maps.settings, state) - ageOf(stamp, now)
  const owned = book.reals.get(realId)
  if (vip === undefined || owned === undefined || rest < 0) return undefined
  const virtualPort = view.getUint16(at + shape.virtualPort)
  const controlled = bits(data, ConnBits.CONN_CONTROLLED_SHIFT, 1) === 1
  const entry: ConnEntry = {
    protocol: state < State.UDP_NORMAL ? 'tcp' : state < State.SCTP_NONE ? 'udp' : 'sctp',
    client: addressIn(view, at, shape.family),
    clientPort: view.getUint16(at + shape.port),
    vip,
    virtualPort,
    real: owned.real.address,
    realPort: realPortOf(owned, virtualPort, controlled),
    realId,
    state: stateName(state),
    expiresIn: secondsOf(rest),
    controlled,
  }
  return sameFlow(data, view.getBigUint64(at + shape.data, true)) ? entry : undefined
}

/**
 * Of a mark's service its own port, or the packet's; through a template the packet's always, as IPVS compares it with
 * the service's port there. Elsewhere all three are one.
 */
function realPortOf({ real, service }: Owned, virtualPort: number, controlled: boolean): number {
  const own = service.match.mark !== undefined && !controlled && real.port !== 0
  return own ? real.port : virtualPort
}

function templateAt(view: DataView, at: number, book: Book, now: number): TemplateEntry | undefined {
  const data = view.getBigUint64(at + Template_OFFSETS.data, true)
  const realId = bits(data, TemplateBits.TEMPLATE_REAL_SHIFT, TemplateBits.TEMPLATE_REAL_BITS)
  const control = view.getUint32(at + Template_OFFSETS.control, true)
  const target = targetAt(view, at, control, book)
  const real = book.reals.get(realId)?.real.address
  if (realId === 0 || target === undefined || real === undefined) return undefined
  const controls = control & TemplateControl.TEMPLATE_COUNT_MASK
  const timeout = bits(data, TemplateBits.TEMPLATE_TIMEOUT_SHIFT, TemplateBits.TEMPLATE_TIMEOUT_BITS)
  const stamp = bits(data, TemplateBits.TEMPLATE_STAMP_SHIFT, TemplateBits.TEMPLATE_STAMP_BITS)
  const rest = ticksOf(timeout) - ageOf(stamp, now)
  if (rest < 0 && controls === 0) return undefined
  const { protocol, vip } = target
  const port = (control & TemplateControl.TEMPLATE_DISABLED) === 0 ? target.virtualPort : DISABLED_PORT
  return {
    protocol,
    clientNet: addressIn(view, at, vip.includes(':') ? 6 : 4),
    vip,
    virtualPort: port,
    real,
    realPort: port,
    realId,
    assured: (control & TemplateControl.TEMPLATE_ASSURED) !== 0,
    controls,
    timeout,
    expiresIn: secondsOf(Math.max(0, rest)),
  }
}

/** Ticks. A listing takes its time: stamps may be newer than its beginning. */
export function ageOf(stamp: number, now: number): number {
  const age = (now - stamp) & Clock.TICK_MASK
  return age > Clock.TICK_MASK - AHEAD ? 0 : age
}

/** What IPVS writes into both ports of a template that another one replaced. */
const DISABLED_PORT = 65_535
const PROTOCOL_OF_KIND = new Map(
  Object.entries(PROTOCOL_NUMBER).map(([name, kind]) => [kind, name as Protocol]),
)

/** What clients of a template come to. */
function targetAt(
  view: DataView,
  at: number,
  control: number,
  book: Book,
): Pick<TemplateEntry, 'protocol' | 'vip' | 'virtualPort'> | undefined {
  const kind =
    (control >>> TemplateControl.TEMPLATE_KIND_SHIFT) & ((1 << TemplateControl.TEMPLATE_KIND_BITS) - 1)
  const low = view.getUint16(at + Template_OFFSETS.vip, true)
  const protocol = PROTOCOL_OF_KIND.get(kind)
  if (protocol !== undefined) {
    const vip = book.vips.get(low)?.address
    return vip === undefined
      ? undefined
      : { protocol, vip, virtualPort: view.getUint16(at + Template_OFFSETS.virtualPort) }
  }
  const bytes = new Uint8Array(16)
  const mark = new DataView(bytes.buffer)
  mark.setUint16(0, view.getUint16(at + Template_OFFSETS.virtualPort, true))
  mark.setUint16(2, low)
  const family = kind === TemplateKind.TEMPLATE_MARK4 ? 4 : 6
  return { protocol: 'ip', vip: formatAddress(bytes, family), virtualPort: 0 }
}

function passes(
  entry: ConnEntry | TemplateEntry,
  filter: ConnFilter,
  client: AddressText,
  book: Book,
): boolean {
  if (filter.real !== undefined && filter.real !== entry.real) return false
  if (filter.client !== undefined && filter.client !== client) return false
  if (filter.service === undefined) return true
  return filter.service === book.reals.get(entry.realId)?.service.key
}

/** The key is read between two looks at the data word: real server and VIP are those it belongs to. */
function sameFlow(a: bigint, b: bigint): boolean {
  return a >> BigInt(ConnBits.CONN_REAL_SHIFT) === b >> BigInt(ConnBits.CONN_REAL_SHIFT)
}

export function bits(word: bigint, shift: number, count: number): number {
  return Number((word >> BigInt(shift)) & ((1n << BigInt(count)) - 1n))
}

/** As ipvsadm shows them where abi.h has longer words. */
const SHORT_STATE: Readonly<Record<number, string>> = {
  [State.UDP_NORMAL]: 'UDP',
  [State.UDP_BEGUN]: 'UDP',
  [State.SCTP_COOKIE_SENT]: 'C-SENT',
  [State.SCTP_COOKIE_REPLIED]: 'C-REPLIED',
  [State.SCTP_COOKIE_WAIT]: 'C-WAIT',
  [State.SCTP_COOKIE_ECHOED]: 'C-ECHOED',
  [State.SCTP_SHUTDOWN_SENT]: 'S-SENT',
  [State.SCTP_SHUTDOWN_RECEIVED]: 'S-RECEIVED',
  [State.SCTP_SHUTDOWN_ACK_SENT]: 'S-ACK-SENT',
}

/** enum xlvs_state as ipvsadm shows it. */
export function stateName(state: number): string {
  return SHORT_STATE[state] ?? (StateNames[state] ?? String(state)).replace(/^(?:TCP|SCTP)_/, '')
}

function addressIn(view: DataView, at: number, family: 4 | 6): AddressText {
  return formatAddress(new Uint8Array(view.buffer, view.byteOffset + at, family === 4 ? 4 : 16), family)
}
