// SPDX-License-Identifier: Apache-2.0
// Sets of ports behave as sets, whatever ranges they are written in.
import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { formatProblems } from '../../../src/model/describe.js'
import {
  commonPorts,
  parsePorts,
  portsFault,
  portsText,
  unitePorts,
  withoutPorts,
} from '../../../src/model/ports.js'
import type { PortRange } from '../../../src/model/types.js'

const range = fc
  .tuple(fc.integer({ min: 0, max: 40 }), fc.integer({ min: 0, max: 9 }))
  .map(([first, more]): PortRange => [first, first + more])
const ranges = fc.array(range, { maxLength: 6 })
const members = (list: readonly PortRange[]) => {
  const all = new Set<number>()
  for (const [first, last] of list) for (let port = first; port <= last; port++) all.add(port)
  return all
}

it('unions, differences and intersections are those of the sets', () => {
  fc.assert(
    fc.property(ranges, ranges, (a, b) => {
      const [inA, inB] = [members(a), members(b)]
      expect(members(unitePorts([...a, ...b]))).toEqual(new Set([...inA, ...inB].sort((x, y) => x - y)))
      expect(members(unitePorts(withoutPorts(a, b)))).toEqual(
        new Set([...inA].filter((port) => !inB.has(port)).sort((x, y) => x - y)),
      )
      expect(members(unitePorts(commonPorts(a, b)))).toEqual(
        new Set([...inA].filter((port) => inB.has(port)).sort((x, y) => x - y)),
      )
    }),
  )
})

it('a union ascends without touching, and is parsed back as it is printed', () => {
  fc.assert(
    fc.property(fc.array(range, { minLength: 1, maxLength: 6 }), (list) => {
      const united = unitePorts(list)
      for (const [i, [first]] of united.entries())
        if (i > 0) expect(first).toBeGreaterThan((united[i - 1]?.[1] ?? 0) + 1)
      expect(portsFault(united)).toBeUndefined()
      expect(parsePorts(portsText(united))).toEqual({ ok: true, value: united })
    }),
  )
})

describe('written ports', () => {
  it.each([
    ['80,443,1000:2000', '80,443,1000:2000'],
    ['1000-2000, 443 ,80', '80,443,1000:2000'],
    ['80,81,80:90,85:100', '80:100'],
    ['0:65535', '0:65535'],
    ['80,', '--ports: "" is not a port; write ports like 80,443,1000:2000'],
    ['80:', '--ports: "80:" is not a port; write ports like 80,443,1000:2000'],
    [
      'http,90:80,65536',
      [
        '--ports: port is the text "http", not a whole number; use 0..65535',
        '--ports: range 90:80 ends before it begins; write 80:90',
        '--ports: port 65536 is above 65535; use 0..65535',
      ].join('\n'),
    ],
  ])('%s', (text, expected) => {
    const outcome = parsePorts(text, '--ports')
    expect(outcome.ok ? portsText(outcome.value) : formatProblems(outcome.problems)).toBe(expected)
  })
})
