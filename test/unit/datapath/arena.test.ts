// SPDX-License-Identifier: Apache-2.0
import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { Arena, GRACE, type Range } from '../../../src/datapath/arena.js'

function overlaps(a: Range, b: Range): boolean {
  return a.line < b.line + b.lines && b.line < a.line + a.lines
}

describe('the arena', () => {
  test('never gives out line 0', () => {
    const arena = new Arena(3, [], () => 0)
    expect([arena.take(1), arena.take(1), arena.take(1)].filter((line) => line !== undefined).sort()).toEqual(
      [1, 2],
    )
  })

  test('knows what is in use when a controller begins', () => {
    const arena = new Arena(
      10,
      [
        { line: 4, lines: 3 },
        { line: 1, lines: 1 },
      ],
      () => 0,
    )
    expect(arena.take(4)).toBeUndefined()
    expect(arena.take(3)).toBe(7)
    expect(arena.take(2)).toBe(2)
    expect(arena.take(1)).toBeUndefined()
  })

  test('gives out what was retired only after the grace time, and says when that will be', () => {
    let now = 0
    const arena = new Arena(5, [{ line: 1, lines: 4 }], () => now)
    arena.retire({ line: 1, lines: 4 })
    expect(arena.take(4)).toBeUndefined()
    now = 400
    expect(arena.restingFor()).toBe(GRACE - 400)
    now = GRACE
    expect(arena.take(4)).toBe(1)
    expect(arena.restingFor()).toBeUndefined()
  })

  test('gives out at once what was never published', () => {
    const arena = new Arena(5, [], () => 0)
    const line = arena.take(4) as number
    arena.giveBack({ line, lines: 4 })
    expect(arena.take(4)).toBe(line)
  })

  test('joins free neighbours when a long run is wanted', () => {
    const arena = new Arena(9, [], () => 0)
    const lines = Array.from({ length: 8 }, () => arena.take(1) as number)
    for (const line of lines) arena.giveBack({ line, lines: 1 })
    expect(arena.take(8)).toBe(1)
  })

  test('no two holders ever share a line, and nothing is lost', () => {
    const step = fc.record({
      lines: fc.integer({ min: 1, max: 9 }),
      drop: fc.nat({ max: 3 }),
      wait: fc.nat({ max: 900 }),
    })
    fc.assert(
      fc.property(fc.array(step, { maxLength: 120 }), (steps) => {
        let now = 0
        const arena = new Arena(64, [], () => now)
        let held: Range[] = []
        for (const { lines, drop, wait } of steps) {
          now += wait
          const line = arena.take(lines)
          if (line !== undefined) {
            const range = { line, lines }
            expect(line >= 1 && line + lines <= 64 && !held.some((other) => overlaps(other, range))).toBe(
              true,
            )
            held.push(range)
          }
          if (drop === 0 && held.length > 0) arena.retire(held.shift() as Range)
        }
        for (const range of held) arena.retire(range)
        held = []
        now += GRACE
        expect(arena.take(63)).toBe(1)
      }),
    )
  })
})
