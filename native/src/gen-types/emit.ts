// SPDX-License-Identifier: Apache-2.0
// The checked layout -> TypeScript text. The text is a function of the layout alone: no paths, no times.
import type { EnumModel, FieldModel, Model, Shape, StructModel } from './layout.js'
import { enumeratorName, memberName, refuseDoubles, typeName } from './names.js'

/** Arrays of up to this many items, those of inner arrays counted, are read by a literal, longer ones by Array.from. */
const UNROLLED = 8

const HELPERS: Readonly<Record<string, string>> = {
  getBytes: `function getBytes(view: DataView, offset: number, length: number): Uint8Array {
  if (offset < 0 || offset + length > view.byteLength) throw new RangeError('Offset is outside the bounds of the DataView')
  return new Uint8Array(view.buffer, view.byteOffset + offset, length).slice()
}
`,
  setBytes: `function setBytes(view: DataView, offset: number, bytes: Uint8Array, length: number, field: string): void {
  if (bytes.length !== length) throw new RangeError(\`\${field} takes \${length} bytes, not \${bytes.length}\`)
  if (offset < 0 || offset + length > view.byteLength) throw new RangeError('Offset is outside the bounds of the DataView')
  new Uint8Array(view.buffer, view.byteOffset + offset, length).set(bytes)
}
`,
  setItems: `function setItems<T>(items: readonly T[], length: number, field: string, set: (item: T, index: number) => void): void {
  if (items.length !== length) throw new RangeError(\`\${field} takes \${length} items, not \${items.length}\`)
  items.forEach(set)
}
`,
  setZero: `function setZero(view: DataView, offset: number, length: number): void {
  for (let index = 0; index < length; index++) view.setUint8(offset + index, 0)
}
`,
}

/** The whole file after its header comment: enums, structs, then the helpers that they use. */
export function emit(model: Model, prefix: string): string {
  const named = [...model.enums, ...model.structs]
  refuseDoubles(
    named.map(({ name }) => [name, typeName(name, prefix)]),
    'types',
  )
  const enums = model.enums.map((item) => emitEnum(item, prefix))
  const structs = model.structs.map((item) => emitStruct(item, prefix))
  const body = [...enums, ...structs].join('\n')
  const helpers = Object.entries(HELPERS).filter(([name]) => body.includes(`${name}(`))
  return [body, ...helpers.map(([, text]) => text)].join('\n')
}

function emitEnum(model: EnumModel, prefix: string): string {
  const type = typeName(model.name, prefix)
  const values = model.values.map(([name, value]) => [name, enumeratorName(name, prefix), value] as const)
  refuseDoubles(
    values.map(([from, name]) => [from, name]),
    `enum ${model.name}`,
  )
  const suffix = model.wide ? 'n' : ''
  const names = new Map<bigint, string>()
  for (const [, name, value] of values) if (!names.has(value)) names.set(value, name)
  return [
    `/** enum ${model.name} */`,
    `export const ${type} = {`,
    ...values.map(([, name, value]) => `  ${name}: ${value}${suffix},`),
    '} as const',
    `export type ${type} = (typeof ${type})[keyof typeof ${type}]`,
    `/** Names by ${model.wide ? "the value's decimal text" : 'value'}; the first where several are equal. */`,
    `export const ${type}Names: Readonly<Record<${model.wide ? 'string' : 'number'}, string>> = {`,
    ...[...names].map(([value, name]) => `  ${value < 0n ? `'${value}'` : value}: '${name}',`),
    '}',
    '',
  ].join('\n')
}

function emitStruct(model: StructModel, prefix: string): string {
  const type = typeName(model.name, prefix)
  const fields = model.fields.filter((field) => !field.padding)
  refuseDoubles(
    fields.map((field) => [field.name, memberName(field.name)]),
    `struct ${model.name}`,
  )
  const context: Context = { type, prefix }
  return [
    `/** struct ${model.name}, ${model.size} bytes */`,
    `export interface ${type} {`,
    ...fields.map((field) => `  readonly ${memberName(field.name)}: ${typeText(field.shape, prefix)}`),
    '}',
    `export const ${type}_SIZE = ${model.size}`,
    `export const ${type}_OFFSETS = { ${fields.map((field) => `${memberName(field.name)}: ${field.offset}`).join(', ')} } as const`,
    `export function read${type}(view: DataView, offset: number): ${type} {`,
    '  return {',
    ...fields.map(
      (field) =>
        `    ${memberName(field.name)}: ${readText(field.shape, at('offset', field.offset), 0, prefix)},`,
    ),
    '  }',
    '}',
    `export function write${type}(view: DataView, offset: number, value: ${type}): void {`,
    ...model.fields.map((field) => `  ${writeField(field, context)}`),
    '}',
    `export const ${type}Codec = { size: ${type}_SIZE, read: read${type}, write: write${type} } as const`,
    '',
  ].join('\n')
}

interface Context {
  readonly type: string
  readonly prefix: string
}

function typeText(shape: Shape, prefix: string): string {
  switch (shape.kind) {
    case 'scalar':
      return shape.bytes === 8 ? 'bigint' : 'number'
    case 'bool':
      return 'boolean'
    case 'bytes':
      return 'Uint8Array'
    case 'struct':
      return typeName(shape.struct.name, prefix)
    case 'array': {
      const item = typeText(shape.item, prefix)
      return item.includes(' ') ? `readonly (${item})[]` : `readonly ${item}[]`
    }
  }
}

/** An expression that reads `shape` at the byte offset that the expression `base` gives. */
function readText(shape: Shape, base: string, depth: number, prefix: string): string {
  switch (shape.kind) {
    case 'scalar':
      return `view.get${accessor(shape)}(${base}${order(shape)})`
    case 'bool':
      return `view.getUint8(${base}) !== 0`
    case 'bytes':
      return `getBytes(view, ${base}, ${shape.length})`
    case 'struct':
      return `read${typeName(shape.struct.name, prefix)}(view, ${base})`
    case 'array': {
      const size = sizeOf(shape.item)
      if (itemsIn(shape) <= UNROLLED) {
        const items = Array.from({ length: shape.length }, (_, i) =>
          readText(shape.item, at(base, i * size), depth, prefix),
        )
        return `[${items.join(', ')}]`
      }
      const index = `i${depth}`
      return `Array.from({ length: ${shape.length} }, (_, ${index}) => ${readText(shape.item, `${base} + ${index} * ${size}`, depth + 1, prefix)})`
    }
  }
}

function writeField(field: FieldModel, context: Context): string {
  const base = at('offset', field.offset)
  if (field.padding) return `setZero(view, ${base}, ${field.size})`
  const name = memberName(field.name)
  return writeText(field.shape, `value.${name}`, base, 0, { ...context, type: `${context.type}.${name}` })
}

/** A statement that writes the expression `value`; `context.type` names the place in errors. */
function writeText(shape: Shape, value: string, base: string, depth: number, context: Context): string {
  switch (shape.kind) {
    case 'scalar':
      return `view.set${accessor(shape)}(${base}, ${value}${order(shape)})`
    case 'bool':
      return `view.setUint8(${base}, ${value} ? 1 : 0)`
    case 'bytes':
      return `setBytes(view, ${base}, ${value}, ${shape.length}, '${context.type}')`
    case 'struct':
      return `write${typeName(shape.struct.name, context.prefix)}(view, ${base}, ${value})`
    case 'array': {
      const item = writeText(
        shape.item,
        `item${depth}`,
        `${base} + i${depth} * ${sizeOf(shape.item)}`,
        depth + 1,
        context,
      )
      return `setItems(${value}, ${shape.length}, '${context.type}', (item${depth}, i${depth}) => ${item})`
    }
  }
}

function sizeOf(shape: Shape): number {
  switch (shape.kind) {
    case 'scalar':
      return shape.bytes
    case 'bool':
      return 1
    case 'bytes':
      return shape.length
    case 'struct':
      return shape.struct.size
    case 'array':
      return shape.length * sizeOf(shape.item)
  }
}

function itemsIn(shape: Shape): number {
  return shape.kind === 'array' ? shape.length * itemsIn(shape.item) : 1
}

function accessor(shape: Shape & { kind: 'scalar' }): string {
  const sign = shape.signed ? 'Int' : 'Uint'
  return shape.bytes === 8 ? `Big${sign}64` : `${sign}${shape.bytes * 8}`
}

function order(shape: Shape & { kind: 'scalar' }): string {
  return shape.bytes === 1 ? '' : `, ${!shape.bigEndian}`
}

/** `base + n`, folding a number that is already there. */
function at(base: string, n: number): string {
  if (n === 0) return base
  const folded = /^(.*) \+ (\d+)$/.exec(base)
  return folded === null ? `${base} + ${n}` : `${folded[1]} + ${Number(folded[2]) + n}`
}
