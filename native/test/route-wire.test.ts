// SPDX-License-Identifier: Apache-2.0
import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { encodeAddress } from '../src/route/address.js'
import { eventsOf, groupMask, type RouteEvent } from '../src/route/events.js'
import { formatAddress, formatMac, parseAddress, parseMac } from '../src/route/inet.js'
import { linkDump } from '../src/route/link.js'
import { encodeNeighbour, encodeNeighbourKey } from '../src/route/neighbour.js'
import { encodeRouteTo } from '../src/route/route.js'
import { encodeMessage, messagesIn, readAttributes } from '../src/route/wire.js'
import captured from './netlink-6.18.json' with { type: 'json' }

const hex = (bytes: Uint8Array) => Buffer.from(bytes).toString('hex')

describe('address text', () => {
  const v6 = fc.uint8Array({ minLength: 16, maxLength: 16 })
  const sparse = fc
    .array(fc.constantFrom(0, 0, 0, 1, 0xff), { minLength: 16, maxLength: 16 })
    .map((a) => Uint8Array.from(a))

  test('is canonical (RFC 5952)', () => {
    const canonical: readonly (readonly [string, string])[] = [
      ['2001:DB8:0:0:1:0:0:1', '2001:db8::1:0:0:1'],
      ['2001:db8:0:1:1:1:1:1', '2001:db8:0:1:1:1:1:1'],
      ['2001:0:0:1:0:0:0:1', '2001:0:0:1::1'],
      ['0:0:0:0:0:0:0:0', '::'],
      ['::1', '::1'],
      ['fe80:0:0:0:0:0:0:0', 'fe80::'],
      ['::FFFF:192.0.2.1', '::ffff:192.0.2.1'],
      ['64:ff9b::192.0.2.33', '64:ff9b::c000:221'],
      ['10.0.0.1', '10.0.0.1'],
    ]
    for (const [given, text] of canonical) expect(formatAddress(parseAddress(given).bytes)).toBe(text)
  })

  test('of any 16 bytes is read back as they were, and is what URLs write', () => {
    fc.assert(
      fc.property(fc.oneof(v6, sparse), (bytes) => {
        const text = formatAddress(bytes)
        expect(parseAddress(text)).toEqual({ family: 6, bytes })
        if (!text.includes('.'))
          expect(new URL(`http://[${hex(bytes).match(/.{4}/g)?.join(':')}]/`).hostname).toBe(`[${text}]`)
      }),
    )
  })

  test('of another kind is refused by name', () => {
    for (const wrong of [
      '',
      'x',
      '10.0.0',
      '1::2::3',
      'fe80::1%eth0',
      '10.0.0.1/24',
      7 as unknown as string,
    ]) {
      expect(() => parseAddress(wrong)).toThrow(TypeError)
    }
    expect(() => parseMac('02:00:00:00:00')).toThrow("mac must look like 'aa:bb:cc:dd:ee:ff'")
    expect(formatMac(parseMac('AA:bb:0C:00:01:ff'))).toBe('aa:bb:0c:00:01:ff')
    expect(formatMac(new Uint8Array(4))).toBeUndefined()
  })
})

describe('what is sent', () => {
  test('to list links: no statistics', () => {
    expect(hex(encodeMessage(linkDump.type, 0x301, 9, linkDump.header, linkDump.attributes))).toBe(
      `28000000120001030900000000000000${'00'.repeat(16)}08001d0008000000`,
    )
  })

  test('to set a neighbour', () => {
    const mac = '02:00:00:00:00:09'
    const permanent = encodeNeighbour({ ifindex: 4, address: '192.0.2.9', mac, permanent: true })
    expect(hex(encodeMessage(28, 0x505, 1, permanent.header, permanent.attributes))).toBe(
      '300000001c0005050100000000000000' +
        '020000000400000080000000' +
        '08000100c0000209' +
        '0a00020002000000' +
        '00090000',
    )
    const managed = encodeNeighbour({ ifindex: 4, address: '2001:db8::9', managed: true, use: true })
    expect(hex(managed.header)).toBe('0a0000000400000000000100')
    expect(managed.attributes.map(([type, value]) => [type, hex(value)])).toEqual([
      [1, '20010db8000000000000000000000009'],
      [15, '01000000'],
    ])
    expect(hex(encodeNeighbour({ ifindex: 4, address: '192.0.2.9', mac }).header)).toBe(
      '020000000400000002000000',
    )
    expect(hex(encodeNeighbourKey({ ifindex: 4, address: '192.0.2.9' }).header)).toBe(
      '020000000400000000000000',
    )
  })

  test('to add an address, and to ask for a route', () => {
    const address = encodeAddress({ ifindex: 3, address: '2001:db8::5', prefix: 128, noDad: true })
    expect(hex(address.header)).toBe('0a80000003000000')
    expect(address.attributes.map(([type, value]) => [type, hex(value)])).toEqual([
      [2, '20010db8000000000000000000000005'],
      [1, '20010db8000000000000000000000005'],
      [8, '02000000'],
    ])
    const route = encodeRouteTo('203.0.113.7')
    expect([hex(route.header), route.attributes.map(([type, value]) => [type, hex(value)])]).toEqual([
      '022000000000000000000000',
      [[1, 'cb007107']],
    ])
  })

  test('is refused where it makes no sense', () => {
    const key = { ifindex: 1, address: '10.0.0.1' }
    expect(() => encodeNeighbour(key)).toThrow('neighbour needs mac, managed or use')
    expect(() => encodeNeighbour({ ...key, use: true, permanent: true })).toThrow(
      'a permanent neighbour needs mac',
    )
    const both = { ...key, mac: '02:00:00:00:00:01', permanent: true, managed: true }
    expect(() => encodeNeighbour(both)).toThrow('a neighbour is permanent or managed, not both')
    expect(() => encodeAddress({ ...key, prefix: 33 })).toThrow('prefix must be an integer from 0 to 32')
    expect(() => encodeAddress({ ...key, address: '::1', prefix: 1.5 })).toThrow(
      'prefix must be an integer from 0 to 128',
    )
    expect(() => groupMask(['link', 'toString' as 'link'])).toThrow(
      "'toString' is none of link, neighbour, address, route",
    )
    expect(groupMask(['link', 'neighbour', 'address', 'route'])).toBe(0x1 | 0x4 | 0x10 | 0x100 | 0x40 | 0x400)
  })

  test('is framed as it is read', () => {
    const attribute = fc.tuple(fc.integer({ min: 1, max: 0x3fff }), fc.uint8Array({ maxLength: 40 }))
    fc.assert(
      fc.property(
        fc.uint8Array({ maxLength: 8 }),
        fc.array(attribute, { maxLength: 5 }),
        (header, attributes) => {
          const [message] = messagesIn(encodeMessage(7, 1, 2, header, attributes))
          expect(message).toMatchObject({ type: 7, flags: 1, sequence: 2 })
          const start = (header.length + 3) & ~3
          expect([...readAttributes(message?.payload ?? new Uint8Array(), start)]).toEqual([
            ...new Map(attributes),
          ])
        },
      ),
    )
  })
})

describe('a damaged datagram', () => {
  const messages = Object.values(captured).map((lines) => new Uint8Array(Buffer.from(lines.join(''), 'hex')))
  const types: readonly RouteEvent['type'][] = [
    'link',
    'address',
    'neighbour',
    'route',
    'resync',
    'malformed',
  ]

  test('gives the events before the damage, then says what is wrong', () => {
    const [whole = new Uint8Array()] = messages
    const cut = new Uint8Array([...whole, ...whole.subarray(0, 40)])
    expect(eventsOf(cut)).toMatchObject([
      { type: 'link', value: { name: 'lo' } },
      { type: 'malformed', reason: `message of ${whole.length} bytes is cut to 40`, bytes: cut },
    ])
    const lying = whole.slice()
    lying[32] = 2
    expect(eventsOf(lying)).toMatchObject([
      { type: 'malformed', reason: expect.stringMatching(/^attribute \d+ says/) },
    ])
    expect(eventsOf(whole.subarray(0, 7))).toMatchObject([
      { type: 'malformed', reason: 'message header is cut' },
    ])
    expect(eventsOf(new Uint8Array(16))).toMatchObject([
      { type: 'malformed', reason: 'message says it has 0 bytes' },
    ])
  })

  test('never throws, cut anywhere', () => {
    for (const message of messages) {
      for (let length = 1; length < message.length; length++) {
        expect(eventsOf(message.subarray(0, length))).toMatchObject([{ type: 'malformed' }])
      }
    }
  })

  test('never throws, with any bytes changed or made of any bytes', () => {
    const change = fc.tuple(fc.nat(), fc.nat(255))
    const changed = fc
      .tuple(fc.constantFrom(...messages), fc.array(change, { maxLength: 6 }))
      .map(([message, changes]) => {
        const bytes = message.slice()
        for (const [at, byte] of changes) bytes[at % bytes.length] = byte
        return bytes
      })
    fc.assert(
      fc.property(fc.oneof(changed, fc.uint8Array({ maxLength: 200 })), (datagram) => {
        for (const event of eventsOf(datagram)) expect(types).toContain(event.type)
      }),
      { numRuns: 5000 },
    )
  })

  test('whose payload is short, message by message, is reported', () => {
    for (const type of [16, 17, 20, 21, 24, 25, 28, 29]) {
      const short = encodeMessage(type, 0, 0, new Uint8Array(4), [])
      expect(eventsOf(short)).toMatchObject([
        { type: 'malformed', reason: expect.stringMatching(/is cut inside its header/) },
      ])
    }
    expect(eventsOf(encodeMessage(4, 0, 0, new Uint8Array(4), []))).toEqual([{ type: 'resync' }])
    expect(eventsOf(encodeMessage(99, 0, 0, new Uint8Array(4), []))).toEqual([])
  })
})
