// SPDX-License-Identifier: Apache-2.0
// What may become of a frame, told by the frame alone: an independent reading that knows nothing of the program.
import type { HopWords } from '../bpf/rig.js'
import { bytes, checksum, DIRECTOR_MAC, mac } from './frames.js'

export interface Target {
  readonly address: string
  readonly hop: HopWords
  /** 'VIP protocol port', addresses in hex, of every service that has it */
  readonly services: ReadonlySet<string>
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
  if (action === ACTION.pass || action === ACTION.drop) {
    if (Buffer.compare(frame, out) !== 0) return 'changed, but not forwarded'
    if (action === ACTION.drop && readFrame(frame, world.vips) === undefined)
      return 'dropped, but not for a VIP'
    return undefined
  }
  if (action !== ACTION.tx) return `action ${action}`
  const reading = readFrame(frame, world.vips)
  if (reading === undefined) return 'forwarded, but not for a VIP'
  const target = world.targets.get(hex(out.subarray(0, 6)))
  if (target === undefined) return 'forwarded to nobody'
  return wrongHeader(frame, out, reading, target) ?? wrongPacket(frame, out, reading, target)
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
  const hops = six ? 7 : 8
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

/** TCP and UDP directly behind the IP header: the port is served, by this real server. */
function wrongService(packet: Uint8Array, vip: string, six: boolean, target: Target): string | undefined {
  if (![...target.services].some((service) => service.startsWith(`${vip} `)))
    return 'to a stranger of this VIP'
  const protocol = packet[six ? 6 : 9]
  if (protocol !== 6 && protocol !== 17) return undefined
  if (!six && be16(packet, 6) & 0x1fff) return undefined
  const l4 = six ? 40 : ((packet[0] ?? 0) & 15) * 4
  const service = `${vip} ${protocol} ${be16(packet, l4 + 2)}`
  if (!target.services.has(service)) return `to no server of ${service}`
  const end = six ? 40 + be16(packet, 4) : be16(packet, 2)
  return l4 + (protocol === 6 ? 20 : 8) <= end ? undefined : 'transport header is cut'
}

function isTag(frame: Uint8Array, at: number): boolean {
  const type = be16(frame, at)
  return type === 0x8100 || type === 0x88a8
}

export function hex(data: Uint8Array): string {
  return Buffer.from(data.buffer, data.byteOffset, data.byteLength).toString('hex')
}

function be16(data: Uint8Array, at: number): number {
  return ((data[at] ?? 0) << 8) | (data[at + 1] ?? 0)
}
