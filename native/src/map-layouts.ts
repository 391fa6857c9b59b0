// SPDX-License-Identifier: Apache-2.0
// How keys and values of an object's maps are laid out, read from its type information. Pure: bytes in, values out.
import { type BtfArray, type BtfComposite, type BtfSection, type BtfType, parseBtf } from './gen-types/btf.js'

/** How bytes of a key or a value are to be read; plain data, which survives JSON. */
export type Layout = NumberLayout | ArrayLayout | StructLayout | OpaqueLayout

/** An integer, a truth value or an enum. */
export interface NumberLayout {
  /** Tells the kinds apart. */
  readonly kind: 'number'
  /** 1, 2, 4, 8 or 16. */
  readonly bytes: number
  /** Two's complement. */
  readonly signed: boolean
  /** Big-endian: declared as `__be16`, `__be32` or `__be64`. */
  readonly network: boolean
}

/** Elements, one after the other. */
export interface ArrayLayout {
  /** Tells the kinds apart. */
  readonly kind: 'array'
  /** How each element is laid out. */
  readonly of: Layout
  /** Elements. */
  readonly length: number
}

/** Members, each at its place. */
export interface StructLayout {
  /** Tells the kinds apart. */
  readonly kind: 'struct'
  /** The whole, padding included. */
  readonly bytes: number
  /** In the order of their declaration. */
  readonly members: readonly LayoutMember[]
}

/** Unions, pointers, structs with bitfields, and whatever else has no plain reading. */
export interface OpaqueLayout {
  /** Tells the kinds apart. */
  readonly kind: 'opaque'
  /** 0: not known. */
  readonly bytes: number
}

/** One member of a struct. */
export interface LayoutMember {
  /** As declared; empty when it has none. */
  readonly name: string
  /** Bytes from the start of the struct. */
  readonly offset: number
  /** How the member itself is laid out. */
  readonly layout: Layout
}

/** One map of an object. */
export interface MapLayout {
  /** `undefined`: not declared with a type. */
  readonly key: Layout | undefined
  /** `undefined`: not declared with a type. */
  readonly value: Layout | undefined
}

/** The layouts of an object's maps by their names: those declared in `.maps`, and sections of variables
 * (`.data…`, `.bss…`, `.rodata…`), whose value is a struct of the variables. `btf` is what `ObjectSpec.btf()`
 * gives.
 * @throws GenTypesError when the bytes are no BTF
 * @kernel none */
export function mapLayouts(btf: Uint8Array): Readonly<Record<string, MapLayout>> {
  const types = parseBtf(btf)
  const found: Record<string, MapLayout> = {}
  for (const section of types) {
    if (section.kind !== 'section') continue
    if (section.name === '.maps') Object.assign(found, declared(types, section))
    else if (/^\.(data|bss|rodata)/.test(section.name)) found[section.name] = variables(types, section)
  }
  return found
}

function declared(types: readonly BtfType[], section: BtfSection): Record<string, MapLayout> {
  const found: Record<string, MapLayout> = {}
  for (const id of section.variables) {
    const variable = types[id]
    if (variable?.kind !== 'var') continue
    const { type } = resolve(types, variable.type)
    if (type.kind !== 'struct') continue
    const behind = (name: string): Layout | undefined => {
      const member = type.members.find((each) => each.name === name)
      const pointer = member && resolve(types, member.type).type
      return pointer?.kind === 'pointer' ? layoutOf(types, pointer.type) : undefined
    }
    found[variable.name] = { key: behind('key'), value: behind('value') }
  }
  return found
}

/** Variables stand one after the other, each where its own size lets it. */
function variables(types: readonly BtfType[], section: BtfSection): MapLayout {
  let end = 0
  const members = section.variables.map((id): LayoutMember => {
    const variable = types[id]
    const layout = layoutOf(types, variable?.kind === 'var' ? variable.type : 0)
    const offset = Math.ceil(end / 8) * 8
    end = offset + bytesOf(layout)
    return { name: variable?.name ?? '', offset, layout }
  })
  return {
    key: { kind: 'number', bytes: 4, signed: false, network: false },
    value: { kind: 'struct', bytes: end, members },
  }
}

/** How many bytes it takes.
 * @kernel none */
export function bytesOf(layout: Layout): number {
  return layout.kind === 'array' ? layout.length * bytesOf(layout.of) : layout.bytes
}

/** No type is nested deeper; a damaged one that contains itself is. */
const DEEPEST = 32

function layoutOf(types: readonly BtfType[], id: number, depth = 0): Layout {
  const { type, network } = resolve(types, id)
  if (depth > DEEPEST) return { kind: 'opaque', bytes: 0 }
  switch (type.kind) {
    case 'int':
      return { kind: 'number', bytes: type.size, signed: type.encoding === 'signed', network }
    case 'enum':
      return { kind: 'number', bytes: type.size, signed: type.signed, network: false }
    case 'array':
      return arrayOf(types, type, depth)
    case 'struct':
      return structOf(types, type, depth)
    case 'union':
      return { kind: 'opaque', bytes: type.size }
    case 'pointer':
      return { kind: 'opaque', bytes: 8 }
    default:
      return { kind: 'opaque', bytes: 0 }
  }
}

function arrayOf(types: readonly BtfType[], { type, length }: BtfArray, depth: number): Layout {
  return { kind: 'array', of: layoutOf(types, type, depth + 1), length }
}

function structOf(
  types: readonly BtfType[],
  { size, members }: BtfComposite<'struct'>,
  depth: number,
): Layout {
  if (members.some(({ bits, bitOffset }) => bits !== 0 || bitOffset % 8 !== 0))
    return { kind: 'opaque', bytes: size }
  return {
    kind: 'struct',
    bytes: size,
    members: members.map(({ name, bitOffset, type }) => ({
      name,
      offset: bitOffset / 8,
      layout: layoutOf(types, type, depth + 1),
    })),
  }
}

const NETWORK = new Set(['__be16', '__be32', '__be64'])

/** The type behind typedefs and qualifiers. */
function resolve(types: readonly BtfType[], start: number): { type: BtfType; network: boolean } {
  let network = false
  let type = types[start]
  for (let steps = 0; steps < types.length && type !== undefined; steps++) {
    if (type.kind !== 'typedef' && type.kind !== 'qualifier') return { type, network }
    network ||= type.kind === 'typedef' && NETWORK.has(type.name)
    type = types[type.type]
  }
  return { type: { kind: 'other', name: '' }, network }
}
