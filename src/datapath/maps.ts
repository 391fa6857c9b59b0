// SPDX-License-Identifier: Apache-2.0
// Every map of the datapath, open and mapped into memory: reading and publishing cost no system calls.
import type { BpfMap } from 'libbpf-ts'
import { Settings_OFFSETS } from '../abi/generated.js'
import { readSizes, SIZED, type Sizes } from './sizes.js'

/** Names of pins under maps/, and of maps in the object but for `settings`. */
export const MAP_NAMES = [
  ...SIZED,
  'overflow',
  'frags',
  'near',
  'handshakes',
  'tokens',
  'peers',
  'trace_filter',
  'trace_log',
  'settings',
] as const
export type MapName = (typeof MAP_NAMES)[number]

/** The object's name of a map. */
export function objectName(name: MapName): string {
  return name === 'settings' ? '.data.settings' : name
}

export type Handles = Readonly<Record<MapName, BpfMap>>

export interface Maps {
  readonly handles: Handles
  readonly sizes: Sizes
  readonly settings: DataView
  readonly ifaces: DataView
  readonly vips: DataView
  readonly reals: DataView
  readonly nexthops: DataView
  readonly services: DataView
  readonly tables: DataView
  readonly realInfo: DataView
  readonly serviceInfo: DataView
  readonly loads: DataView
  readonly persistents: DataView
  readonly verdicts: BigUint64Array
  readonly realStats: BigUint64Array
  readonly totals: BigUint64Array
  readonly serviceReasons: BigUint64Array
  readonly latencies: DataView
  readonly traceFilter: DataView
  /** read-only memory: a write ends the process */
  readonly conns4: DataView
  readonly conns6: DataView
  readonly templates: DataView
}

export function mapInto(handles: Handles): Maps {
  const view = (name: MapName) => new DataView(handles[name].mmap({ writable: true }))
  const fixed = (name: MapName) => new DataView(handles[name].mmap())
  const words = (name: MapName) => new BigUint64Array(handles[name].mmap({ writable: true }))
  return {
    handles,
    sizes: readSizes((name) => handles[name].maxEntries),
    settings: view('settings'),
    ifaces: view('ifaces'),
    vips: view('vips'),
    reals: view('reals'),
    nexthops: view('nexthops'),
    services: view('services'),
    tables: view('tables'),
    realInfo: view('real_info'),
    serviceInfo: view('service_info'),
    loads: view('loads'),
    persistents: view('persistents'),
    verdicts: words('verdicts'),
    realStats: words('real_stats'),
    totals: words('totals'),
    serviceReasons: words('service_reasons'),
    latencies: view('latencies'),
    traceFilter: view('trace_filter'),
    conns4: fixed('conns4'),
    conns6: fixed('conns6'),
    templates: fixed('templates'),
  }
}

/** Publishes a number: packets see the old one or the new one. `offset` is a multiple of 4. */
export function store32(view: DataView, offset: number, value: number): void {
  Atomics.store(new Int32Array(view.buffer, view.byteOffset + offset, 1), 0, value | 0)
}

/** Sets bits that packets may change at the same moment. */
export function or32(view: DataView, offset: number, bits: number): void {
  Atomics.or(new Int32Array(view.buffer, view.byteOffset + offset, 1), 0, bits | 0)
}

/** Clears those that are not in `bits`. */
export function and32(view: DataView, offset: number, bits: number): void {
  Atomics.and(new Int32Array(view.buffer, view.byteOffset + offset, 1), 0, bits | 0)
}

/** store32 for eight bytes. */
export function store64(view: DataView, offset: number, value: bigint): void {
  Atomics.store(new BigInt64Array(view.buffer, view.byteOffset + offset, 1), 0, BigInt.asIntN(64, value))
}

export function abiOf(settings: DataView): number {
  return settings.getUint32(Settings_OFFSETS.abi, true)
}
