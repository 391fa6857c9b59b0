// SPDX-License-Identifier: Apache-2.0
// BTF types -> the structs and enums that an object's variables and maps use, checked to be free of
// everything that has no plain meaning in a byte buffer. Still in C's own names.
import type { BtfArray, BtfComposite, BtfEnum, BtfInt, BtfMember, BtfType } from './btf.js'
import { GenTypesError } from './error.js'

export type Shape =
  | {
      readonly kind: 'scalar'
      readonly bytes: 1 | 2 | 4 | 8
      readonly signed: boolean
      readonly bigEndian: boolean
    }
  | { readonly kind: 'bool' }
  | { readonly kind: 'bytes'; readonly length: number }
  | { readonly kind: 'array'; readonly item: Shape; readonly length: number }
  | { readonly kind: 'struct'; readonly struct: StructModel }

export interface FieldModel {
  readonly name: string
  readonly offset: number
  readonly size: number
  readonly shape: Shape
  /** named pad, pad2, _pad, padding, ...: written as zero, not part of the value */
  readonly padding: boolean
}

export interface StructModel {
  readonly name: string
  readonly size: number
  readonly fields: readonly FieldModel[]
}

export interface EnumModel {
  readonly name: string
  /** BTF_KIND_ENUM64: values are bigints */
  readonly wide: boolean
  readonly values: readonly (readonly [string, bigint])[]
}

export interface Model {
  readonly enums: readonly EnumModel[]
  readonly structs: readonly StructModel[]
}

const PADDING = /^_*pad(ding)?_?\d*$/
const BIG_ENDIAN = new Set(['__be16', '__be32', '__be64'])
const FOREIGN_SECTIONS = new Set(['.kconfig', '.ksyms', 'license', 'version'])

/** A type behind its typedefs and qualifiers. */
interface Resolved {
  readonly type: BtfType
  /** its tag, or the typedef's name when it has no tag */
  readonly name: string
  readonly bigEndian: boolean
}

/**
 * Every struct and enum reachable from a global variable, or from the key and value of a map, in the order
 * in which they are met (members before the struct that holds them).
 */
export function layOut(types: readonly BtfType[]): Model {
  const builder = new Builder(types)
  for (const section of types) {
    if (section.kind !== 'section' || FOREIGN_SECTIONS.has(section.name)) continue
    for (const id of section.variables) {
      const variable = types[id]
      if (variable?.kind !== 'var')
        throw new GenTypesError(`BTF section ${section.name} lists something else than variables`)
      if (section.name === '.maps') builder.addMap(variable.type)
      else builder.addRoot(variable.type, `variable ${variable.name}`)
    }
  }
  return { enums: [...builder.enums.values()], structs: [...builder.structs.values()] }
}

class Builder {
  readonly enums = new Map<BtfType, EnumModel>()
  readonly structs = new Map<BtfType, StructModel>()
  readonly #types: readonly BtfType[]
  readonly #open = new Set<BtfType>()

  constructor(types: readonly BtfType[]) {
    this.#types = types
  }

  addMap(id: number): void {
    const { type } = this.#resolve(id)
    if (type.kind !== 'struct') return
    for (const member of type.members) {
      if (member.name !== 'key' && member.name !== 'value') continue
      const pointer = this.#resolve(member.type).type
      if (pointer.kind === 'pointer') this.addRoot(pointer.type, `map ${member.name}`)
    }
  }

  /** Variables of any other type (numbers, strings, pointers) have nothing to generate. */
  addRoot(id: number, where: string): void {
    const { type, name } = this.#resolve(id)
    if (type.kind === 'array') this.#once(type, where, () => this.addRoot(type.type, where))
    if (type.kind === 'enum') this.#enum(type, name, where)
    if (type.kind === 'struct') this.#struct(type, name, where)
    if (type.kind === 'union')
      throw new GenTypesError(`${where}: unions have no plain layout (union ${name || '(no name)'})`)
  }

  #resolve(start: number): Resolved {
    let alias = ''
    let bigEndian = false
    let id = start
    for (let steps = 0; steps <= this.#types.length; steps++) {
      const type = this.#types[id]
      if (type === undefined) throw new GenTypesError(`BTF type ${id} is missing`)
      if (type.kind !== 'typedef' && type.kind !== 'qualifier') {
        return { type, name: type.name || alias, bigEndian }
      }
      if (type.kind === 'typedef') {
        alias ||= type.name
        bigEndian ||= BIG_ENDIAN.has(type.name)
      }
      id = type.type
    }
    throw new GenTypesError(`BTF type ${start} refers to itself`)
  }

  #enum(type: BtfEnum, name: string, where: string): void {
    if (name === '') throw new GenTypesError(`${where}: the enum needs a name`)
    if (!this.enums.has(type)) this.enums.set(type, { name, wide: type.wide, values: type.values })
  }

  #struct(type: BtfComposite<'struct'>, name: string, where: string): StructModel {
    const known = this.structs.get(type)
    if (known !== undefined) return known
    if (name === '') throw new GenTypesError(`${where}: the struct needs a name`)
    const fields = this.#once(type, where, () => type.members.map((member) => this.#field(name, member)))
    refuseGaps(name, type.size, fields)
    const struct = { name, size: type.size, fields }
    this.structs.set(type, struct)
    return struct
  }

  /** No compiler makes a type that contains itself, a damaged file may. */
  #once<T>(type: BtfType, where: string, inside: () => T): T {
    if (this.#open.has(type)) throw new GenTypesError(`${where}: the type contains itself`)
    this.#open.add(type)
    const result = inside()
    this.#open.delete(type)
    return result
  }

  #field(struct: string, member: BtfMember): FieldModel {
    const where = `struct ${struct}, member ${member.name || '(no name)'}`
    if (member.bits !== 0 || member.bitOffset % 8 !== 0)
      throw new GenTypesError(`${where}: bitfields are not supported`)
    const { shape, size } = this.#shape(member.type, where)
    if (member.name === '') throw new GenTypesError(`${where}: anonymous members are not supported, name it`)
    return {
      name: member.name,
      offset: member.bitOffset / 8,
      size,
      shape,
      padding: PADDING.test(member.name),
    }
  }

  #shape(id: number, where: string): { shape: Shape; size: number } {
    const { type, name, bigEndian } = this.#resolve(id)
    switch (type.kind) {
      case 'int':
        return { shape: intShape(type, bigEndian, where), size: type.size }
      case 'enum':
        this.#enum(type, name, where)
        return {
          shape: { kind: 'scalar', bytes: width(type.size, where), signed: type.signed, bigEndian: false },
          size: type.size,
        }
      case 'array':
        return this.#array(type, where)
      case 'struct':
        return { shape: { kind: 'struct', struct: this.#struct(type, name, where) }, size: type.size }
      default:
        throw new GenTypesError(`${where}: ${REFUSED[type.kind] ?? `a ${type.kind} cannot be a member`}`)
    }
  }

  #array(type: BtfArray, where: string): { shape: Shape; size: number } {
    if (type.length === 0) throw new GenTypesError(`${where}: flexible arrays are not supported`)
    const item = this.#once(type, where, () => this.#shape(type.type, where))
    const size = item.size * type.length
    if (item.shape.kind === 'scalar' && item.shape.bytes === 1 && !item.shape.signed) {
      return { shape: { kind: 'bytes', length: type.length }, size }
    }
    return { shape: { kind: 'array', item: item.shape, length: type.length }, size }
  }
}

const REFUSED: Readonly<Record<string, string>> = {
  pointer: 'pointers mean nothing outside the kernel',
  union: 'unions have no plain layout',
  float: 'floats are not supported',
}

function intShape(type: BtfInt, bigEndian: boolean, where: string): Shape {
  if (type.bits !== type.size * 8 && type.encoding !== 'bool')
    throw new GenTypesError(`${where}: bitfields are not supported`)
  if (type.encoding === 'bool') return { kind: 'bool' }
  // char is text or bytes here, whatever the compiler thinks of its sign
  const signed = type.encoding === 'signed' && type.name !== 'char'
  return { kind: 'scalar', bytes: width(type.size, where), signed, bigEndian }
}

function width(size: number, where: string): 1 | 2 | 4 | 8 {
  if (size === 1 || size === 2 || size === 4 || size === 8) return size
  throw new GenTypesError(`${where}: integers of ${size * 8} bits are not supported`)
}

function refuseGaps(struct: string, size: number, fields: readonly FieldModel[]): void {
  if (fields.length === 0) throw new GenTypesError(`struct ${struct} has no members`)
  let end = 0
  for (const field of fields) {
    const gap = field.offset - end
    if (gap > 0)
      throw new GenTypesError(
        `struct ${struct}: ${gap} hidden bytes before member ${field.name}; add an explicit pad member`,
      )
    end = field.offset + field.size
  }
  const last = fields.at(-1)?.name
  if (end < size)
    throw new GenTypesError(
      `struct ${struct}: ${size - end} hidden bytes after member ${last}; add an explicit pad member`,
    )
  if (end > size) throw new GenTypesError(`struct ${struct}: member ${last} lies beyond its end`)
}
