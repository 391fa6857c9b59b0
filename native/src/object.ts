// SPDX-License-Identifier: Apache-2.0
// BPF object files: first a specification that can be looked at and changed, then a loaded object.
import { readFileSync } from 'node:fs'
import { basename } from 'node:path'
import { getSystemErrorMap, types } from 'node:util'
import { checkObject, FormatFault } from './elf-check.js'
import { BpfError } from './errors.js'
import { BpfMap } from './map.js'
import { type MapSpec, type NativeObject, native, type ProgramSpec } from './native.js'
import { BpfProgram } from './program.js'
import { fdOf } from './values.js'

/** How to read an object file. */
export interface OpenOptions {
  /** Name of the object in messages and of its internal maps; by default the file's name. */
  readonly name?: string
  /** Where maps that declare `pinning` are pinned at load; by default /sys/fs/bpf. */
  readonly pinRoot?: string
  /** A BTF file of the kernel to relocate against, instead of the running one's. */
  readonly kernelBtf?: string
}

/** Reads an object file, from a path or from memory. Asks nothing of the kernel and needs no privilege. The
 * bytes are not needed afterwards.
 * @throws TypeError when `source` is neither; BpfError `LIBBPF_ERRNO__FORMAT` when it is not a sound BPF
 * object, `LIBBPF_ERRNO__ENDIAN`, `ENOENT`, …
 * @kernel none */
export function openObject(source: string | Uint8Array, options: OpenOptions = {}): ObjectSpec {
  const fromPath = typeof source === 'string'
  const name = options.name ?? (fromPath ? basename(source).replace(/\..*/s, '') : undefined)
  const subject = fromPath ? source : (name ?? 'object')
  const bytes = fromPath ? readObject(source) : source
  if (!types.isUint8Array(bytes)) throw new TypeError('source must be a path or a Uint8Array')
  try {
    checkObject(bytes)
  } catch (error) {
    if (!(error instanceof FormatFault)) throw error
    throw new BpfError(
      'open object',
      subject,
      4001,
      'LIBBPF_ERRNO__FORMAT',
      'BPF object format invalid',
      error.message,
    )
  }
  return new ObjectSpec(new native.Object(bytes, name, options.pinRoot, options.kernelBtf))
}

function readObject(path: string): Uint8Array {
  try {
    return readFileSync(path)
  } catch (error) {
    const { errno = 0, code = '' } = error as NodeJS.ErrnoException
    const text = getSystemErrorMap().get(errno)?.[1]
    if (text === undefined) throw error
    throw new BpfError('open object', path, -errno, code, text, '')
  }
}

/** An object that is opened and not loaded. Every call throws "… is closed" after `load` or `close`. */
export class ObjectSpec {
  #handle: NativeObject | undefined
  /** The object's name. */
  readonly name: string

  /** @internal */
  constructor(handle: NativeObject) {
    this.#handle = handle
    this.name = handle.name()
  }

  /** The maps in the file, with the sizes set so far. */
  get maps(): readonly MapSpec[] {
    return this.#open.maps()
  }

  /** The programs in the file, chosen (`autoload`) or not. */
  get programs(): readonly ProgramSpec[] {
    return this.#open.programs()
  }

  /** The sections that hold programs, each once, in file order. */
  get sections(): readonly string[] {
    return [...new Set(this.programs.map((program) => program.section))]
  }

  /** The type information of the object as bytes, a copy; `undefined` when it was compiled without.
   * @kernel none */
  btf(): Uint8Array | undefined {
    return this.#open.btf()
  }

  /** Sets how many entries the map will hold; for ring buffers its bytes, which become a power of two of at
   * least a page. Sections of variables must keep their one: `load` fails otherwise. Throws a `TypeError` when
   * there is no such map.
   * @kernel none */
  setMaxEntries(map: string, n: number): void {
    this.#open.setMaxEntries(map, n)
  }

  /** Sets the whole content of `.rodata`, `.data…` or `.bss`, as it will be when programs start. Throws a
   * `TypeError` when `map` is none of these or `value` is not as long as the section.
   * @kernel none */
  setInitialValue(map: string, value: Uint8Array): void {
    this.#open.setInitialValue(map, value)
  }

  /** A copy of that content. Throws a `TypeError` when `map` is no section of variables.
   * @kernel none */
  initialValue(map: string): Uint8Array {
    return this.#open.initialValue(map)
  }

  /** Uses a map that exists instead of making one; `existing` may be closed afterwards. Type, sizes and flags
   * must be equal: `load` answers `EINVAL` otherwise.
   * @throws TypeError when there is no such map, or `existing` is none; BpfError
   * @kernel 4.13 */
  reuseMap(map: string, existing: BpfMap): void {
    this.#open.reuseMap(map, fdOf(existing, 'existing', 'a BpfMap'))
  }

  /** Says what the inner maps of a map of maps look like, where the file does not; `inner` may be closed after
   * `load`.
   * @throws TypeError when there is no such map, or `inner` is none; BpfError `EINVAL` when `map` is no map of
   * maps
   * @kernel 4.13 */
  setInnerMap(map: string, inner: BpfMap): void {
    this.#open.setInnerMap(map, fdOf(inner, 'inner', 'a BpfMap'))
  }

  /** Chooses whether `load` loads this program. Throws a `TypeError` when there is no such program.
   * @kernel none */
  setAutoload(program: string, on: boolean): void {
    this.#open.setAutoload(program, on)
  }

  /** Makes the maps and loads the programs. This uses up the specification, also when it fails; what was made
   * before the failure is given back. Needs CAP_BPF (and CAP_NET_ADMIN for network programs, CAP_PERFMON for
   * pointer arithmetic); CAP_SYS_ADMIN before kernel 5.8.
   * @throws BpfError whose `log` ends with the words of the verifier; `wholeLog` has all of them. `EPERM`,
   * `EACCES`, `EINVAL`, `ENOMEM`, …
   * @kernel 4.13, or what its programs and maps need */
  load(): BpfObject {
    const handle = this.#open
    this.#handle = undefined
    try {
      handle.load()
      return new BpfObject(handle)
    } catch (error) {
      handle.close()
      throw error
    }
  }

  /** Frees the specification. Closing again, or after `load`, does nothing.
   * @kernel none */
  close(): void {
    this.#handle?.close()
    this.#handle = undefined
  }

  /** `using`: closes. */
  [Symbol.dispose](): void {
    this.close()
  }

  get #open(): NativeObject {
    if (this.#handle === undefined) throw new Error(`specification '${this.name}' is closed`)
    return this.#handle
  }
}

/** A loaded object. Maps and programs taken from it own descriptors of their own: they may be closed before it
 * or after it, in any order. Links hold their programs, and programs their maps, in the kernel. */
export class BpfObject {
  readonly #handle: NativeObject
  /** The name of the object, as the specification had it. */
  readonly name: string
  /** The names of its maps. */
  readonly maps: string[]
  /** The names of the programs that were loaded. */
  readonly programs: string[]

  /** @internal */
  constructor(handle: NativeObject) {
    this.#handle = handle
    this.name = handle.name()
    this.maps = handle.maps().map((map) => map.name)
    this.programs = handle
      .programs()
      .filter((program) => program.autoload)
      .map((program) => program.name)
  }

  /** The map of that name; internal maps also by their section (`.rodata`). A new handle at every call.
   * @throws TypeError when there is no such map; BpfError `EMFILE`; Error once closed
   * @kernel 4.13 */
  map(name: string): BpfMap {
    return new BpfMap(this.#handle.map(name))
  }

  /** The program (function) of that name. A new handle at every call.
   * @throws TypeError when there is no such program or it was not chosen for loading; BpfError `EMFILE`; Error
   * once closed
   * @kernel 4.13 */
  program(name: string): BpfProgram {
    return new BpfProgram(this.#handle.program(name))
  }

  /** Gives up the object's own descriptors, those of its programs before those of its maps. What was taken from it
   * stays open. Closing again does nothing.
   * @kernel any */
  close(): void {
    this.#handle.close()
  }

  /** `using`: closes. */
  [Symbol.dispose](): void {
    this.close()
  }
}
