// SPDX-License-Identifier: Apache-2.0
import { describe, expect, it } from 'vitest'
import { splitWords, withoutComment } from '../../../../src/config/keepalived/words.js'

describe('a comment', () => {
  it.each([
    ['delay_loop 6 ! six', 'delay_loop 6 '],
    ['delay_loop 6#six', 'delay_loop 6'],
    ['virtualhost "a # b ! c" # d', 'virtualhost "a # b ! c" '],
    ["virtualhost 'a # b'", "virtualhost 'a "],
    ['virtualhost a\\#b', 'virtualhost a\\#b'],
    ['!', ''],
  ])('of %j is dropped', (line, rest) => {
    expect(withoutComment(line)).toBe(rest)
  })
})

describe('words', () => {
  const texts = (line: string) => splitWords(line).words.map(({ text }) => text)

  it('are parted by spaces, and braces are words wherever they stand', () => {
    expect(texts('real_server  10.0.0.1\t80{ weight 1}')).toEqual([
      ...['real_server', '10.0.0.1', '80', '{', 'weight', '1', '}'],
    ])
  })

  it('are bound together by double quotes alone, which also end the word before', () => {
    expect(texts(`a "b c" d"e"f 'g h'`)).toEqual(['a', 'b c', 'd', 'e', 'f', "'g", "h'"])
  })

  it('know their column and whether they were quoted', () => {
    expect(splitWords('a "{"').words[1]).toEqual({ text: '{', quoted: true, at: 2 })
  })

  it('tell where a quote is left open', () => {
    expect(splitWords('a "b c').open).toBe(2)
    expect(splitWords('a "b \\" c"').open).toBeUndefined()
  })

  it('come to an end for a backslash at the end', () => {
    expect(texts('a \\')).toEqual(['a', '\\'])
  })
})
