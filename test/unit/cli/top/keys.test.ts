// SPDX-License-Identifier: Apache-2.0
import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { readKeys } from '../../../../src/cli/top/keys.js'

const names = (text: string, ended = true) =>
  readKeys(text, ended).keys.map((key) => ('name' in key ? `<${key.name}>` : key.char))

describe('keys', () => {
  it.each([
    ['\x1b[A\x1b[B\x1b[C\x1b[D', ['<up>', '<down>', '<right>', '<left>']],
    ['\x1bOA\x1bOB\x1bOH\x1bOF', ['<up>', '<down>', '<home>', '<end>']],
    ['\x1b[1;5A\x1b[1;2D', ['<up>', '<left>']],
    ['\x1b[5~\x1b[6~\x1b[1~\x1b[4~\x1b[5;5~', ['<pageup>', '<pagedown>', '<home>', '<end>', '<pageup>']],
    [
      '\r\n\t\x1b[Z\x7f\b\x15',
      ['<enter>', '<enter>', '<tab>', '<backtab>', '<backspace>', '<backspace>', '<clear>'],
    ],
    ['\x03\x1a\x0c', ['<interrupt>', '<suspend>', '<redraw>']],
    ['aé数😀', ['a', 'é', '数', '😀']],
    ['\x1b', ['<escape>']],
    ['\x1b\x1b[A', ['<escape>', '<up>']],
    ['\x1bj', ['<escape>', 'j']],
  ])('%j is read as it was pressed', (text, keys) => {
    expect(names(text)).toEqual(keys)
  })

  it.each([
    '\x1b[200~',
    '\x1b[<0;10;20M',
    '\x1b[?62;22c',
    '\x1b[12;40R',
    '\x1b[I',
    '\x1bOP',
    '\x1b[15~',
    '\x00\x01\x1f',
    '\x1b[',
  ])('%j is no key and leaves nothing behind', (text) => {
    expect(names(text)).toEqual([])
    expect(names(`${text.endsWith('[') ? '' : text}q`)).toEqual(['q'])
  })

  it('waits for the end of what has only begun', () => {
    expect(readKeys('j\x1b[')).toEqual({ keys: [{ char: 'j' }], rest: '\x1b[' })
    expect(readKeys('\x1b')).toEqual({ keys: [], rest: '\x1b' })
    expect(names('\x1b[A', false)).toEqual(['<up>'])
  })

  it('reads the same however it is cut', () => {
    const piece = fc.constantFrom('\x1b[A', '\x1bOB', '\x1b[5~', 'q', '/', 'é', '\r', '\x1b[1;5C')
    fc.assert(
      fc.property(fc.array(piece), fc.array(fc.nat(60)), (pieces, cuts) => {
        const text = pieces.join('')
        const at = [0, ...cuts.filter((cut) => cut < text.length).sort((a, b) => a - b), text.length]
        let rest = ''
        const keys = at.slice(1).flatMap((to, i) => {
          const read = readKeys(rest + text.slice(at[i], to))
          rest = read.rest
          return read.keys
        })
        expect([...keys, ...readKeys(rest, true).keys]).toEqual(readKeys(text, true).keys)
      }),
    )
  })

  it('comes to an end with any bytes', () => {
    fc.assert(
      fc.property(
        fc.string({ unit: fc.constantFrom('\x1b', '[', 'O', '1', ';', '~', 'A', '?', ' ') }),
        (text) => {
          expect(readKeys(text, true).rest).toBe('')
        },
      ),
    )
  })
})
