// SPDX-License-Identifier: Apache-2.0
// The beginning of a frame in one line, 'client:port > vip:port' and what it is. It may be anything, or cut anywhere:
// whatever is not there is not said, and nothing of it is said but numbers.
import { formatAddress, formatMac } from '../abi/address.js'

const TAGS: ReadonlySet<number> = new Set([0x8100, 0x88a8])
const MAX_TAGS = 4
const MAX_EXTENSIONS = 8
const [HOP, ROUTING, FRAGMENT, AUTH, DESTINATION] = [0, 43, 44, 51, 60] as const
const EXTENSIONS: ReadonlySet<number> = new Set([HOP, ROUTING, FRAGMENT, AUTH, DESTINATION])
const [ICMP, TCP, UDP, ICMP6, SCTP] = [1, 6, 17, 58, 132] as const
const NAMES: Readonly<Record<number, string>> = {
  [ICMP]: 'icmp',
  [TCP]: 'tcp',
  [UDP]: 'udp',
  [ICMP6]: 'icmp6',
  [SCTP]: 'sctp',
  50: 'esp',
  51: 'ah',
}
const TCP_LETTERS = [
  ['F', 1],
  ['S', 2],
  ['R', 4],
  ['P', 8],
  ['.', 16],
  ['U', 32],
  ['E', 64],
  ['W', 128],
] as const

/** '198.51.100.7:4711 > 192.0.2.10:80 tcp S', as tcpdump writes flags. */
export function frameSummary(head: Uint8Array): string {
  const view = new DataView(head.buffer, head.byteOffset, head.length)
  if (view.byteLength < 14) return 'a frame without a header'
  let at = 12
  const tags: number[] = []
  while (at + 6 <= view.byteLength && TAGS.has(view.getUint16(at)) && tags.length < MAX_TAGS) {
    tags.push(view.getUint16(at + 2) & 0xfff)
    at += 4
  }
  const type = view.getUint16(at)
  const packet = new DataView(view.buffer, view.byteOffset + at + 2, view.byteLength - at - 2)
  const ip = type === 0x0800 ? ipv4(packet) : type === 0x86dd ? ipv6(packet) : undefined
  const vlan = tags.length > 0 ? `vlan ${tags.join(',')} ` : ''
  return `${vlan}${ip ?? linkLayer(head, type)}`
}

function linkLayer(head: Uint8Array, type: number): string {
  const what = type < 0x600 ? '802.3' : `ethertype 0x${type.toString(16).padStart(4, '0')}`
  return `${formatMac(head.subarray(6, 12))} > ${formatMac(head.subarray(0, 6))} ${what}`
}

interface Ip {
  readonly from: string
  readonly to: string
  readonly protocol: number
  /** of the transport header; undefined: it is not in this packet, or not in what is left of it */
  readonly transport: DataView | undefined
  readonly fragment: boolean
}

function ipv4(packet: DataView): string | undefined {
  if (packet.byteLength < 20 || packet.getUint8(0) >> 4 !== 4) return undefined
  const header = (packet.getUint8(0) & 15) * 4
  const where = packet.getUint16(6)
  const later = (where & 0x1fff) !== 0
  return say({
    from: formatAddress(bytes(packet, 12, 4), 4),
    to: formatAddress(bytes(packet, 16, 4), 4),
    protocol: packet.getUint8(9),
    transport: later || header < 20 ? undefined : rest(packet, header),
    fragment: (where & 0x3fff) !== 0,
  })
}

function ipv6(packet: DataView): string | undefined {
  if (packet.byteLength < 40 || packet.getUint8(0) >> 4 !== 6) return undefined
  const { protocol, at, fragment, later } = extensions(packet)
  return say({
    from: formatAddress(bytes(packet, 8, 16), 6),
    to: formatAddress(bytes(packet, 24, 16), 6),
    ...{ protocol, fragment, transport: later ? undefined : rest(packet, at) },
  })
}

function extensions(packet: DataView) {
  let [protocol, at, fragment, later] = [packet.getUint8(6), 40, false, false]
  for (
    let i = 0;
    i < MAX_EXTENSIONS && EXTENSIONS.has(protocol) && at + 8 <= packet.byteLength && !later;
    i++
  ) {
    if (protocol === FRAGMENT) {
      fragment = true
      later = (packet.getUint16(at + 2) & 0xfff8) !== 0
    }
    const length = packet.getUint8(at + 1)
    const next = packet.getUint8(at)
    at += protocol === FRAGMENT ? 8 : protocol === AUTH ? 4 * (length + 2) : 8 * (length + 1)
    protocol = next
  }
  return { protocol, at, fragment, later }
}

function say({ from, to, protocol, transport, fragment }: Ip): string {
  const name = NAMES[protocol] ?? `protocol ${protocol}`
  const ported =
    transport !== undefined && transport.byteLength >= 4 && [TCP, UDP, SCTP].includes(protocol as 6)
  const port = (at: number) => (ported ? transport.getUint16(at) : undefined)
  const more = transport === undefined ? '' : detail(protocol, transport)
  return `${endpoint(from, port(0))} > ${endpoint(to, port(2))} ${name}${more}${fragment ? ' fragment' : ''}`
}

function endpoint(address: string, port: number | undefined): string {
  if (port === undefined) return address
  return address.includes(':') ? `[${address}]:${port}` : `${address}:${port}`
}

/** Flags of TCP, bytes of UDP's payload, type and code of ICMP. */
function detail(protocol: number, transport: DataView): string {
  if (protocol === TCP && transport.byteLength >= 14) {
    const flags = transport.getUint8(13)
    const letters = TCP_LETTERS.filter(([, bit]) => flags & bit).map(([letter]) => letter)
    return ` ${letters.join('') || 'none'}`
  }
  if (protocol === UDP && transport.byteLength >= 6)
    return ` ${Math.max(0, transport.getUint16(4) - 8)} bytes`
  if ((protocol === ICMP || protocol === ICMP6) && transport.byteLength >= 2)
    return ` ${transport.getUint8(0)}/${transport.getUint8(1)}`
  return ''
}

function bytes(view: DataView, at: number, length: number): Uint8Array {
  const whole = new Uint8Array(16)
  whole.set(new Uint8Array(view.buffer, view.byteOffset + at, length))
  return whole
}

function rest(view: DataView, at: number): DataView | undefined {
  return at <= view.byteLength
    ? new DataView(view.buffer, view.byteOffset + at, view.byteLength - at)
    : undefined
}
