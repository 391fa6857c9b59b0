// SPDX-License-Identifier: Apache-2.0
// A made-up packet is one that a client could have sent, checksums included.
import { describe, expect, it } from 'vitest'
import { addressToBytes } from '../../../src/abi/address.js'
import { MADE_UP_MAC, madeUpFrame } from '../../../src/daemon/explain-frame.js'
import { bytes, checksum, crc32c } from '../../packets/frames.js'

const FOUR = { client: '198.51.100.7', vip: '192.0.2.10', header: 20, address: 4 } as const
const SIX = { client: '2001:db8:1::7', vip: '2001:db8::10', header: 40, address: 16 } as const
const NUMBER = { tcp: 6, udp: 17, sctp: 132 } as const
const be16 = (n: number) => [n >> 8, n & 255]

describe.each([FOUR, SIX])('from $client', ({ client, vip, header, address }) => {
  const made = (protocol: keyof typeof NUMBER, flags: 'syn' | 'ack' | 'fin' | 'rst' = 'syn') =>
    madeUpFrame({
      ...{ destination: '02:00:00:00:00:fe', client, clientPort: 40_000, vip, port: 80, protocol, flags },
    })
  const segmentOf = (frame: Uint8Array) => frame.subarray(14 + header)
  const pseudo = (protocol: keyof typeof NUMBER, segment: Uint8Array) =>
    bytes(
      addressToBytes(client).subarray(0, address),
      addressToBytes(vip).subarray(0, address),
      [0, NUMBER[protocol]],
      be16(segment.length),
      segment,
    )

  it.each(['tcp', 'udp'] as const)('%s has its addresses, ports and a right checksum', (protocol) => {
    const frame = made(protocol)
    const segment = segmentOf(frame)
    expect(Buffer.from(frame.subarray(0, 12)).toString('hex')).toBe(
      `0200000000fe${MADE_UP_MAC.replaceAll(':', '')}`,
    )
    expect([...segment.subarray(0, 4)]).toEqual([...be16(40_000), ...be16(80)])
    expect(checksum(pseudo(protocol, segment))).toBe(0)
    if (header === 20) expect(checksum(frame.subarray(14, 34))).toBe(0)
  })

  it('sctp is an INIT with its CRC', () => {
    const segment = segmentOf(made('sctp')).slice()
    const sum = new DataView(segment.buffer).getUint32(8, true)
    segment.fill(0, 8, 12)
    expect([segment[12], segment.length]).toEqual([1, 32])
    expect(sum).toBe(crc32c(segment))
  })

  it.each([
    ['syn', 0x02],
    ['ack', 0x10],
    ['fin', 0x11],
    ['rst', 0x04],
  ] as const)('tcp %s has the flags %i', (flags, byte) => {
    expect(segmentOf(made('tcp', flags))[13]).toBe(byte)
  })
})
