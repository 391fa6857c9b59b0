// SPDX-License-Identifier: Apache-2.0
// The compiled addon and the shape of what it exports: bytes, numbers and text, already checked there.
import { createRequire } from 'node:module'
import { BpfError } from './errors.js'
import type { NativeOpenSocket, NativeSourceTowards, NativeTc } from './native-tc.js'
import type { OnPortion } from './reader.js'

export interface NativeMap {
  describe(): MapDescription
  descriptor(): number
  lookup(key: Uint8Array, out: Uint8Array, flags?: number): boolean
  take(key: Uint8Array, out: Uint8Array): boolean
  update(key: Uint8Array, value: Uint8Array, flags: number): void
  delete(key: Uint8Array): boolean
  nextKey(key: Uint8Array | undefined, out: Uint8Array): boolean
  lookupBatch(
    from: Uint8Array | undefined,
    next: Uint8Array,
    keys: Uint8Array,
    values: Uint8Array,
  ): { count: number; last: boolean }
  updateBatch(keys: Uint8Array, values: Uint8Array): number
  deleteBatch(keys: Uint8Array): number
  mmap(writable: boolean, longest: number): ArrayBuffer
  freeze(): void
  pin(path: string): void
  close(): void
}

export interface MapDescription {
  readonly name: string
  readonly type: string
  readonly keySize: number
  readonly valueSize: number
  readonly maxEntries: number
  readonly flags: number
  readonly id: number
  readonly transferSize: number
}

export interface NativeProgram {
  info(): ProgramInfo
  descriptor(): number
  run(
    data: Uint8Array | undefined,
    context: Uint8Array | undefined,
    dataOutSize: number,
    contextOutSize: number,
    repeat: number,
    flags: number,
    cpu: number,
    batchSize: number,
  ): RunResult
  pin(path: string): void
  close(): void
}

/** What the kernel knows about a loaded program. */
export interface ProgramInfo {
  /** The number by which `openProgramById` finds it. */
  readonly id: number
  /** As `BpfProgram.name`. */
  readonly name: string
  /** libbpf's name of the type. */
  readonly type: string
  /** Hash of the instructions, 16 hexadecimal digits. */
  readonly tag: string
  /** Nanoseconds since boot. */
  readonly loadTime: number
  /** 0 when the JIT is off or the caller may not know. */
  readonly jitedBytes: number
  /** Bytes of BPF after the verifier's rewriting; 0 when the caller may not know. */
  readonly translatedBytes: number
  /** Kernel 5.16 and later, 0 before. */
  readonly verifiedInstructions: number
  /** Nanoseconds in all; only counted while `enableRunStats()` is in force. */
  readonly runTimeNs: number
  /** Runs, counted while `enableRunStats()` is in force. */
  readonly runCount: number
  /** Runs left out because the program was running on that CPU already (kernel 5.12, 0 before). */
  readonly recursionMisses: number
  /** The maps it uses, for `openMapById`. */
  readonly mapIds: readonly number[]
}

/** What came of a run. */
export interface RunResult {
  /** For XDP the action: 0 aborted, 1 drop, 2 pass, 3 tx, 4 redirect. */
  readonly returnValue: number
  /** Nanoseconds, the mean of one repetition. */
  readonly durationNs: number
  /** The packet as the program left it. */
  readonly data: Uint8Array
  /** The context as the program left it. */
  readonly context: Uint8Array
}

export interface NativeLink {
  info(): { id: number; type: string; programId: number; first: number; second: number }
  descriptor(): number
  update(program: number, expected?: number): void
  detach(): void
  pin(path: string): void
  close(): void
}

export interface NativeObject {
  name(): string
  maps(): MapSpec[]
  programs(): ProgramSpec[]
  btf(): Uint8Array | undefined
  setMaxEntries(map: string, maxEntries: number): void
  setInitialValue(map: string, value: Uint8Array): void
  initialValue(map: string): Uint8Array
  reuseMap(map: string, existing: number): void
  setInnerMap(map: string, inner: number): void
  setAutoload(program: string, on: boolean): void
  load(): void
  map(name: string): NativeMap
  program(name: string): NativeProgram
  close(): void
}

/** A map as the object file describes it. */
export interface MapSpec {
  /** The name of the variable; internal maps are called after object and section. */
  readonly name: string
  /** libbpf's name of the type: `'array'`, `'lru_hash'`, … */
  readonly type: string
  /** Bytes. */
  readonly keySize: number
  /** Bytes of one value. */
  readonly valueSize: number
  /** Entries at most; bytes for ring buffers. */
  readonly maxEntries: number
  /** `mapFlags.…`, or-ed. */
  readonly flags: number
  /** Made by the compiler from a section of variables (`.rodata`, `.data`, `.bss`, …). */
  readonly internal: boolean
}

/** A program as the object file describes it. */
export interface ProgramSpec {
  /** The name of the function. */
  readonly name: string
  /** The section it is in, which tells its type: `'xdp'`, `'tc'`, … */
  readonly section: string
  /** libbpf's name of the type: `'xdp'`, `'sched_cls'`, … */
  readonly type: string
  /** Whether `load` loads it. */
  readonly autoload: boolean
  /** How many instructions of 8 bytes the file holds for it. */
  readonly instructions: number
}

export interface NativeReader {
  pause(): void
  resume(): void
  ref(): void
  unref(): void
  consume(): number
  close(): void
}

export interface NativeRingBuffer extends NativeReader {
  pending(): number
}

export interface NativePerfBuffer extends NativeReader {
  lost(): bigint
}

interface Addon {
  setErrorClass(errorClass: typeof BpfError): void
  readonly Object: new (
    source: Uint8Array,
    name?: string,
    pinRoot?: string,
    kernelBtf?: string,
  ) => NativeObject
  readonly Map: {
    open(path: string): NativeMap
    byId(id: number): NativeMap
    create(
      type: string,
      name: string,
      keySize: number,
      valueSize: number,
      maxEntries: number,
      flags: number,
      innerMap?: number,
    ): NativeMap
  }
  readonly Program: {
    open(path: string): NativeProgram
    byId(id: number): NativeProgram
    load(
      type: string,
      name: string,
      license: string,
      instructions: Uint8Array,
      attachType?: number,
    ): NativeProgram
  }
  readonly Link: {
    open(path: string): NativeLink
    byId(id: number): NativeLink
    create(
      operation: string,
      program: number,
      target: number,
      attachType: number,
      flags: number,
      subject?: string,
    ): NativeLink
    queryXdp(ifindex: number): {
      attached: number
      single: number
      native: number
      generic: number
      offload: number
    }
    query(target: number, attachType: number, subject?: string): number[]
  }
  readonly RingBuffer: new (
    map: number,
    maxRecords: number,
    maxBytes: number,
    onPortion: OnPortion,
  ) => NativeRingBuffer
  readonly PerfBuffer: new (
    map: number,
    maxRecords: number,
    maxBytes: number,
    onPortion: OnPortion,
    pagesPerCpu: number,
  ) => NativePerfBuffer
  readonly tc: NativeTc
  readonly openSocket: NativeOpenSocket
  readonly sourceTowards: NativeSourceTowards
  possibleCpus(): number
  jiffyNs(): number
  interfaceIndex(name: string): number | undefined
  libbpfVersion(): string
  probeMapType(type: string): boolean
  probeProgramType(type: string): boolean
  enableRunStats(): () => void
}

export const native: Addon = loadAddon()

/** The addon built in place, else the prebuilt one for this platform that the package carries. */
function loadAddon(): Addon {
  const require = createRequire(import.meta.url)
  const places = [
    '../build/Release/libbpf_ts.node',
    `../prebuilds/${process.platform}-${process.arch}/libbpf_ts.node`,
  ]
  const reasons: string[] = []
  for (const place of places) {
    try {
      const addon = require(place) as Addon
      addon.setErrorClass(BpfError)
      return addon
    } catch (error) {
      reasons.push(error instanceof Error ? (error.message.split('\n')[0] ?? '') : String(error))
    }
  }
  throw new Error(
    `libbpf-ts has no usable addon (build it with 'npm run build -w native'): ${reasons.join('; ')}`,
  )
}
