// SPDX-License-Identifier: Apache-2.0
// What compilers and linkers make is accepted: the check in front of libbpf refuses damage, not variety.
import { execFileSync } from 'node:child_process'
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, expect, test } from 'vitest'
import { openObject, readU32, u32 } from '../src/index.js'
import { compileFile } from './gen-types-compile.js'
import { bpfObject, packet } from './lab.js'

const directory = mkdtempSync(join(tmpdir(), 'libbpf-ts-sound-'))
afterAll(() => rmSync(directory, { recursive: true }))

const file = (name: string) => join(directory, name)
const source = (name: string) => join(import.meta.dirname, 'bpf', `${name}.bpf.c`)

test('an object with every kind of section is opened, loaded and run', () => {
  const spec = openObject(bpfObject('sections'), { name: 'all' })
  expect(spec.maps.map((map) => map.name).sort()).toEqual([
    '.bss.more',
    '.data.zero',
    '.rodata.str1.1',
    'all.bss',
    'all.kconfig',
  ])
  using object = spec.load()
  using program = object.program('everything')
  expect(program.run({ data: packet() }).returnValue >>> 16).toBeGreaterThanOrEqual(5)
  using zero = object.map('.data.zero')
  expect(readU32(zero.lookup(u32(0)) ?? packet())).toBe(1)
})

test.each([
  ['without debug information', []],
  ['unoptimized for old kernels', ['-g', '-O1', '-mcpu=v1']],
  ['for new ones', ['-g', '-mcpu=v4']],
  ['with all debug information there is', ['-g3', '-gdwarf-5']],
])('an object compiled %s is opened and loaded', (_, flags) => {
  const spec = openObject(compileFile(source('hooks'), file('hooks.o'), flags))
  using object = spec.load()
  expect(object.programs).toEqual(['on_tc', 'on_lookup'])
})

test('objects linked into one by the static linker are opened and loaded', () => {
  for (const name of ['basic', 'hooks']) writeFileSync(file(`${name}.o`), bpfObject(name))
  execFileSync('bpftool', ['gen', 'object', file('linked.o'), file('basic.o'), file('hooks.o')])
  using object = openObject(file('linked.o')).load()
  expect(object.programs).toHaveLength(7)
  expect(object.maps).toContain('counts')
})
