// SPDX-License-Identifier: Apache-2.0
import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { type Look, lookOf, PLAIN } from '../../../src/cli/look.js'
import { type Column, grouped, table } from '../../../src/cli/table.js'

interface Row {
  readonly name: string
  readonly n: number
}

const columns: readonly Column<Row>[] = [
  { title: 'NAME', value: (row) => row.name, paint: (_, text, look) => look.bad(text) },
  { title: 'NUMBER', value: (row) => String(row.n), right: true },
  { title: 'SQUARE', value: (row) => String(row.n ** 2), right: true, spare: 2 },
  { title: 'WORDS', value: (row) => 'x'.repeat(row.n), spare: 1 },
]

const rows: readonly Row[] = [
  { name: 'a', n: 1 },
  { name: 'bcdefg', n: 12 },
]

const terminal = (width: number): Look => ({ ...PLAIN, columns: width })

describe('a table', () => {
  it('aligns words left and numbers right, without spaces at the ends of lines', () => {
    expect(table(columns, rows, PLAIN)).toEqual([
      'NAME    NUMBER  SQUARE  WORDS',
      'a            1       1  x',
      'bcdefg      12     144  xxxxxxxxxxxx',
    ])
  })

  it('leaves out the least important columns of a narrow terminal and names them', () => {
    expect(table(columns, rows, terminal(30))).toEqual([
      'NAME    NUMBER  WORDS',
      'a            1  x',
      'bcdefg      12  xxxxxxxxxxxx',
      'left out: SQUARE (a wider terminal or --json has them)',
    ])
  })

  it('is nothing without rows', () => {
    expect(table(columns, [], PLAIN)).toEqual([])
  })

  it('keeps one set of widths over all its groups', () => {
    const lines = grouped(
      columns.slice(0, 2),
      rows.map((row) => ({ title: `group ${row.n}`, rows: [row] })),
      PLAIN,
      { indent: '  ' },
    )
    expect(lines).toEqual(['  NAME    NUMBER', 'group 1', '  a            1', 'group 12', '  bcdefg      12'])
  })

  it('has the same shape with and without colour', () => {
    const colour = lookOf({ isTTY: true, columns: 100 }, {})
    const plain = lookOf({ isTTY: true, columns: 100 }, { NO_COLOR: '1' })
    const coloured = table(columns, rows, colour)
    expect(coloured.join('')).toContain('\x1b[31ma\x1b[0m')
    // biome-ignore lint/suspicious/noControlCharactersInRegex: escape sequences are what is taken away
    expect(coloured.map((line) => line.replace(/\x1b\[\d+m/g, ''))).toEqual(table(columns, rows, plain))
  })

  it('never is wider than the terminal while there is something to leave out', () => {
    fc.assert(
      fc.property(fc.integer({ min: 16, max: 60 }), (width) => {
        const lines = table(columns, rows, terminal(width)).filter((line) => !line.startsWith('left out'))
        for (const line of lines) expect(line.length).toBeLessThanOrEqual(width)
      }),
    )
  })
})

describe('how output looks', () => {
  it('is plain and endless into a pipe', () => {
    expect(lookOf({}, {})).toBe(PLAIN)
  })

  it('has colour on a terminal, but not against NO_COLOR nor on a dumb one', () => {
    const red = (env: object) => lookOf({ isTTY: true, columns: 120 }, env).bad('x')
    expect(red({})).toBe('\x1b[31mx\x1b[0m')
    expect(red({ NO_COLOR: '1' })).toBe('x')
    expect(red({ TERM: 'dumb' })).toBe('x')
  })

  it('is 80 wide when the terminal does not say', () => {
    expect(lookOf({ isTTY: true }, {}).columns).toBe(80)
  })
})
