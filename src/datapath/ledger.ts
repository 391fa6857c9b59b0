// SPDX-License-Identifier: Apache-2.0
// Ledger: what this controller has written, byte for byte. Whoever else writes into the maps is found out and undone;
// what is in places that this controller does not use is somebody else's and stays.
import {
  Limit,
  Real_OFFSETS,
  Real_SIZE,
  RealFlag,
  RealInfo_OFFSETS,
  RealInfo_SIZE,
  readDir,
  readService,
  ServiceRef_SIZE,
  Settings_OFFSETS,
  Settings_SIZE,
  Vip_SIZE,
} from '../abi/generated.js'
import type { Protocol } from '../model/types.js'
import type { DirectoryName } from '../plan/actual.js'
import { linesOfMarks } from '../plan/marks.js'
import type { Op } from '../plan/ops.js'
import type { Range } from './arena.js'
import { and32, type Maps, or32, store32 } from './maps.js'
import { addressAt, REAL_FREE, REAL_TRASH } from './reals.js'
import type { Repair, RepairKind } from './repair.js'
import { DIRECTORY_OFFSET, MARKS_OFFSET } from './settings.js'

const LINE = Limit.LINE_BYTES
const NOWHERE: Range = { line: 0, lines: 0 }
const REAL_OPS: ReadonlySet<Op['op']> = new Set([
  'real-add',
  'real-revive',
  'real-edit',
  'real-trash',
  'real-stamp',
  'real-free',
] as const)
/** Of the flags of a real server, those that packets write too. */
const SHARED = RealFlag.REAL_OVERLOADED
/** Of the settings, what packets write, and tests. */
const OPEN = [Settings_OFFSETS.clock, Settings_OFFSETS.dropCounter]

export type Publication = `service ${number}` | `directory ${DirectoryName}` | `marks ${Protocol}`

/** A map of equal records, and the same as it should be. */
interface Copy {
  readonly map: Uint8Array
  readonly own: Uint8Array
  readonly size: number
}

interface Region extends Range {
  /** without the cursor's line, which packets write */
  readonly parts: readonly { readonly at: number; readonly bytes: Uint8Array }[]
}

export class Ledger {
  readonly #maps: Maps
  readonly #copies: Readonly<Record<'vip' | 'real' | 'service' | 'settings', Copy>>
  /** upper, lower and flags, three words each */
  readonly #terms: Uint32Array
  readonly #regions = new Map<Publication, Region>()
  /** first lines of what is not understood */
  readonly #strange: Range[] = []

  /** What is there now is taken as this controller's own, as far as it can be understood. */
  constructor(maps: Maps) {
    this.#maps = maps
    this.#copies = {
      vip: copyOf(maps.vips, Vip_SIZE),
      real: copyOf(maps.realInfo, RealInfo_SIZE),
      service: copyOf(maps.services, ServiceRef_SIZE),
      settings: copyOf(maps.settings, Settings_SIZE),
    }
    this.#terms = new Uint32Array(3 * maps.sizes.reals)
    for (let id = 1; id < maps.sizes.reals; id++) this.#adoptReal(id)
    for (let id = 1; id < maps.sizes.services; id++) this.#learnService(id)
    this.#learnDirectories()
  }

  ownsService(id: number): boolean {
    return this.#regions.has(`service ${id}`)
  }

  ownsReal(id: number): boolean {
    return this.#copies.real.own[id * RealInfo_SIZE + RealInfo_OFFSETS.used] !== REAL_FREE
  }

  /** What published pointers reach; nothing else has a line. */
  ranges(): Range[] {
    return [...this.#strange, ...[...this.#regions.values()].map(({ line, lines }) => ({ line, lines }))]
  }

  /** What is published under that name; nothing has line 0. */
  range(name: Publication): Range {
    return this.#regions.get(name) ?? NOWHERE
  }

  /** The operation has been carried out. */
  learn(op: Op, range: Range): void {
    if (op.op === 'vip-add' || op.op === 'vip-free') take(this.#copies.vip, op.id)
    if (op.op === 'directory-publish') this.#publish(`directory ${op.directory}`, range)
    if (op.op === 'marks-publish') this.#publish(`marks ${op.protocol}`, range)
    if (op.op === 'service-publish' || op.op === 'service-withdraw') this.#learnSwap(op.service.id, range)
    if (op.op === 'service-free') this.#learnSwap(op.id, NOWHERE)
    if (REAL_OPS.has(op.op)) this.#learnReal((op as Extract<Op, { op: 'real-add' }>).id)
  }

  #learnSwap(id: number, range: Range): void {
    take(this.#copies.service, id)
    this.#publish(`service ${id}`, range)
  }

  #learnReal(id: number): void {
    take(this.#copies.real, id)
    this.#learnTerms(id)
  }

  /** The settings are as they should be, all of them. */
  learnSettings(): void {
    take(this.#copies.settings, 0)
  }

  /** Makes the maps what they should be, pointers last. */
  mend(): readonly Repair[] {
    return [
      ...this.#mendCopy('vip', (id) => `VIP ${id}`),
      ...this.#mendCopy('real', (id) => `real server ${this.#addressOf(id)}`),
      ...this.#mendTerms(),
      ...this.#mendRegions(),
      ...this.#mendCopy('service', (id) => `the pointer to service ${id}`),
      ...this.mendSettings(),
    ]
  }

  #learnTerms(id: number): void {
    this.#terms.set(termsAt(this.#maps, id), 3 * id)
  }

  /** A record that no version of this controller can have written is somebody else's. */
  #adoptReal(id: number): void {
    const at = id * RealInfo_SIZE
    const { realInfo, sizes } = this.#maps
    const service = realInfo.getUint32(at + RealInfo_OFFSETS.service, true)
    const used = realInfo.getUint8(at + RealInfo_OFFSETS.used)
    if (used !== REAL_FREE && (used > REAL_TRASH || service === 0 || service >= sizes.services))
      this.#copies.real.own.fill(0, at, at + RealInfo_SIZE)
    this.#learnTerms(id)
  }

  /** A header that names another service is not one that this controller wrote. */
  #learnService(id: number): void {
    const line = this.#maps.services.getUint32(id * ServiceRef_SIZE, true)
    const inside = line !== 0 && (line + 2) * LINE <= this.#maps.tables.byteLength
    const header = inside ? readService(this.#maps.tables, line * LINE) : undefined
    const whole = header?.id === id && (line + header.lines) * LINE <= this.#maps.tables.byteLength
    if (whole) this.#publish(`service ${id}`, { line, lines: header.lines })
    else if (line !== 0) {
      this.#copies.service.own.fill(0, id * ServiceRef_SIZE, (id + 1) * ServiceRef_SIZE)
      if (inside) this.#strange.push({ line, lines: 1 })
    }
  }

  #learnDirectories(): void {
    for (const [name, offset] of Object.entries(DIRECTORY_OFFSET)) {
      const { line, mask } = readDir(this.#maps.settings, offset)
      this.#publish(`directory ${name as DirectoryName}`, { line, lines: line === 0 ? 0 : mask + 1 })
    }
    for (const [name, offset] of Object.entries(MARKS_OFFSET)) {
      const { line, mask } = readDir(this.#maps.settings, offset)
      this.#publish(`marks ${name as Protocol}`, { line, lines: line === 0 ? 0 : linesOfMarks(mask) })
    }
  }

  #publish(name: Publication, { line, lines }: Range): void {
    const bytes = new Uint8Array(this.#maps.tables.buffer, this.#maps.tables.byteOffset)
    const part = (from: number, to: number) => ({
      at: from * LINE,
      bytes: bytes.slice(from * LINE, to * LINE),
    })
    const end = line + lines
    const parts = name.startsWith('service')
      ? [part(line, line + 1), part(Math.min(line + 2, end), end)]
      : [part(line, end)]
    if (line === 0) this.#regions.delete(name)
    else this.#regions.set(name, { line, lines, parts })
  }

  /** Records that this controller has not in use are left alone. */
  #mendCopy(kind: 'vip' | 'real' | 'service', what: (id: number) => string): Repair[] {
    const copy = this.#copies[kind]
    if (Buffer.compare(copy.map, copy.own) === 0) return []
    const found: Repair[] = []
    for (let id = 1; id * copy.size < copy.own.length; id++) {
      const own = copy.own.subarray(id * copy.size, (id + 1) * copy.size)
      if (Buffer.compare(own, copy.map.subarray(id * copy.size, (id + 1) * copy.size)) === 0) continue
      if (!this.#uses(kind, id)) continue
      copy.map.set(own, id * copy.size)
      found.push({ kind, what: what(id) })
    }
    return found
  }

  #uses(kind: 'vip' | 'real' | 'service', id: number): boolean {
    if (kind === 'real') return this.ownsReal(id)
    if (kind === 'service') return this.ownsService(id)
    const { own, size } = this.#copies.vip
    return own.subarray(id * size, (id + 1) * size).some((byte) => byte !== 0)
  }

  #mendTerms(): Repair[] {
    const found: Repair[] = []
    for (let id = 1; id < this.#maps.sizes.reals; id++) {
      if (!this.ownsReal(id) || this.#hasTerms(id)) continue
      const [upper = 0, lower = 0, flags = 0] = this.#terms.subarray(3 * id, 3 * id + 3)
      store32(this.#maps.reals, id * Real_SIZE + Real_OFFSETS.upper, upper)
      store32(this.#maps.reals, id * Real_SIZE + Real_OFFSETS.lower, lower)
      or32(this.#maps.reals, id * Real_SIZE + Real_OFFSETS.flags, flags)
      and32(this.#maps.reals, id * Real_SIZE + Real_OFFSETS.flags, flags | SHARED)
      found.push({ kind: 'real', what: `flags and thresholds of real server ${this.#addressOf(id)}` })
    }
    return found
  }

  #hasTerms(id: number): boolean {
    const { reals } = this.#maps
    const at = id * Real_SIZE
    return (
      reals.getUint32(at + Real_OFFSETS.upper, true) === this.#terms[3 * id] &&
      reals.getUint32(at + Real_OFFSETS.lower, true) === this.#terms[3 * id + 1] &&
      (reals.getUint32(at + Real_OFFSETS.flags, true) & ~SHARED) >>> 0 === this.#terms[3 * id + 2]
    )
  }

  #mendRegions(): Repair[] {
    const found: Repair[] = []
    const map = new Uint8Array(this.#maps.tables.buffer, this.#maps.tables.byteOffset)
    for (const [name, { parts }] of this.#regions) {
      const wrong = parts.filter(
        ({ at, bytes }) => Buffer.compare(bytes, map.subarray(at, at + bytes.length)) !== 0,
      )
      for (const { at, bytes } of wrong) map.set(bytes, at)
      const kind: RepairKind = name.startsWith('service') ? 'service' : 'directory'
      if (wrong.length > 0) found.push({ kind, what: `the table of ${name}` })
    }
    return found
  }

  mendSettings(): readonly Repair[] {
    const { map, own } = this.#copies.settings
    for (const at of OPEN) own.set(map.subarray(at, at + 4), at)
    if (Buffer.compare(map.subarray(0, own.length), own) === 0) return []
    map.set(own)
    return [{ kind: 'settings', what: 'the settings' }]
  }

  #addressOf(id: number): string {
    const { own } = this.#copies.real
    const view = new DataView(own.buffer)
    const at = id * RealInfo_SIZE
    return addressAt(view, at, view.getUint8(at + RealInfo_OFFSETS.family))
  }
}

function copyOf(view: DataView, size: number): Copy {
  const map = new Uint8Array(view.buffer, view.byteOffset, Math.floor(view.byteLength / size) * size)
  return { map, own: map.slice(), size }
}

function take({ map, own, size }: Copy, id: number): void {
  own.set(map.subarray(id * size, (id + 1) * size), id * size)
}

function termsAt({ reals }: Maps, id: number): readonly [upper: number, lower: number, flags: number] {
  const at = id * Real_SIZE
  const word = (offset: number) => reals.getUint32(at + offset, true)
  return [word(Real_OFFSETS.upper), word(Real_OFFSETS.lower), (word(Real_OFFSETS.flags) & ~SHARED) >>> 0]
}
