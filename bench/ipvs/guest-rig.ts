// SPDX-License-Identifier: Apache-2.0
// The guest's hold on bench/bpf/beside.bpf.c: its programs, pinned for `ip link`, its orders and what its sink counted.
import { mkdirSync, readFileSync } from 'node:fs'
import { type BpfObject, openObject } from 'libbpf-ts'
import { CLIENT_MAC, DIRECTOR_MAC, FRAME, PORT, REALS, VIP } from './plan.js'

const PINS = '/sys/fs/bpf/beside'
/** offsets in struct order */
const ORDER = { next: 0, flows: 8, ifindex: 12, director: 16, client: 22, vip: 28, port: 32 }
/** offsets in struct seen */
const SEEN = { count: 0, from: 8, to: 16, start: 24, end: 32, reals: 40 }
const CALIBRATION_RUNS = 10_000

export interface Seen {
  /** frames that came to their end: at a real server, back at the client, or dropped */
  readonly count: number
  readonly reals: readonly number[]
  /** ns of the guest's clock from the frame timed first to the last one */
  readonly ns: number
}

export interface Rig {
  readonly object: BpfObject
  /** pins a program for `ip link`, returns where */
  pin(program: string): string
  /** from now on ends are counted anew, and the time between two of them taken */
  watch(from: number, to: number): void
  seen(): Seen
  /** sends frames number `first` and up, of so many flows, out of an interface */
  fire(frames: number, ifindex: number, flows: number, first: bigint): void
}

export function openRig(): Rig {
  const object = openObject(readFileSync('/xlvs/bench/beside.bpf.o'), { name: 'beside' }).load()
  const order = new DataView(object.map('.data.order').mmap({ writable: true }))
  const seen = new DataView(object.map('.data.seen').mmap({ writable: true }))
  const bytes = new Uint8Array(order.buffer, order.byteOffset)
  bytes.set(macBytes(DIRECTOR_MAC), ORDER.director)
  bytes.set(macBytes(CLIENT_MAC), ORDER.client)
  bytes.set(VIP.split('.').map(Number), ORDER.vip)
  order.setUint16(ORDER.port, PORT, false)
  mkdirSync(PINS)
  const generate = object.program('generate')
  const frame = new Uint8Array(FRAME)
  const read = (offset: number) => Number(seen.getBigUint64(offset, true))
  return {
    object,
    pin(program) {
      object.program(program).pin(`${PINS}/${program}`)
      return `${PINS}/${program}`
    },
    watch(from, to) {
      for (let offset = 0; offset < seen.byteLength && offset < SEEN.reals + 64; offset += 8)
        seen.setBigUint64(offset, 0n, true)
      seen.setBigUint64(SEEN.from, BigInt(from), true)
      seen.setBigUint64(SEEN.to, BigInt(to), true)
    },
    seen: () => ({
      count: read(SEEN.count),
      reals: REALS.map((_, i) => read(SEEN.reals + 8 * (i + 1))),
      ns: read(SEEN.end) - read(SEEN.start),
    }),
    fire(frames, ifindex, flows, first) {
      order.setUint32(ORDER.ifindex, ifindex, true)
      order.setUint32(ORDER.flows, flows, true)
      order.setBigUint64(ORDER.next, first, true)
      generate.run({ data: frame, repeat: frames, liveFrames: true })
    },
  }
}

/** What the kernel's clock says 1,000 instructions take, in ns: 1,000 if it counts them. */
export function calibrate({ object }: Rig): number {
  const data = new Uint8Array(FRAME)
  const [idle, thousand] = ['idle', 'thousand'].map((name) => {
    const run = () => object.program(name).run({ data, repeat: CALIBRATION_RUNS }).durationNs
    run()
    return run()
  }) as [number, number]
  return thousand - idle
}

function macBytes(mac: string): readonly number[] {
  return mac.split(':').map((byte) => Number.parseInt(byte, 16))
}
