// SPDX-License-Identifier: Apache-2.0
// One line for any frame: right for good ones, harmless for every other.
import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { frameSummary } from '../../../src/pcap/summary.js'
import { type FrameWords, frame, icmp, icmp6, raw, sctp, tcp, udp } from '../../packets/frames.js'

const [SRC, DST, SRC6, DST6] = ['198.51.100.7', '192.0.2.10', '2001:db8::7', '2001:db8::10'] as const
const four = (words: Partial<FrameWords> & Pick<FrameWords, 'payload'>) =>
  frame({ src: SRC, dst: DST, ...words })
const six = (words: Partial<FrameWords> & Pick<FrameWords, 'payload'>) =>
  frame({ src: SRC6, dst: DST6, ...words })

const LINES: readonly (readonly [string, Uint8Array])[] = [
  ['198.51.100.7:4711 > 192.0.2.10:80 tcp S', four({ payload: tcp(4711, 80, 'S') })],
  ['198.51.100.7:4711 > 192.0.2.10:80 tcp FP.', four({ payload: tcp(4711, 80, 'FPA') })],
  ['198.51.100.7:4711 > 192.0.2.10:80 tcp none', four({ payload: tcp(4711, 80, '') })],
  ['198.51.100.7:4711 > 192.0.2.10:53 udp 8 bytes', four({ payload: udp(4711, 53) })],
  ['198.51.100.7:4711 > 192.0.2.10:80 sctp', four({ payload: sctp(4711, 80, ['init']) })],
  ['198.51.100.7 > 192.0.2.10 icmp 8/0', four({ payload: icmp(8, 0, new Uint8Array(8)) })],
  ['198.51.100.7 > 192.0.2.10 esp', four({ payload: raw(50, new Uint8Array(20)) })],
  ['198.51.100.7 > 192.0.2.10 protocol 200', four({ payload: raw(200, new Uint8Array(20)) })],
  ['[2001:db8::7]:4711 > [2001:db8::10]:80 tcp S', six({ payload: tcp(4711, 80, 'S') })],
  ['2001:db8::7 > 2001:db8::10 icmp6 128/0', six({ payload: icmp6(128, 0, new Uint8Array(8)) })],
  [
    '[2001:db8::7]:4711 > [2001:db8::10]:80 tcp S',
    six({ extensions: [{ kind: 'hop' }, { kind: 'routing', length: 24 }], payload: tcp(4711, 80, 'S') }),
  ],
  [
    '[2001:db8::7]:4711 > [2001:db8::10]:53 udp 8 bytes fragment',
    six({ extensions: [{ kind: 'fragment', more: true }], payload: udp(4711, 53) }),
  ],
  [
    '2001:db8::7 > 2001:db8::10 udp fragment',
    six({ extensions: [{ kind: 'fragment', offset: 1480 }], payload: udp(4711, 53) }),
  ],
  [
    '198.51.100.7 > 192.0.2.10 tcp fragment',
    four({ fragment: { id: 1, offset: 64, more: false }, payload: raw(6, new Uint8Array(40)) }),
  ],
  [
    'vlan 7,100 198.51.100.7:4711 > 192.0.2.10:80 tcp S',
    four({ tags: [{ vid: 7 }, { vid: 100 }], payload: tcp(4711, 80, 'S') }),
  ],
  [
    '198.51.100.7:4711 > 192.0.2.10:80 tcp S',
    four({ options: new Uint8Array(8).fill(1), payload: tcp(4711, 80, 'S') }),
  ],
]

it.each(LINES)('%s', (line, bytes) => {
  expect(frameSummary(bytes)).toBe(line)
})

describe('what is no packet', () => {
  it.each([
    ['a frame without a header', new Uint8Array(13)],
    ['02:00:00:00:00:c1 > 02:00:00:00:00:fe ethertype 0x0806', arp()],
  ])('%s', (line, bytes) => {
    expect(frameSummary(bytes)).toBe(line)
  })

  it('is never more than letters of ours, whatever was sent and wherever it was cut', () => {
    const good = fc.constantFrom(...LINES.map(([, bytes]) => bytes))
    const mangled = fc
      .tuple(good, fc.nat(60), fc.uint8Array({ maxLength: 30 }), fc.nat(120))
      .map(([bytes, at, by, length]) => {
        const copy = bytes.slice()
        copy.set(by.subarray(0, Math.max(0, copy.length - at)), Math.min(at, copy.length))
        return copy.subarray(0, length)
      })
    fc.assert(
      fc.property(fc.oneof(mangled, fc.uint8Array({ maxLength: 128 })), (bytes) => {
        expect(frameSummary(bytes)).toMatch(/^[\w.:,>[\]/ ]{1,150}$/)
      }),
      { numRuns: 2_000 },
    )
  })
})

function arp(): Uint8Array {
  const bytes = four({ payload: udp(1, 2) })
  bytes.set([0x08, 0x06], 12)
  return bytes
}
