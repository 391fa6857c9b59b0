// SPDX-License-Identifier: Apache-2.0
// Keys and values that the kernel itself gives a shape, as bytes in the machine's order.
import { endianness } from 'node:os'

/** Something that owns a descriptor: a map, a program, a link. */
export interface Descriptor {
  /** The number of the file descriptor, 0 or more. Reading it throws "… is closed" once it is. */
  readonly fd: number
}

/** What `DataView` wants as `littleEndian` to read numbers in the order of this machine. */
export const littleEndian = endianness() === 'LE'

/** An unsigned 32-bit number in 4 bytes of the order of this machine: the key of arrays, the value of device
 * maps.
 * @kernel none */
export function u32(value: number): Uint8Array {
  const bytes = new Uint8Array(4)
  new DataView(bytes.buffer).setUint32(0, value, littleEndian)
  return bytes
}

/** Reads what `u32` writes, also the map or program id that a map of maps or programs gives back. Throws a
 * `RangeError` when fewer than 4 bytes are left at `offset`.
 * @kernel none */
export function readU32(bytes: Uint8Array, offset = 0): number {
  return new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength).getUint32(offset, littleEndian)
}

/** Reads an unsigned 64-bit number in the order of this machine, such as a counter. Throws a `RangeError` when
 * fewer than 8 bytes are left at `offset`.
 * @kernel none */
export function readU64(bytes: Uint8Array, offset = 0): bigint {
  return new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength).getBigUint64(offset, littleEndian)
}

/** A key of an LPM trie: 4 bytes of prefix length in bits, then the address (4 or 16 bytes, or what the trie
 * takes). Throws a `TypeError` when there are more bits than the address has.
 * @kernel none */
export function prefixKey(address: Uint8Array, bits: number): Uint8Array {
  if (!Number.isInteger(bits) || bits < 0 || bits > address.length * 8) {
    throw new TypeError(`bits must be an integer from 0 to ${address.length * 8}`)
  }
  const key = new Uint8Array(4 + address.length)
  key.set(u32(bits))
  key.set(address, 4)
  return key
}

/** A value of a device map with room for a program (`struct bpf_devmap_val`, 8 bytes), made for kernel 5.8 and
 * later.
 * @kernel none */
export function deviceValue(ifindex: number, program?: Descriptor): Uint8Array {
  return pair(ifindex, program)
}

/** A value of a CPU map with room for a program (`struct bpf_cpumap_val`, 8 bytes), made for kernel 5.9 and
 * later. `queueSize` counts packets.
 * @kernel none */
export function cpuValue(queueSize: number, program?: Descriptor): Uint8Array {
  return pair(queueSize, program)
}

/** One slice of `valueSize` bytes per possible CPU of a per-CPU value, in CPU order; the slices share its
 * memory. Throws a `TypeError` when `value` is no multiple of `valueSize` rounded up to 8.
 * @kernel none */
export function splitCpus(value: Uint8Array, valueSize: number): Uint8Array[] {
  const stride = Math.ceil(valueSize / 8) * 8
  if (value.length % stride !== 0) throw new TypeError(`value must be a multiple of ${stride} bytes`)
  return Array.from({ length: value.length / stride }, (_, cpu) =>
    value.subarray(cpu * stride, cpu * stride + valueSize),
  )
}

/** The reverse of `splitCpus`: one value for each possible CPU, for `update`. Throws a `TypeError` when they
 * differ in length.
 * @kernel none */
export function joinCpus(values: readonly Uint8Array[]): Uint8Array {
  const size = values[0]?.length ?? 0
  const stride = Math.ceil(size / 8) * 8
  const joined = new Uint8Array(stride * values.length)
  values.forEach((value, cpu) => {
    if (value.length !== size) throw new TypeError(`values must all have ${size} bytes`)
    joined.set(value, cpu * stride)
  })
  return joined
}

/** A `struct xdp_md` (24 bytes) for `run`: the whole packet of `packetLength` bytes is data, as if it came in on
 * queue `queue` of `ifindex`.
 * @kernel none */
export function xdpContext(packetLength: number, ifindex = 0, queue = 0): Uint8Array {
  const context = new Uint8Array(24)
  const view = new DataView(context.buffer)
  view.setUint32(4, packetLength, littleEndian)
  view.setUint32(12, ifindex, littleEndian)
  view.setUint32(16, queue, littleEndian)
  return context
}

function pair(first: number, program: Descriptor | undefined): Uint8Array {
  const value = new Uint8Array(8)
  value.set(u32(first))
  if (program !== undefined) value.set(u32(program.fd), 4)
  return value
}

/** The descriptor of an argument; a `TypeError` that names it when it has none.
 * @internal */
export function fdOf(value: Descriptor, name: string, what: string): number {
  const fd: unknown = (value as Descriptor | undefined)?.fd
  if (typeof fd === 'number') return fd
  throw new TypeError(`${name} must be ${what}`)
}
