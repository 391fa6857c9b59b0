// SPDX-License-Identifier: Apache-2.0
// libbpf-ts: libbpf for Node. Everything the package offers, by name.
import { native } from './native.js'

export { BpfError } from './errors.js'
export { type Capability, type Feature, features } from './features.js'
export { GenTypesError, type GenTypesOptions, generateTypes } from './gen-types/index.js'
export * from './link.js'
export * from './map.js'
export type { Chunk } from './map-bulk.js'
export type { MapSpec, ProgramInfo, ProgramSpec, RunResult } from './native.js'
export type { TcFilter } from './native-tc.js'
export * from './object.js'
export * from './perfbuf.js'
export * from './program.js'
export { type ReaderOptions, RecordReader } from './reader.js'
export * from './ringbuf.js'
export * from './route/index.js'
export * from './socket.js'
export * from './tc.js'
export * from './typed-map.js'
export {
  cpuValue,
  type Descriptor,
  deviceValue,
  joinCpus,
  littleEndian,
  prefixKey,
  readU32,
  readU64,
  splitCpus,
  u32,
  xdpContext,
} from './values.js'

/** How many CPUs this machine may ever have: the number of values a per-CPU map keeps for a key.
 * @throws BpfError when /sys/devices/system/cpu/possible cannot be read
 * @kernel any */
export function possibleCpus(): number {
  return native.possibleCpus()
}

/** The length of a jiffy of the running kernel, ns: what `bpf_jiffies64()` counts in.
 * @throws BpfError when the kernel has no coarse clock
 * @kernel 2.6 */
export function jiffyNs(): number {
  return native.jiffyNs()
}

/** The index of an interface of this thread's network namespace; undefined when there is none of that name.
 * @throws TypeError; BpfError when the kernel cannot be asked
 * @kernel any */
export function interfaceIndex(name: string): number | undefined {
  return native.interfaceIndex(name)
}

/** The version of the libbpf in use, as `'v1.1'`.
 * @kernel none */
export function libbpfVersion(): string {
  return native.libbpfVersion()
}
