// SPDX-License-Identifier: Apache-2.0
import { describe, expect, test } from 'vitest'
import { child, objectFiles } from './children.js'

interface Usage {
  readonly descriptors: number
  readonly mappings: number
  readonly resident: number
}

const objectFile = objectFiles('basic')
const megabyte = 1024 * 1024

describe.concurrent('ten thousand cycles', () => {
  test.each([
    ['specification', 'of opening and closing a specification'],
    ['object', 'of loading an object, taking a map and a program, and closing all three'],
    ['map', 'of making, using and closing a map'],
    ['mmap', 'of mapping an array and dropping the memory'],
    ['dropped', 'of making a map and forgetting it unclosed'],
    ['ring', 'of opening and closing a ring buffer'],
    ['perf', 'of opening and closing a perf buffer'],
    ['link', 'of loading instructions, attaching them and closing both'],
    ['route', 'of opening and closing a route socket'],
    ['tc', 'of listing the filters of a hook'],
    ['socket', 'of opening sockets, and of failing to'],
    ['error', 'of failing to open and to make things'],
  ])('%s: %s leave descriptors, mappings and memory flat', async (kind) => {
    const { before, after } = await child<{ before: Usage; after: Usage }>(
      'leaks',
      [kind, objectFile('basic'), '10000'],
      ['--expose-gc'],
    )
    expect(after.descriptors).toBe(before.descriptors)
    // The heap's own come and go; a leak of one per cycle would be ten thousand.
    expect(after.mappings).toBeLessThan(before.mappings + 100)
    // A leak of one kilobyte per cycle would be ten megabytes.
    expect(after.resident).toBeLessThan(before.resident + 8 * megabyte)
  })
})
