// SPDX-License-Identifier: Apache-2.0
import { describe, expect, test } from 'vitest'
import { elfSection } from '../src/gen-types/elf.js'
import { bytesOf, mapLayouts, type NumberLayout, openObject } from '../src/index.js'
import { compile } from './gen-types-compile.js'
import { bpfObject } from './lab.js'

const number = (bytes: number, rest: Partial<NumberLayout> = {}) => ({
  ...{ kind: 'number', bytes, signed: false, network: false },
  ...rest,
})

function layoutsOf(source: string) {
  const btf = elfSection(compile(source), '.BTF')
  if (btf === undefined) throw new Error('no BTF')
  return mapLayouts(btf)
}

describe('the layouts of an object', () => {
  test('name every map with its key and value, member by member', () => {
    const { flows } = layoutsOf(`
struct flow { __be32 client; __be16 port; __u8 mac[6]; int delta; __u64 packets[2]; struct { char up; } state; union { int a; } either; void *next; };
struct { int (*type)[1]; __u32 *key; struct flow *value; } flows __attribute__((section(".maps"), used));`)
    expect(flows?.key).toEqual(number(4))
    expect(flows?.value).toMatchObject({
      kind: 'struct',
      bytes: 48,
      members: [
        { name: 'client', offset: 0, layout: number(4, { network: true }) },
        { name: 'port', offset: 4, layout: number(2, { network: true }) },
        { name: 'mac', offset: 6, layout: { kind: 'array', of: number(1), length: 6 } },
        { name: 'delta', offset: 12, layout: number(4, { signed: true }) },
        { name: 'packets', offset: 16, layout: { kind: 'array', of: number(8), length: 2 } },
        { name: 'state', offset: 32, layout: { kind: 'struct', bytes: 1 } },
        { name: 'either', offset: 36, layout: { kind: 'opaque', bytes: 4 } },
        { name: 'next', offset: 40, layout: { kind: 'opaque', bytes: 8 } },
      ],
    })
  })

  test('hold sections of variables as a struct of them', () => {
    const layouts = layoutsOf(`
struct pair { __u32 a, b; };
struct pair settings __attribute__((section(".data.settings"))) = { 1, 2 };`)
    expect(layouts['.data.settings']?.value).toMatchObject({
      kind: 'struct',
      bytes: 8,
      members: [{ name: 'settings', offset: 0, layout: { kind: 'struct', bytes: 8 } }],
    })
  })

  test('agree with the sizes that libbpf finds', () => {
    const spec = openObject(bpfObject('basic'))
    const layouts = mapLayouts(spec.btf() as Uint8Array)
    const typed = spec.maps.filter(({ internal }) => !internal)
    expect(typed.length).toBeGreaterThan(0)
    for (const { name, keySize, valueSize } of typed) {
      const { key, value } = layouts[name] ?? {}
      if (key !== undefined) expect(bytesOf(key), name).toBe(keySize)
      if (value !== undefined) expect(bytesOf(value), name).toBe(valueSize)
    }
    spec.close()
  })

  test('are not read from bytes that are no BTF', () => {
    expect(() => mapLayouts(new Uint8Array(64))).toThrow('holds no BTF')
  })
})
