// SPDX-License-Identifier: Apache-2.0
// Loaded BPF programs: what the kernel knows about them, running them on a packet, pins.
import { unlinkSync } from 'node:fs'
import { type NativeProgram, native, type ProgramInfo, type RunResult } from './native.js'
import type { Descriptor } from './values.js'

/** What to run a program on. */
export interface RunOptions {
  /** The packet: at least 14 bytes for XDP and tc, at most 16 MiB; none for programs of type `syscall`. */
  readonly data?: Uint8Array
  /** The context: `struct xdp_md` (24 bytes, see `xdpContext`) for XDP, `struct __sk_buff` for tc, the
   * program's own structure for `syscall`. */
  readonly context?: Uint8Array
  /** How often to run, 1 by default. Every repetition but the first sees the packet the one before left. */
  readonly repeat?: number
  /** Bytes of room for the packet that comes out, at most 16 MiB; by default the packet and a page. */
  readonly dataOutSize?: number
  /** Send the frames through the real stack instead of only returning the verdict (kernel 5.18). */
  readonly liveFrames?: boolean
  /** With `liveFrames`: frames per batch, 64 by default, at most 256. */
  readonly batchSize?: number
  /** Which CPU runs it; raw tracepoints only. */
  readonly cpu?: number
}

/** A program without an object file. */
export interface InstructionsOptions {
  /** For messages; the kernel keeps the first 15 bytes. */
  readonly name?: string
  /** libbpf's name of the type: `'xdp'`, `'sched_cls'`, `'socket_filter'`, … */
  readonly type: string
  /** `'GPL'` where a helper asks for it. */
  readonly license?: string
  /** Encoded instructions, 8 bytes each. */
  readonly instructions: Uint8Array
  /** The expected attach type's number, for types that have several. */
  readonly attachType?: number
}

const flagRunOnCpu = 1
const flagLiveFrames = 2
const xdpContextSize = 24
const skbContextSize = 192
const roomToGrow = 4096
const contextSizes: Record<string, number> = {
  xdp: xdpContextSize,
  sched_cls: skbContextSize,
  sched_act: skbContextSize,
}

/** Opens a pinned program.
 * @throws TypeError when the pin holds something else; BpfError `ENOENT`, `EACCES`
 * @kernel 4.13 */
export function openProgram(pinPath: string): BpfProgram {
  return new BpfProgram(native.Program.open(pinPath))
}

/** Opens a program by its id. Needs CAP_SYS_ADMIN.
 * @throws BpfError `ENOENT` when there is no such program, `EPERM`
 * @kernel 4.13 */
export function openProgramById(id: number): BpfProgram {
  return new BpfProgram(native.Program.byId(id))
}

/** Loads bare instructions, without an object file.
 * @throws TypeError when they are no multiple of 8 bytes; BpfError `EINVAL`, `EACCES` with the words of the
 * verifier in `log`, `EPERM`
 * @kernel 4.13, or that of the type */
export function loadInstructions(options: InstructionsOptions): BpfProgram {
  const { name = '', type, license = 'GPL', instructions, attachType } = options
  return new BpfProgram(native.Program.load(type, name, license, instructions, attachType))
}

/** Makes the kernel count run time and runs of every program until the returned handle is closed; costs some 20
 * ns per run.
 * @throws BpfError `EPERM` without CAP_SYS_ADMIN
 * @kernel 5.8 */
export function enableRunStats(): Disposable & { close(): void } {
  const close = native.enableRunStats()
  return { close, [Symbol.dispose]: close }
}

/** A live program. It owns its descriptor; the kernel frees it with the last descriptor, pin or link. */
export class BpfProgram implements Descriptor {
  readonly #handle: NativeProgram
  readonly #about: ProgramInfo

  /** @internal */
  constructor(handle: NativeProgram) {
    this.#handle = handle
    this.#about = handle.info()
  }

  /** The descriptor; it stays this object's. Throws once closed. */
  get fd(): number {
    return this.#handle.descriptor()
  }
  /** The name in the object file; for programs opened by pin or id the 15 bytes the kernel keeps. */
  get name(): string {
    return this.#about.name
  }
  /** libbpf's name of the type: `'xdp'`, `'sched_cls'`, `'syscall'`, … */
  get type(): string {
    return this.#about.type
  }
  /** The number by which `openProgramById` finds it. The kernel gives none twice while it runs. */
  get id(): number {
    return this.#about.id
  }
  /** Hash of the instructions, 16 hexadecimal digits. */
  get tag(): string {
    return this.#about.tag
  }

  /** What the kernel knows now: sizes, maps, run-time statistics.
   * @throws Error once closed
   * @kernel 4.13 */
  info(): ProgramInfo {
    return this.#handle.info()
  }

  /** Runs the program and returns its verdict, the packet and the context as it left them, and nanoseconds per
   * run.
   * @throws TypeError for wrong arguments; BpfError `EINVAL` for a packet or context the kernel does not
   * accept, `ENOSPC` when the packet outgrew `dataOutSize`, `ENOTSUPP` for types that cannot be run; Error once
   * closed
   * @kernel 4.12 for packets, 5.14 for `syscall`, 5.15 for XDP with a context, 5.18 for `liveFrames` */
  run(options: RunOptions): RunResult {
    const { data, context, repeat = 1, liveFrames = false, batchSize = 0, cpu } = options
    const silent = liveFrames || this.type === 'syscall'
    const dataOut = silent || data === undefined ? 0 : (options.dataOutSize ?? data.length + roomToGrow)
    const contextOut = silent || context === undefined ? 0 : (contextSizes[this.type] ?? 0)
    const times = this.type === 'syscall' || data === undefined ? 0 : repeat
    const flags = (liveFrames ? flagLiveFrames : 0) | (cpu === undefined ? 0 : flagRunOnCpu)
    return this.#handle.run(data, context, dataOut, contextOut, times, flags, cpu ?? 0, batchSize)
  }

  /** Keeps the program loaded under a path on a BPF file system.
   * @throws BpfError `EEXIST` when the path is taken, `EPERM` when it is on no BPF file system; Error once
   * closed
   * @kernel 4.4 */
  pin(path: string): void {
    this.#handle.pin(path)
  }

  /** Removes a pin; the program stays as long as anything else holds it.
   * @throws Error `ENOENT` of `node:fs` when there is no such file
   * @kernel 4.4 */
  unpin(path: string): void {
    unlinkSync(path)
  }

  /** Gives up the descriptor. Closing again does nothing; any other call then throws "… is closed".
   * @kernel any */
  close(): void {
    this.#handle.close()
  }

  /** `using`: closes. */
  [Symbol.dispose](): void {
    this.close()
  }
}
