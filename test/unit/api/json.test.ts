// SPDX-License-Identifier: Apache-2.0
import { describe, expect, it } from 'vitest'
import { toJson } from '../../../src/api/json.js'
import { placesOf } from '../../../src/api/places.js'

describe('values as JSON', () => {
  it('carry 64-bit counters as integers, maps as objects, sets as lists', () => {
    expect(toJson({ a: 12n, b: new Map([[1, { c: 2n }]]), d: new Set(['e']) })).toBe(
      '{"a":12,"b":{"1":{"c":2}},"d":["e"]}',
    )
  })
})

describe('where daemon and command line meet', () => {
  it('is where the system keeps such things', () => {
    expect(placesOf({}, {})).toEqual({
      socket: '/run/xlvs/xlvs.sock',
      pinRoot: '/sys/fs/bpf/xlvs',
      stateDir: '/var/lib/xlvs',
    })
  })

  it('follows the environment, and the option before the environment', () => {
    expect(
      placesOf({ socket: '/tmp/a' }, { XLVS_SOCKET: '/tmp/b', XLVS_PIN_ROOT: '/sys/fs/bpf/t' }),
    ).toMatchObject({
      socket: '/tmp/a',
      pinRoot: '/sys/fs/bpf/t',
    })
  })
})
