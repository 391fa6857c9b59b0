// SPDX-License-Identifier: Apache-2.0
// BTF bytes -> a list of types whose index is the BTF type id. Knows the format
// (Documentation/bpf/btf.rst of the kernel), nothing of TypeScript.
import { textAt } from './elf.js'
import { GenTypesError } from './error.js'

export interface BtfMember {
  readonly name: string
  readonly type: number
  readonly bitOffset: number
  /** 0: not declared as a bitfield */
  readonly bits: number
}

export interface BtfInt {
  readonly kind: 'int'
  readonly name: string
  readonly size: number
  readonly bits: number
  readonly encoding: 'unsigned' | 'signed' | 'char' | 'bool'
}

export interface BtfComposite<Kind extends 'struct' | 'union'> {
  readonly kind: Kind
  readonly name: string
  readonly size: number
  readonly members: readonly BtfMember[]
}

export interface BtfArray {
  readonly kind: 'array'
  readonly name: string
  readonly type: number
  readonly length: number
}

export interface BtfEnum {
  readonly kind: 'enum'
  readonly name: string
  readonly size: number
  readonly signed: boolean
  /** BTF_KIND_ENUM64 */
  readonly wide: boolean
  readonly values: readonly (readonly [string, bigint])[]
}

export interface BtfReference {
  readonly kind: 'pointer' | 'typedef' | 'qualifier' | 'var'
  readonly name: string
  readonly type: number
}

export interface BtfSection {
  readonly kind: 'section'
  readonly name: string
  readonly variables: readonly number[]
}

export interface BtfOpaque {
  readonly kind: 'void' | 'float' | 'other'
  readonly name: string
}

export type BtfType =
  | BtfInt
  | BtfComposite<'struct'>
  | BtfComposite<'union'>
  | BtfArray
  | BtfEnum
  | BtfReference
  | BtfSection
  | BtfOpaque

/** One type being read: the header's fields and the bytes that follow it. */
interface Raw {
  readonly name: string
  readonly count: number
  readonly flag: boolean
  /** size in bytes or id of another type, by kind */
  readonly size: number
  readonly extra: DataView
  readonly text: (offset: number) => string
}

interface Kind {
  readonly extra: (count: number) => number
  readonly read: (raw: Raw) => BtfType
}

const reference = (kind: BtfReference['kind']): Kind => ({
  extra: () => (kind === 'var' ? 4 : 0),
  read: (raw) => ({ kind, name: raw.name, type: raw.size }),
})
const composite = (kind: 'struct' | 'union'): Kind => ({
  extra: (count) => count * 12,
  read: (raw) => ({ kind, name: raw.name, size: raw.size, members: members(raw) }) as BtfType,
})
const opaque = (bytes: number, each = 0): Kind => ({
  extra: (count) => bytes + count * each,
  read: (raw) => ({ kind: 'other', name: raw.name }),
})

/** Index: BTF_KIND_*. */
const KINDS: readonly (Kind | undefined)[] = [
  undefined,
  { extra: () => 4, read: readInt },
  reference('pointer'),
  { extra: () => 12, read: readArray },
  composite('struct'),
  composite('union'),
  { extra: (count) => count * 8, read: (raw) => readEnum(raw, false) },
  opaque(0), // FWD
  reference('typedef'),
  reference('qualifier'), // volatile
  reference('qualifier'), // const
  reference('qualifier'), // restrict
  opaque(0), // FUNC
  opaque(0, 8), // FUNC_PROTO
  reference('var'),
  { extra: (count) => count * 12, read: readSection },
  { extra: () => 0, read: (raw) => ({ kind: 'float', name: raw.name }) },
  opaque(4), // DECL_TAG
  reference('qualifier'), // TYPE_TAG
  { extra: (count) => count * 12, read: (raw) => readEnum(raw, true) },
]

/** Parses the contents of a `.BTF` section. Element 0 is void. Throws GenTypesError on anything it cannot read whole. */
export function parseBtf(bytes: Uint8Array): BtfType[] {
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength)
  if (bytes.length < 24 || view.getUint16(0, true) !== 0xeb9f)
    throw new GenTypesError('the .BTF section holds no BTF')
  if (view.getUint8(2) !== 1) throw new GenTypesError(`BTF version ${view.getUint8(2)} is not known`)
  const header = view.getUint32(4, true)
  const part = (at: number): Uint8Array => {
    const start = header + view.getUint32(at, true)
    const end = start + view.getUint32(at + 4, true)
    if (end > bytes.length) throw new GenTypesError('the BTF is cut')
    return bytes.subarray(start, end)
  }
  return readTypes(part(8), part(16))
}

function readTypes(bytes: Uint8Array, strings: Uint8Array): BtfType[] {
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength)
  const text = (offset: number): string => {
    const found = textAt(strings, offset)
    if (found === undefined) throw new GenTypesError('the BTF is cut: a name lies beyond its strings')
    return found
  }
  const types: BtfType[] = [{ kind: 'void', name: 'void' }]
  for (let at = 0; at < bytes.length; ) {
    if (at + 12 > bytes.length) throw new GenTypesError('the BTF is cut inside a type')
    const info = view.getUint32(at + 4, true)
    const kind = KINDS[(info >>> 24) & 0x1f]
    if (kind === undefined) throw new GenTypesError(`BTF kind ${(info >>> 24) & 0x1f} is not known`)
    const count = info & 0xffff
    const size = kind.extra(count)
    if (at + 12 + size > bytes.length) throw new GenTypesError('the BTF is cut inside a type')
    const extra = new DataView(bytes.buffer, bytes.byteOffset + at + 12, size)
    const name = text(view.getUint32(at, true))
    types.push(
      kind.read({ name, count, flag: info >>> 31 === 1, size: view.getUint32(at + 8, true), extra, text }),
    )
    at += 12 + size
  }
  return types
}

function readInt(raw: Raw): BtfType {
  const data = raw.extra.getUint32(0, true)
  const encoding = (data >>> 24) & 0xf
  const name = encoding & 4 ? 'bool' : encoding & 2 ? 'char' : encoding & 1 ? 'signed' : 'unsigned'
  return { kind: 'int', name: raw.name, size: raw.size, bits: data & 0xff, encoding: name }
}

function readArray(raw: Raw): BtfType {
  return { kind: 'array', name: '', type: raw.extra.getUint32(0, true), length: raw.extra.getUint32(8, true) }
}

function members(raw: Raw): BtfMember[] {
  return Array.from({ length: raw.count }, (_, index) => {
    const offset = raw.extra.getUint32(index * 12 + 8, true)
    return {
      name: raw.text(raw.extra.getUint32(index * 12, true)),
      type: raw.extra.getUint32(index * 12 + 4, true),
      bitOffset: raw.flag ? offset & 0xffffff : offset,
      bits: raw.flag ? offset >>> 24 : 0,
    }
  })
}

function readEnum(raw: Raw, wide: boolean): BtfType {
  const step = wide ? 12 : 8
  const values = Array.from({ length: raw.count }, (_, index): [string, bigint] => {
    const low = BigInt(raw.extra.getUint32(index * step + 4, true))
    const high = wide ? BigInt(raw.extra.getUint32(index * step + 8, true)) : 0n
    const value = (high << 32n) | low
    return [
      raw.text(raw.extra.getUint32(index * step, true)),
      raw.flag ? BigInt.asIntN(wide ? 64 : 32, value) : value,
    ]
  })
  return { kind: 'enum', name: raw.name, size: raw.size, signed: raw.flag, wide, values }
}

function readSection(raw: Raw): BtfType {
  const variables = Array.from({ length: raw.count }, (_, index) => raw.extra.getUint32(index * 12, true))
  return { kind: 'section', name: raw.name, variables }
}
