// SPDX-License-Identifier: Apache-2.0
import { describe, expect, test } from 'vitest'
import { generateTypes } from '../src/gen-types/index.js'
import { compile } from './gen-types-compile.js'

const generate = (source: string, prefixStrip = 'demo_') => generateTypes(compile(source), { prefixStrip })

describe('a struct', () => {
  test('becomes an interface, size, offsets, reader and writer, byte order as in C', () => {
    const source = `struct demo_flow { __be32 client_addr; __be16 port; __u8 mac[6]; int delta; __u64 bytes; __be64 order; _Bool up; __u8 pad[7]; };
struct demo_flow one;`
    expect(generate(source)).toBe(`/** struct demo_flow, 40 bytes */
export interface Flow {
  readonly clientAddr: number
  readonly port: number
  readonly mac: Uint8Array
  readonly delta: number
  readonly bytes: bigint
  readonly order: bigint
  readonly up: boolean
}
export const Flow_SIZE = 40
export const Flow_OFFSETS = { clientAddr: 0, port: 4, mac: 6, delta: 12, bytes: 16, order: 24, up: 32 } as const
export function readFlow(view: DataView, offset: number): Flow {
  return {
    clientAddr: view.getUint32(offset, false),
    port: view.getUint16(offset + 4, false),
    mac: getBytes(view, offset + 6, 6),
    delta: view.getInt32(offset + 12, true),
    bytes: view.getBigUint64(offset + 16, true),
    order: view.getBigUint64(offset + 24, false),
    up: view.getUint8(offset + 32) !== 0,
  }
}
export function writeFlow(view: DataView, offset: number, value: Flow): void {
  view.setUint32(offset, value.clientAddr, false)
  view.setUint16(offset + 4, value.port, false)
  setBytes(view, offset + 6, value.mac, 6, 'Flow.mac')
  view.setInt32(offset + 12, value.delta, true)
  view.setBigUint64(offset + 16, value.bytes, true)
  view.setBigUint64(offset + 24, value.order, false)
  view.setUint8(offset + 32, value.up ? 1 : 0)
  setZero(view, offset + 33, 7)
}
export const FlowCodec = { size: Flow_SIZE, read: readFlow, write: writeFlow } as const

function getBytes(view: DataView, offset: number, length: number): Uint8Array {
  if (offset < 0 || offset + length > view.byteLength) throw new RangeError('Offset is outside the bounds of the DataView')
  return new Uint8Array(view.buffer, view.byteOffset + offset, length).slice()
}

function setBytes(view: DataView, offset: number, bytes: Uint8Array, length: number, field: string): void {
  if (bytes.length !== length) throw new RangeError(\`\${field} takes \${length} bytes, not \${bytes.length}\`)
  if (offset < 0 || offset + length > view.byteLength) throw new RangeError('Offset is outside the bounds of the DataView')
  new Uint8Array(view.buffer, view.byteOffset + offset, length).set(bytes)
}

function setZero(view: DataView, offset: number, length: number): void {
  for (let index = 0; index < length; index++) view.setUint8(offset + index, 0)
}
`)
  })

  test('may hold structs, arrays of structs, arrays of arrays, and arrays too long for a literal', () => {
    const text = generate(`struct demo_in { __u16 a; __u16 b; };
struct demo_out { struct demo_in first; struct demo_in two[2]; __be16 grid[2][2]; __u32 pad; __u64 many[9]; struct demo_in lots[9]; __u32 pad2; };
struct demo_out one;`)
    expect(text).toContain('readonly first: In\n')
    expect(text).toContain('readonly two: readonly In[]\n')
    expect(text).toContain('readonly grid: readonly (readonly number[])[]\n')
    expect(text).toContain('readonly many: readonly bigint[]\n')
    expect(text).toContain('first: readIn(view, offset),')
    expect(text).toContain('two: [readIn(view, offset + 4), readIn(view, offset + 8)],')
    expect(text).toContain(
      'grid: [[view.getUint16(offset + 12, false), view.getUint16(offset + 14, false)], [view.getUint16(offset + 16, false), view.getUint16(offset + 18, false)]],',
    )
    expect(text).toContain(
      'many: Array.from({ length: 9 }, (_, i0) => view.getBigUint64(offset + 24 + i0 * 8, true)),',
    )
    expect(text).toContain('lots: Array.from({ length: 9 }, (_, i0) => readIn(view, offset + 96 + i0 * 4)),')
    expect(text).toContain(
      "setItems(value.grid, 2, 'Out.grid', (item0, i0) => setItems(item0, 2, 'Out.grid', (item1, i1) => view.setUint16(offset + 12 + i0 * 4 + i1 * 2, item1, false)))",
    )
    expect(text.indexOf('interface In')).toBeLessThan(text.indexOf('interface Out'))
  })

  test('without a tag is known by its typedef', () => {
    expect(generate('typedef struct { __u32 a; } demo_pair_t; demo_pair_t one;')).toContain(
      'export interface PairT {',
    )
  })

  test('that is packed keeps its places', () => {
    const text = generate('struct demo_p { __u8 a; __u32 b; } __attribute__((packed)); struct demo_p one;')
    expect(text).toContain('P_SIZE = 5\n')
    expect(text).toContain('b: view.getUint32(offset + 1, true)')
  })

  test('is found through arrays, constants and the keys and values of map definitions', () => {
    const text =
      generate(`struct demo_key { __u32 a; }; struct demo_value { __u64 n; }; struct demo_table { __u32 t; };
struct demo_setting { __u32 s; };
struct { int (*type)[1]; int (*max_entries)[8]; struct demo_key *key; struct demo_value *value; } flows __attribute__((section(".maps"), used));
struct demo_table table[4];
const volatile struct demo_setting setting;
char terms[] __attribute__((section("license"), used)) = "GPL";
__u32 plain; void *pointer;`)
    const found = [...text.matchAll(/export interface (\w+)/g)].map((match) => match[1])
    expect(found.sort()).toEqual(['Key', 'Setting', 'Table', 'Value'])
  })
})

describe('an enum', () => {
  test('becomes a table of values and one of names, the prefix off both', () => {
    expect(
      generate(
        'enum demo_color { DEMO_RED, DEMO_DARK_RED = 5, OTHER = 7, DEMO_ALSO_RED = 0 }; enum demo_color one;',
      ),
    ).toBe(
      `/** enum demo_color */
export const Color = {
  RED: 0,
  DARK_RED: 5,
  OTHER: 7,
  ALSO_RED: 0,
} as const
export type Color = (typeof Color)[keyof typeof Color]
/** Names by value; the first where several are equal. */
export const ColorNames: Readonly<Record<number, string>> = {
  0: 'RED',
  5: 'DARK_RED',
  7: 'OTHER',
}
`,
    )
  })

  test('keeps values of 2^31 and more, and negative ones', () => {
    expect(
      generate('enum demo_bits { DEMO_TOP = 0x80000000u, DEMO_ALL = 0xffffffffu }; enum demo_bits one;'),
    ).toContain('  TOP: 2147483648,\n  ALL: 4294967295,\n')
    const signed = generate(
      'enum demo_sign { DEMO_LOW = -2147483647 - 1, DEMO_HIGH = 3 }; enum demo_sign one;',
    )
    expect(signed).toContain('  LOW: -2147483648,\n')
    expect(signed).toContain("  '-2147483648': 'LOW',\n")
  })

  test('wider than 32 bits has bigint values', () => {
    const text = generate(
      'enum demo_wide { DEMO_BIG = 0x123456789abULL, DEMO_SMALL = 1 }; enum demo_wide one;',
    )
    expect(text).toContain(`  BIG: ${0x123456789abn}n,\n  SMALL: 1n,\n`)
    expect(text).toContain(`WideNames: Readonly<Record<string, string>> = {\n  ${0x123456789abn}: 'BIG',`)
  })

  test('as a member is a number of its size, and is generated too', () => {
    const text = generate(
      'enum demo_e { DEMO_A, DEMO_B }; struct demo_s { enum demo_e e; }; struct demo_s one;',
    )
    expect(text).toContain('readonly e: number')
    expect(text).toContain('export const E = {')
  })
})

test('a prefix stays where the rest would not be a name', () => {
  const text = generate('enum demo_e { DEMO_4TH = 4 }; enum demo_e one;')
  expect(text).toContain('  DEMO_4TH: 4,')
})

test('the header is a comment at the top, line by line', () => {
  const text = generateTypes(compile('struct s { __u8 a; }; struct s one;'), { header: 'one\n\ntwo' })
  expect(text.startsWith('// one\n//\n// two\n\n/** struct s, 1 bytes */\n')).toBe(true)
})

test('the same object gives the same text', () => {
  const object = compile('struct s { __u8 a; }; struct s one;')
  expect(generateTypes(object)).toBe(generateTypes(object))
})
