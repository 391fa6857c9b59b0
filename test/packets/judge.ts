// SPDX-License-Identifier: Apache-2.0
// What may become of a frame, told by the frame alone: an independent reading that knows nothing of the program.
import type { HopWords } from '../bpf/rig.js'
import { wrongAnswer } from './answer.js'
import { bytes, checksum, DIRECTOR_MAC, mac } from './frames.js'

export interface Target {
  readonly address: string
  readonly hop: HopWords
  /** 'VIP protocol port', addresses in hex, of every service that has it */
  readonly services: ReadonlySet<string>
  /** the same with those that it was removed from: ICMP errors about its connections still find it */
  readonly ever: ReadonlySet<string>
}

export interface World {
  /** in hex */
  readonly vips: ReadonlySet<string>
  /** by MAC, in hex */
  readonly targets: ReadonlyMap<string, Target>
}

const ACTION = { aborted: 0, drop: 1, pass: 2, tx: 3 } as const
const DIRECTOR = hex(mac(DIRECTOR_MAC))

interface Reading {
  readonly tags: number
  readonly ip: number
  readonly six: boolean
  readonly vip: string
}

/** The packet for a VIP that a frame holds, if it holds one. */
export function readFrame(frame: Uint8Array, vips: ReadonlySet<string>): Reading | undefined {
  if (hex(frame.subarray(0, 6)) !== DIRECTOR) return undefined
  let [at, tags] = [12, 0]
  while (tags < 2 && isTag(frame, at)) [at, tags] = [at + 4, tags + 1]
  const type = be16(frame, at)
  const ip = at + 2
  if (type !== 0x0800 && type !== 0x86dd) return undefined
  const six = type === 0x86dd
  if (ip + (six ? 40 : 20) > frame.length) return undefined
  const vip = hex(six ? frame.subarray(ip + 24, ip + 40) : frame.subarray(ip + 16, ip + 20))
  return vips.has(vip) ? { tags, ip, six, vip } : undefined
}

/** What is wrong with the answer; undefined = nothing. */
export function complaint(
  frame: Uint8Array,
  action: number,
  out: Uint8Array,
  world: World,
): string | undefined {
  const reading = readFrame(frame, world.vips)
  if (action === ACTION.pass) return same(frame, out) ? undefined : 'changed, but not forwarded'
  if (reading === undefined) return 'not for a VIP, but not passed'
  if (action === ACTION.drop) return wrongDrop(frame, out, reading)
  if (action !== ACTION.tx) return `action ${action}`
  const target = world.targets.get(hex(out.subarray(0, 6)))
  if (target === undefined)
    return wrongAsked(frame, reading) ?? wrongAnswer(frame, out, reading.ip, mtusOf(world))
  return wrongHeader(frame, out, reading, target) ?? wrongPacket(frame, out, reading, target)
}

/** Dropped frames are as they came; one that was too large may have spent its hop. */
function wrongDrop(frame: Uint8Array, out: Uint8Array, { ip, six }: Reading): string | undefined {
  if (same(frame, out)) return undefined
  const spent = frame.slice()
  const hops = ip + (six ? 7 : 8)
  spent[hops] = (spent[hops] ?? 0) - 1
  if (!six) spent.set(out.subarray(ip + 10, ip + 12), ip + 10)
  return same(spent, out) ? undefined : 'changed, but dropped'
}

/** Whom the director must never answer: RFC 1122 section 3.2.2, RFC 4443 section 2.4 (e). */
function wrongAsked(frame: Uint8Array, { ip, six }: Reading): string | undefined {
  const packet = frame.subarray(ip)
  const { protocol, at, later } = transportOf(packet, six)
  if (later) return 'answered a later fragment'
  if (six ? protocol === 58 : protocol === 1) return `answered an ICMP message of type ${packet[at]}`
  const from = packet.subarray(six ? 8 : 12, six ? 24 : 16)
  const first = from[0] ?? 0
  const nobody = six ? from.subarray(0, 15).every((byte) => byte === 0) && (from[15] ?? 0) < 2 : first === 0
  if (nobody || (six ? first === 0xff : first === 127 || first >= 224)) return `answered ${hex(from)}`
  return undefined
}

function mtusOf(world: World): ReadonlySet<number> {
  return new Set([...world.targets.values()].map(({ hop }) => hop.mtu ?? 0))
}

interface Transport {
  readonly protocol: number
  /** where it starts in the IP packet */
  readonly at: number
  /** a later fragment: what stands there is no header */
  readonly later: boolean
}

function transportOf(packet: Uint8Array, six: boolean): Transport {
  if (!six) {
    const at = ((packet[0] ?? 0) & 15) * 4
    return { protocol: packet[9] ?? 0, at, later: (be16(packet, 6) & 0x1fff) !== 0 }
  }
  let [protocol, at] = [packet[6] ?? 0, 40]
  while ([0, 43, 44, 51, 60].includes(protocol)) {
    if (protocol === 44 && be16(packet, at + 2) >> 3) return { protocol, at, later: true }
    const units = packet[at + 1] ?? 0
    const length = protocol === 44 ? 8 : protocol === 51 ? (units + 2) * 4 : (units + 1) * 8
    ;[protocol, at] = [packet[at] ?? 0, at + length]
  }
  return { protocol, at, later: false }
}

function wrongHeader(
  frame: Uint8Array,
  out: Uint8Array,
  { ip }: Reading,
  target: Target,
): string | undefined {
  const tags = (target.hop.tags ?? []).flatMap(({ tpid, vid }) => [
    tpid >> 8,
    tpid & 255,
    vid >> 8,
    vid & 255,
  ])
  const wanted = bytes(mac(DIRECTOR_MAC), tags, frame.subarray(ip - 2, ip))
  const length = 6 + wanted.length
  if (Buffer.compare(out.subarray(6, length), wanted) !== 0)
    return `link header ${hex(out.subarray(0, length))}`
  return out.length - length === frame.length - ip ? undefined : 'another length'
}

function wrongPacket(
  frame: Uint8Array,
  out: Uint8Array,
  reading: Reading,
  target: Target,
): string | undefined {
  const { ip, six, vip } = reading
  const before = frame.subarray(ip)
  const after = out.subarray(out.length - before.length)
  const bytesOfPacket = six ? 40 + be16(before, 4) : be16(before, 2)
  const hops = six ? 7 : 8
  if (target.hop.mtu && bytesOfPacket > target.hop.mtu) return 'larger than the next hop takes'
  if (target.address.includes(':') !== six) return 'to a real server of the other family'
  if ((before[hops] ?? 0) < 2) return 'forwarded without a hop left'
  if (after[hops] !== (before[hops] ?? 0) - 1) return 'not one hop less'
  const wanted = before.slice()
  wanted[hops] = (before[hops] ?? 0) - 1
  if (!six) wanted.set(after.subarray(10, 12), 10)
  if (Buffer.compare(after, wanted) !== 0) return 'changed beyond hops and checksum'
  return (
    wrongLengths(before, six) ?? wrongChecksum(before, after, six) ?? wrongService(before, vip, six, target)
  )
}

function wrongLengths(packet: Uint8Array, six: boolean): string | undefined {
  if (six)
    return packet[0] !== undefined && packet[0] >> 4 === 6 && 40 + be16(packet, 4) <= packet.length
      ? undefined
      : 'a lie'
  const header = ((packet[0] ?? 0) & 15) * 4
  const total = be16(packet, 2)
  const right = (packet[0] ?? 0) >> 4 === 4 && header >= 20 && header <= total && total <= packet.length
  return right ? undefined : 'forwarded a lie'
}

function wrongChecksum(before: Uint8Array, after: Uint8Array, six: boolean): string | undefined {
  if (six) return undefined
  const length = ((before[0] ?? 0) & 15) * 4
  const right = (packet: Uint8Array) => checksum(packet.subarray(0, length)) === 0
  return right(before) && !right(after) ? 'checksum was right, and is not' : undefined
}

/** Bytes of a header that is read. */
const HEADER: Readonly<Record<number, number>> = { 6: 20, 17: 8, 132: 16 }

/** The port is served by this real server; AH and ESP follow IKE, an ICMP error what it quotes. */
function wrongService(packet: Uint8Array, vip: string, six: boolean, target: Target): string | undefined {
  const { protocol, at, later } = transportOf(packet, six)
  if (!later && protocol === (six ? 58 : 1)) return wrongQuoted(packet.subarray(at + 8), six, target)
  if (![...target.services].some((service) => service.startsWith(`${vip} `)))
    return 'to a stranger of this VIP'
  if (later) return undefined
  const length = HEADER[protocol]
  const ipsec = protocol === 50 || protocol === 51
  if (length === undefined && !ipsec) return `forwarded protocol ${protocol}`
  const service = ipsec ? `${vip} 17 500` : `${vip} ${protocol} ${be16(packet, at + 2)}`
  if (!target.services.has(service)) return `to no server of ${service}`
  const end = six ? 40 + be16(packet, 4) : be16(packet, 2)
  return at + (length ?? 0) <= end ? undefined : 'transport header is cut'
}

/** What an error quotes was sent from a VIP and port that this real server has or had. */
function wrongQuoted(quoted: Uint8Array, six: boolean, target: Target): string | undefined {
  const { protocol, at } = transportOf(quoted, six)
  const vip = hex(six ? quoted.subarray(8, 24) : quoted.subarray(12, 16))
  const service = `${vip} ${protocol} ${be16(quoted, at)}`
  return target.ever.has(service) ? undefined : `an error about ${service}`
}

function isTag(frame: Uint8Array, at: number): boolean {
  const type = be16(frame, at)
  return type === 0x8100 || type === 0x88a8
}

function same(a: Uint8Array, b: Uint8Array): boolean {
  return Buffer.compare(a, b) === 0
}

export function hex(data: Uint8Array): string {
  return Buffer.from(data.buffer, data.byteOffset, data.byteLength).toString('hex')
}

function be16(data: Uint8Array, at: number): number {
  return ((data[at] ?? 0) << 8) | (data[at + 1] ?? 0)
}
