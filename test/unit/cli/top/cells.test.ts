// SPDX-License-Identifier: Apache-2.0
import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { cellsOf, clean, clip, exactly, wrap } from '../../../../src/cli/top/cells.js'
import { bits, percent, seconds, short, time } from '../../../../src/cli/top/figures.js'
import { handshakes } from '../../../../src/cli/top/handshakes.js'
import { isUtf8, screenLook } from '../../../../src/cli/top/look.js'
import { bar, spark } from '../../../../src/cli/top/strokes.js'
import { ASCII, UTF8 } from './given.js'

describe('cells', () => {
  it.each([
    ['web', 3],
    ['Größe', 5],
    ['网站', 4],
    ['ウェブ', 6],
    ['ｳｪﾌﾞ', 4],
    ['웹', 2],
    ['😀', 2],
    ['e\u0301', 1],
    ['ﬀ', 1],
    ['ｗ', 2],
  ])('%s fills %i', (text, cells) => {
    expect(cellsOf(text)).toBe(cells)
  })

  it('what a name may not do to a terminal is spelt out or gone', () => {
    expect(clean('a\x1b[2Jb\n\x07', true)).toBe('a\\u001b[2Jb\\u000a\\u0007')
    expect(clean('\u202eevil', true)).toBe('\\u202eevil')
    expect(clean('\ud800 \ue000 ❤\ufe0f', true)).toBe('? ? ❤')
    expect(clean('网站 é', false)).toBe('?? ?')
  })

  it('is cut between signs, never within a wide one', () => {
    expect(clip('网站服务', 5, '…')).toBe('网站…')
    expect(exactly('网站服务', 6, '…')).toBe('网站… ')
    expect(exactly('web', 6, '…', true)).toBe('   web')
    expect(clip('web', 0, '…')).toBe('')
  })

  it('fits exactly, whatever the text', () => {
    fc.assert(
      fc.property(fc.string({ unit: 'binary' }), fc.integer({ min: 1, max: 40 }), (text, cells) => {
        const shown = exactly(clean(text, true), cells, '…')
        expect(cellsOf(shown)).toBe(cells)
        expect(shown).not.toMatch(/\p{Cc}/u)
      }),
    )
  })

  it('wraps between words and says where it was cut', () => {
    expect(wrap('one two three four', 8, 3, '…')).toEqual(['one two', 'three', 'four'])
    expect(wrap('one two three four', 8, 2, '…')).toEqual(['one two', 'three f…'])
  })
})

describe('figures', () => {
  it.each([
    [0, '0'],
    [0.04, '0'],
    [0.4, '0.4'],
    [9.96, '10'],
    [9.99, '10'],
    [37.4, '37'],
    [999.4, '999'],
    [999.6, '1.00k'],
    [1_234, '1.23k'],
    [9_999, '10.0k'],
    [45_600, '45.6k'],
    [99_960, '100k'],
    [999_600, '1.00M'],
    [1.234e9, '1.23G'],
    [undefined, '-'],
    [Number.NaN, '-'],
  ])('%s is %s', (value, text) => {
    expect(short(value)).toBe(text)
  })

  it('never need more than six signs', () => {
    fc.assert(fc.property(fc.double({ min: 0, max: 1e17, noNaN: true }), (n) => short(n).length <= 6))
  })

  it('have units where there is room', () => {
    expect([bits(125_000_000), bits(1), bits(0)]).toEqual(['1.00 Gbit/s', '8 bit/s', '0 bit/s'])
    expect([time(850), time(1_234), time(45_000), time(1_300_000), time(undefined)]).toEqual([
      '850us',
      '1.2ms',
      '45ms',
      '1.3s',
      '-',
    ])
    expect([percent(0), percent(0.004), percent(0.372), percent(1), percent(undefined)]).toEqual([
      '0%',
      '<1%',
      '37%',
      '100%',
      '-',
    ])
    expect([seconds(500), seconds(2_000)]).toEqual(['0.5 s', '2 s'])
  })
})

describe('strokes', () => {
  it('rise with their values and stand at the right', () => {
    expect(spark([0, 1, 5, 10], 6, UTF8.signs)).toBe('  ▁▂▅█')
    expect(spark([0, 1, 5, 10], 3, UTF8.signs)).toBe('▂▅█')
    expect(spark([0, 0], 2, UTF8.signs)).toBe('▁▁')
    expect(spark([Number.NaN, 4], 2, ASCII.signs)).toBe(' #')
    expect(spark([], 0, UTF8.signs)).toBe('')
  })

  it('fill by eighths, with a mark where they should end', () => {
    expect(bar(0.5, 4, UTF8.signs)).toBe('██··')
    expect(bar(0.3, 4, UTF8.signs)).toBe('█▎··')
    expect(bar(0.25, 4, UTF8.signs, 0.75)).toBe('█·┃·')
    expect(bar(1, 4, ASCII.signs, 0.5)).toBe('#|##')
    expect(bar(Number.NaN, 3, ASCII.signs)).toBe('...')
    expect(bar(7, 3, ASCII.signs, 9)).toBe('##|')
  })
})

describe('look', () => {
  it('is of UTF-8 as the locale says, the first word of three', () => {
    expect(isUtf8({ LANG: 'en_GB.UTF-8' })).toBe(true)
    expect(isUtf8({ LC_ALL: 'C', LANG: 'en_GB.UTF-8' })).toBe(false)
    expect(isUtf8({ LC_ALL: '', LC_CTYPE: 'C.utf8' })).toBe(true)
    expect(isUtf8({})).toBe(false)
  })

  it('has no colour and no other paint against NO_COLOR', () => {
    const { bold, bad, selected, accent } = screenLook({ NO_COLOR: '1' }, true)
    expect([bold, bad, selected, accent].map((paint) => paint('x'))).toEqual(['x', 'x', 'x', 'x'])
    expect(screenLook({ NO_COLOR: '' }, true).bad('x')).toBe('\x1b[31mx\x1b[0m')
  })
})

describe('handshake times', () => {
  const row = (...buckets: number[]) => ({
    count: buckets.reduce((a, b) => a + b, 0),
    sumUs: 0,
    buckets: [...buckets, ...Array.from({ length: 14 - buckets.length }, () => 0)],
  })

  it('are those of the window when it holds enough', () => {
    const found = handshakes(row(1_000, 0, 100), row(1_000))
    expect(found).toMatchObject({ count: 100, recent: true })
    expect(found?.p50).toBeGreaterThan(500)
  })

  it('are all that were counted when it does not, or when the counting began anew', () => {
    expect(handshakes(row(1_000, 0, 10), row(1_000))).toMatchObject({ count: 1_010, recent: false })
    expect(handshakes(row(5), row(1_000))).toMatchObject({ count: 5, recent: false })
  })

  it('are not there while none was timed', () => {
    expect(handshakes(undefined, undefined)).toBeUndefined()
    expect(handshakes(row(), undefined)).toBeUndefined()
  })
})
