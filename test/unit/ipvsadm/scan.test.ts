// SPDX-License-Identifier: Apache-2.0
// popt's grammar: how words are taken apart before anybody asks what they mean.
import { describe, expect, it } from 'vitest'
import { scan } from '../../../src/cli/ipvsadm/scan.js'
import { WORDS } from '../../../src/cli/ipvsadm/words.js'

/** 'long=value' of each word; '!seen: why' of what is wrong; then what is left over. */
function taken(line: string): readonly string[] {
  const { tokens, rest } = scan(line === '' ? [] : line.split(' '))
  return [
    ...tokens.map((token) => {
      if ('wrong' in token) return `!${token.seen}: ${token.wrong}`
      return token.value === undefined ? token.word.long : `${token.word.long}=${token.value}`
    }),
    ...rest.map((word) => `(${word})`),
  ]
}

describe('a command line is taken apart', () => {
  it.each([
    ['-A -t 10.0.1.1:80 -s rr', ['add-service', 'tcp-service=10.0.1.1:80', 'scheduler=rr']],
    ['-At 10.0.1.1:80 -swrr', ['add-service', 'tcp-service=10.0.1.1:80', 'scheduler=wrr']],
    ['-gw3 -x=5', ['gatewaying', 'weight=3', 'u-threshold=5']],
    ['-p -t x', ['persistent', 'tcp-service=x']],
    ['-p 5 -p', ['persistent=5', 'persistent']],
    ['-p=5 -p5 --persistent=5 --persistent 5', Array(4).fill('persistent=5')],
    ['-t -s', ['tcp-service=-s']],
    ['--weight= -n', ['weight=', 'numeric']],
    ['a -L b -- -n', ['list', '(a)', '(b)', '(-n)']],
    ['- -L', ['list', '(-)']],
    ['-Lnc', ['list', 'numeric', 'connection']],
    ['', []],
  ])('%j', (line, words) => {
    expect(taken(line)).toEqual(words)
  })

  it.each([
    ['-L -nQ -c', ['list', 'numeric', '!-nQ: unknown option']],
    ['--lis', ['!--lis: unknown option']],
    ['--quux=4', ['!--quux=4: unknown option']],
    ['-L -w', ['list', '!-w: missing argument']],
    ['-gw', ['gatewaying', '!-gw: missing argument']],
    ['--scheduler', ['!--scheduler: missing argument']],
    ['-n=5', ['!-n=5: option does not take an argument']],
    ['--sort=3', ['!--sort=3: option does not take an argument']],
    ['-p -1', ['persistent', '!-1: unknown option']],
  ])('%j ends with what is wrong', (line, words) => {
    expect(taken(line)).toEqual(words)
  })

  it('knows each word by one spelling only', () => {
    const shorts = WORDS.flatMap(({ short }) => short ?? [])
    expect(new Set(shorts).size).toBe(shorts.length)
    const longs = WORDS.map(({ long }) => long).filter((long) => long !== 'list')
    expect(new Set(longs).size).toBe(longs.length)
  })
})
