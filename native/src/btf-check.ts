// SPDX-License-Identifier: Apache-2.0
// Is this type information sound? Every name inside the strings, every reference to a type that is there,
// and no type made of itself.
import { FormatFault } from './elf-check.js'

interface Types {
  readonly view: DataView
  /** Where each type begins; index 0 is void. */
  readonly starts: readonly number[]
  readonly stringSize: number
}

interface Kind {
  /** Bytes after the first twelve. */
  readonly extra: (count: number) => number
  /** The word at 8 is a type's number, not a size. */
  readonly refers: boolean
  /** Offsets, within one item of `step` bytes from `from`, of names and of type numbers. */
  readonly items?: {
    readonly step: number
    readonly names: readonly number[]
    readonly types: readonly number[]
  }
}

const plain = (bytes = 0): Kind => ({ extra: () => bytes, refers: false })
const reference = (bytes = 0): Kind => ({ extra: () => bytes, refers: true })
const listed = (step: number, names: readonly number[], types: readonly number[], refers = false): Kind => ({
  extra: (count) => count * step,
  refers,
  items: { step, names, types },
})

const arrayKind = 3
const typedefKind = 8
const functionKind = 12
const prototypeKind = 13
const variableKind = 14
const sectionKind = 15

/** By the format's number of the kind. */
const kinds: readonly (Kind | undefined)[] = [
  undefined,
  plain(4), // integer
  reference(), // pointer
  { extra: () => 12, refers: false, items: { step: 12, names: [], types: [0, 4] } }, // array
  listed(12, [0], [4]), // struct
  listed(12, [0], [4]), // union
  listed(8, [0], []), // enum
  plain(), // forward declaration
  reference(), // typedef
  reference(), // volatile
  reference(), // const
  reference(), // restrict
  reference(), // function
  listed(8, [0], [4], true), // prototype
  reference(4), // variable
  listed(12, [], [0]), // section
  plain(), // float
  reference(4), // declaration tag
  reference(), // type tag
  listed(12, [0], []), // 64-bit enum
]

const headerSize = 24
const deepest = 64

export function checkBtf(bytes: Uint8Array): void {
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength)
  need(bytes.length >= headerSize && view.getUint16(0, true) === 0xeb9f, 'no header')
  const header = view.getUint32(4, true)
  need(header >= headerSize && header <= bytes.length, 'a header of a wrong size')
  const part = (at: number): [number, number] => {
    const start = header + view.getUint32(at, true)
    const end = start + view.getUint32(at + 4, true)
    need(end <= bytes.length, 'a part beyond its end')
    return [start, end]
  }
  const [strings, stringsEnd] = part(16)
  const stringSize = stringsEnd - strings
  need(stringSize > 0 && bytes[strings] === 0 && bytes[stringsEnd - 1] === 0, 'strings without end')
  const types = { view, stringSize, starts: startsOf(view, ...part(8)) }
  for (let id = 1; id < types.starts.length; id++) checkType(types, id)
  for (let id = 1; id < types.starts.length; id++) checkDepth(types, id)
}

/** Checks the header and that the three parts lie inside; libbpf itself checks what is in them. */
export function checkBtfExt(bytes: Uint8Array): void {
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength)
  need(bytes.length >= headerSize && view.getUint16(0, true) === 0xeb9f, 'no extension header')
  const header = view.getUint32(4, true)
  const parts = header >= 32 && bytes.length >= 32 ? [8, 16, 24] : [8, 16]
  for (const at of parts) {
    const end = header + view.getUint32(at, true) + view.getUint32(at + 4, true)
    need(end <= bytes.length, 'an extension beyond its end')
  }
}

function startsOf(view: DataView, start: number, end: number): number[] {
  const starts = [0]
  for (let at = start; at < end; ) {
    need(at + 12 <= end, 'a type that is cut')
    const kind = kinds[kindAt(view, at)]
    need(kind !== undefined, 'a type of no known kind')
    starts.push(at)
    at += 12 + kind.extra(countAt(view, at))
    need(at <= end, 'a type that is cut')
  }
  return starts
}

function checkType(types: Types, id: number): void {
  const { view } = types
  const at = types.starts[id] ?? 0
  const number = kindAt(view, at)
  const kind = kinds[number]
  const checkName = (where: number) => {
    need(view.getUint32(where, true) < types.stringSize, `type ${id}: a name beyond the strings`)
  }
  const checkReference = (where: number) => {
    need(view.getUint32(where, true) < types.starts.length, `type ${id}: made of a type that is not there`)
  }
  checkName(at)
  if (kind?.refers) checkReference(at + 8)
  if (kind?.items === undefined) return
  const count = number === arrayKind ? 1 : countAt(view, at)
  for (let i = 0; i < count; i++) {
    const item = at + 12 + i * kind.items.step
    kind.items.names.forEach((offset) => void checkName(item + offset))
    kind.items.types.forEach((offset) => void checkReference(item + offset))
  }
  if (number === sectionKind) checkVariables(types, id, at, count)
  if (number === functionKind)
    need(
      kindOf(types, view.getUint32(at + 8, true)) === prototypeKind,
      `type ${id}: a function without prototype`,
    )
}

/** The entries of a section are variables, or functions the file only declares. */
function checkVariables(types: Types, id: number, at: number, count: number): void {
  for (let i = 0; i < count; i++) {
    const kind = kindOf(types, types.view.getUint32(at + 12 + i * 12, true))
    need(kind === variableKind || kind === functionKind, `type ${id}: a section of something else`)
  }
}

/** Follows what a type contains; pointers end the way, so only a loop is this deep. */
function checkDepth(types: Types, id: number): void {
  let current = id
  for (let depth = 0; depth <= deepest; depth++) {
    const next = containedIn(types, current)
    if (next === 0) return
    current = next
  }
  throw new FormatFault(`.BTF: type ${id}: made of itself`)
}

function containedIn(types: Types, id: number): number {
  const at = types.starts[id] ?? 0
  const kind = kindOf(types, id)
  if (kind === arrayKind) return types.view.getUint32(at + 12, true)
  const transparent = (kind >= typedefKind && kind <= 11) || kind === variableKind || kind === 18
  return transparent ? types.view.getUint32(at + 8, true) : 0
}

function kindOf(types: Types, id: number): number {
  const at = types.starts[id] ?? 0
  return id === 0 ? 0 : kindAt(types.view, at)
}

function kindAt(view: DataView, at: number): number {
  return (view.getUint32(at + 4, true) >>> 24) & 0x1f
}

function countAt(view: DataView, at: number): number {
  return view.getUint32(at + 4, true) & 0xffff
}

function need(condition: boolean, fault: string): asserts condition {
  if (!condition) throw new FormatFault(`.BTF: ${fault}`)
}
