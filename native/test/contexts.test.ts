// SPDX-License-Identifier: Apache-2.0
import { createRequire } from 'node:module'
import { join } from 'node:path'
import { createContext, runInContext } from 'node:vm'
import { expect, test } from 'vitest'
import { BpfError, createMap, openObject, u32 } from '../src/index.js'
import { bpfObject } from './lab.js'

test('bytes made in another context are as good as any', () => {
  const other = createContext({ content: [...bpfObject('basic')] })
  const bytes = runInContext('new Uint8Array(content)', other) as Uint8Array
  expect(bytes).not.toBeInstanceOf(Uint8Array)
  using object = openObject(bytes).load()
  using drop = object.program('drop')
  const data = runInContext('new Uint8Array(64)', other) as Uint8Array
  expect(drop.run({ data }).returnValue).toBe(1)
  using map = createMap({ type: 'hash', keySize: 4, valueSize: 4, maxEntries: 4 })
  const key = runInContext('new Uint8Array([1, 0, 0, 0])', other) as Uint8Array
  map.update(key, key)
  expect(map.lookup(u32(1))).toEqual(u32(1))
})

test('the addon loaded a second time keeps its own state', () => {
  const require = createRequire(import.meta.url)
  const path = join(import.meta.dirname, '..', 'build', 'Release', 'libbpf_ts.node')
  class OtherError extends Error {}
  const first = require(path)
  delete require.cache[path]
  const second = require(path)
  expect(second).not.toBe(first)
  second.setErrorClass(OtherError)
  expect(() => second.Map.open('/nowhere')).toThrow(OtherError)
  const impossible = { type: 'array', keySize: 4, valueSize: 4, maxEntries: 0 }
  expect(() => createMap(impossible)).toThrow(BpfError)
})
