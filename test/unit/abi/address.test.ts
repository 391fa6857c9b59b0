// SPDX-License-Identifier: Apache-2.0
// Address, MAC and mask text <-> bytes.
import { isIPv4, isIPv6 } from 'node:net'
import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import * as address from '../../../src/abi/address.js'

const bytes = (length: number) => fc.uint8Array({ minLength: length, maxLength: length })
/** Addresses with many zero groups, where '::' has choices to make. */
const sparse = fc
  .array(fc.constantFrom(0, 0, 0, 1, 0xab, 0xffff), { minLength: 8, maxLength: 8 })
  .map((groups) => Uint8Array.from(groups.flatMap((group) => [group >> 8, group & 255])))

describe('IPv4 text', () => {
  it('parses back what it prints', () => {
    fc.assert(
      fc.property(bytes(4), (four) => {
        const text = address.formatAddress(four, 4)
        expect(isIPv4(text)).toBe(true)
        const parsed = address.parseAddress(text)
        expect(parsed?.family).toBe(4)
        expect([...(parsed?.bytes ?? [])]).toEqual([...four, ...new Array(12).fill(0)])
      }),
    )
  })

  it.each([
    '',
    '1.2.3',
    '1.2.3.4.5',
    '256.1.1.1',
    '01.2.3.4',
    '1.2.3.0x4',
    ' 1.2.3.4',
    '1.2.3.4 ',
    '1..2.3',
    '١.2.3.4',
  ])('refuses %j', (text) => expect(address.parseAddress(text)).toBeUndefined())
})

describe('IPv6 text', () => {
  it.each([
    ['2001:0DB8:0:0:0:0:0:1', '2001:db8::1'],
    ['2001:db8:0:0:1:0:0:1', '2001:db8::1:0:0:1'],
    ['2001:db8:0:1:1:1:1:1', '2001:db8:0:1:1:1:1:1'],
    ['2001:0:0:1:0:0:0:1', '2001:0:0:1::1'],
    ['::', '::'],
    ['0:0:0:0:0:0:0:1', '::1'],
    ['1:0:0:0:0:0:0:0', '1::'],
    ['1:2:3:4:5:6:7::', '1:2:3:4:5:6:7:0'],
    ['::2:3:4:5:6:7:8', '0:2:3:4:5:6:7:8'],
    ['::ffff:c000:20a', '::ffff:192.0.2.10'],
    ['64:ff9b::192.0.2.33', '64:ff9b::c000:221'],
    ['0:0:0:0:0:ffff:192.0.2.10', '::ffff:192.0.2.10'],
  ])('%s is written %s (RFC 5952)', (text, canonical) =>
    expect(address.canonicalAddress(text)).toBe(canonical),
  )

  it.each([
    ':',
    ':::',
    '1',
    '1:2:3:4:5:6:7',
    '1:2:3:4:5:6:7:8:9',
    '1::2::3',
    '1:2:3:4:5:6:7:8::',
    '12345::',
    'g::',
    ':1::2',
    '1::2:',
    '1.2.3.4::',
    '::1.2.3.4:5',
    '::1.2.3',
    '::256.1.1.1',
    '1:2:3:4:5:6:7:1.2.3.4',
    'fe80::1%eth0',
    '[::1]',
    '2001:db8::/32',
    '::1 ',
  ])('refuses %j', (text) => expect(address.parseAddress(text)).toBeUndefined())

  it('parses back what it prints, and the system agrees that it is an address', () => {
    fc.assert(
      fc.property(fc.oneof(bytes(16), sparse), (sixteen) => {
        const text = address.formatAddress(sixteen, 6)
        expect(isIPv6(text)).toBe(true)
        expect([...address.addressToBytes(text)]).toEqual([...sixteen])
        expect(address.canonicalAddress(text)).toBe(text)
      }),
      { numRuns: 500 },
    )
  })

  it("prints as the URL standard's own serializer does", () => {
    fc.assert(
      fc.property(fc.oneof(bytes(16), sparse), (sixteen) => {
        const mine = address.formatAddress(sixteen, 6)
        if (mine.includes('.')) return
        expect(new URL(`http://[${mine}]/`).hostname).toBe(`[${mine}]`)
      }),
      { numRuns: 500 },
    )
  })
})

describe('any text', () => {
  const alphabet = fc.string({ unit: fc.constantFrom(...'0123456789abcdfF:.:%/x ['), maxLength: 45 })

  it('is an address exactly when the system says so, zones apart', () => {
    fc.assert(
      fc.property(fc.oneof(alphabet, fc.string(), fc.ipV4(), fc.ipV6()), (text) => {
        const system = !text.includes('%') && (isIPv4(text) || isIPv6(text))
        expect(address.parseAddress(text) !== undefined).toBe(system)
      }),
      { numRuns: 3_000 },
    )
  })

  it('that is no address is a fault of the caller where bytes are demanded', () => {
    expect(() => address.addressToBytes('web1')).toThrow('not an IP address: "web1"')
    expect(() => address.macToBytes('02')).toThrow('not a MAC address: "02"')
  })
})

describe('MAC text', () => {
  it('parses back what it prints', () => {
    fc.assert(
      fc.property(bytes(6), (six) => {
        expect([...address.macToBytes(address.formatMac(six))]).toEqual([...six])
      }),
    )
  })

  it('is lower case with colons', () =>
    expect(address.canonicalMac('02-AB-cd-00-00-01')).toBe('02:ab:cd:00:00:01'))

  it.each([
    '',
    '02:00:00:00:00',
    '02:00:00:00:00:01:02',
    '2:0:0:0:0:1',
    '02:00-00:00:00:01',
    'zz:00:00:00:00:01',
  ])('refuses %j', (text) => expect(address.parseMac(text)).toBeUndefined())
})

describe('masks', () => {
  it('of every length come back as their length', () => {
    for (let prefix = 0; prefix <= 128; prefix++)
      expect(address.maskToPrefix(address.prefixToMask(prefix))).toBe(prefix)
    for (let prefix = 0; prefix <= 32; prefix++) {
      expect(address.maskToPrefix(address.prefixToMask(prefix).subarray(0, 4))).toBe(prefix)
    }
  })

  it('with holes have no length', () => {
    expect(address.maskToPrefix(Uint8Array.of(255, 0, 255, 0))).toBeUndefined()
    expect([...address.maskBytes({ prefix: 16, mask: '255.0.255.0' })].slice(0, 4)).toEqual([255, 0, 255, 0])
    expect([...address.maskBytes({ prefix: 20 })].slice(0, 5)).toEqual([255, 255, 240, 0, 0])
  })
})
