// SPDX-License-Identifier: Apache-2.0
import { expect, it } from 'vitest'
import { readRepetition } from '../../../../src/config/keepalived/repeat.js'

const rounds = (text: string) => {
  const found = readRepetition(text)
  return typeof found === 'object'
    ? found.rounds.map((round) => round.map((pair) => pair.join('=')).join())
    : found
}

it.each([
  ['~SEQ(N,2,4) x', 'N=2 N=3 N=4'],
  ['~SEQ(N, 9, -3, 3) x', 'N=9 N=6 N=3'],
  ['~SEQ(N, 3) x', 'N=1 N=2 N=3'],
  ['~SEQ(N, 5, 3) x', 'N=5 N=4 N=3'],
  ['~SEQ(N, 1, 2, 4) x', 'N=1 N=3'],
  ['~SEQx(H, 0x90, 0x10, 0xb0) x', 'H=90 H=a0 H=b0'],
  ['~SEQx(H, 9, 11) x', 'H=9 H=a H=b'],
  ['~LST(K, 20, 30) x', 'K=20 K=30'],
  ['~LST({A, B}, {10,1},{20,4}) x', 'A=10,B=1 A=20,B=4'],
])('%s repeats the rest of the line', (text, expected) => {
  expect(rounds(text)).toEqual(expected.split(' '))
  expect(readRepetition(text)).toMatchObject({ rest: 'x' })
})

it.each([
  '~SEQ(N) x',
  '~SEQ(N,1,2,3,4) x',
  '~SEQ(1N,1,2) x',
  '~SEQ(N,a,2) x',
  '~SEQ(N,1,-1,3) x',
  '~SEQ(N,1,0,3) x',
  '~SEQ(N,1,1000000) x',
  '~SEQ(N,1 x',
  '~LST(N) x',
  '~LST({A,B},{1}) x',
])('%s is wrong and says why', (text) => {
  expect(rounds(text)).toEqual(expect.any(String))
})

it('other lines repeat nothing', () => {
  expect(readRepetition('weight 3')).toBeUndefined()
})
