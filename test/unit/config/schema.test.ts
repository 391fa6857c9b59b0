// SPDX-License-Identifier: Apache-2.0
// The published schema is the one the parser uses, and says yes exactly where the parser does.
import { readFileSync } from 'node:fs'
import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { parse } from 'yaml'
import { formatAddress } from '../../../src/abi/address.js'
import * as patterns from '../../../src/config/patterns.js'
import { printYaml } from '../../../src/config/print.js'
import { fileSchema, jsonSchema } from '../../../src/config/schema.js'
import { parseNetmask } from '../../../src/model/persistence.js'
import { hostFault, nameFault } from '../../../src/model/rules.js'
import * as words from '../../../src/model/words.js'
import { desired } from './arbitrary.js'
import { accepts } from './json-schema.js'

const schema = jsonSchema()

it('schema/xlvs.schema.json is what the parser has', () => {
  const published = readFileSync(new URL('../../../schema/xlvs.schema.json', import.meta.url), 'utf8')
  expect(published).toBe(`${JSON.stringify(schema, null, 2)}\n`)
})

it("generated configurations satisfy the parser's schema and the published one", () => {
  fc.assert(
    fc.property(desired, (config) => {
      const file: unknown = parse(printYaml(config))
      expect(fileSchema.safeParse(file).error).toBeUndefined()
      expect(accepts(schema, file)).toBe(true)
    }),
  )
})

it('both schemas say the same of configurations with one value replaced', () => {
  const odd: fc.Arbitrary<unknown> = fc.oneof(
    fc.constantFrom(
      null,
      true,
      0,
      -1,
      1.5,
      65_536,
      300,
      '',
      'tcp',
      '192.0.2.1',
      '2001:db8::1',
      '192.0.2.10:80',
      [],
      {},
      ['a'],
    ),
    fc.constantFrom(
      { timeout: 1 },
      { timeout: 1, prefix: 1, netmask: '255.0.0.0' },
      { address: '192.0.2.9' },
      { name: 'eth0' },
      { mark: 6, reals: [] },
      { mark: 6, family: 'ipv6', vip: '192.0.2.1:0', reals: [] },
      { vip: '192.0.2.1:0', reals: [{ address: '192.0.2.2', upper: 1 }] },
      { vip: '192.0.2.1', ports: [80, '81:82'], mark: 6 },
      { secure_tcp: 3, 'net.ipv4.vs.drop_entry': 1 },
    ),
    fc.jsonValue({ maxDepth: 2 }),
  )
  let refused = 0
  fc.assert(
    fc.property(desired, odd, fc.nat(), fc.boolean(), (config, value, where, rename) => {
      const file = parse(printYaml(config)) as object
      mutate(file, where, value, rename)
      const mine = fileSchema.safeParse(file).success
      expect(accepts(schema, file)).toBe(mine)
      refused += mine ? 0 : 1
    }),
    { numRuns: 500 },
  )
  expect(refused).toBeGreaterThan(100)
})

describe('patterns accept exactly what the words accept:', () => {
  const tail = fc.constantFrom('', ':80', ':0', ':65535', ':65536', ':080', ':1', '/24', '%eth0', '=3')
  const address = fc.oneof(
    fc.ipV4(),
    fc.ipV6(),
    fc
      .tuple(
        fc.constantFrom(0, 127, 223, 224, 239, 240, 255),
        fc.constantFrom('.0.0.0', '.0.0.1', '.255.255.255'),
      )
      .map((p) => p.join('')),
    fc
      .array(fc.constantFrom(0, 0, 0, 1, 0xff, 255, 0xfe80, 0xfebf, 0xff02), { minLength: 16, maxLength: 16 })
      .map((b) => formatAddress(Uint8Array.from(b), 6)),
    fc
      .array(
        fc.constantFrom(
          '0',
          '0000',
          '1',
          '0001',
          'ffff',
          'FFFF',
          'fe80',
          'ff02',
          '',
          '1.2.3.4',
          '0.0.0.1',
          '0.0.0.0',
        ),
        { minLength: 2, maxLength: 9 },
      )
      .map((g) => g.join(':')),
    fc.constantFrom(
      '::',
      '::1',
      '::0',
      '0::1',
      '::ffff:1.2.3.4',
      '0:0:0:0:0:ffff::',
      '0:0:0:0:0:ffff::5',
      '0:0:0:0:0:ffff:5::',
      '::ffff:0:0',
      '::1.2.3.4',
      '::2',
      '0::',
      '::0.0.0.2',
    ),
  )
  const endpoint = fc
    .tuple(address, tail, fc.boolean())
    .map(([text, end, brackets]) => (brackets ? `[${text}]${end}` : `${text}${end}`))
  const scribble = fc.string({ unit: fc.constantFrom(...'0123456789abfF:.[]-%/ \n_'), maxLength: 24 })

  const same = (pattern: string, accept: (text: string) => boolean, input: fc.Arbitrary<string>) => {
    const regexp = new RegExp(pattern, 'u')
    fc.assert(
      fc.property(input, (text) => {
        expect([text, regexp.test(text)]).toEqual([text, accept(text)])
      }),
      { numRuns: 3_000 },
    )
  }

  it('addresses', () =>
    same(
      patterns.ADDRESS_PATTERN,
      (text) => hostFault('real', text) === undefined,
      fc.oneof(address, scribble),
    ))
  it('VIPs', () =>
    same(patterns.VIP_PATTERN, (text) => words.parseVip(text).ok, fc.oneof(endpoint, scribble)))
  it('real servers', () =>
    same(patterns.REAL_PATTERN, (text) => words.parseRealAddress(text).ok, fc.oneof(endpoint, scribble)))
  it('where metrics listen', () => {
    const host = fc.oneof(
      fc.domain(),
      fc.constantFrom('localhost', 'a-', '-a', '1', '1.2.3', 'a..b', 'a'.repeat(254), '', '[]'),
    )
    const listen = fc.tuple(host, tail).map((parts) => parts.join(''))
    same(patterns.LISTEN_PATTERN, (text) => words.parseListen(text).ok, fc.oneof(endpoint, listen, scribble))
  })
  it('netmasks', () =>
    same(patterns.NETMASK_PATTERN, (text) => parseNetmask(text, 4).ok, fc.oneof(address, scribble)))
  it('ports, as far as ranges ascend', () => {
    const port = fc.constantFrom('0', '1', '80', '65535', '65536', '080', '-1', '', 'x')
    const item = fc
      .tuple(port, fc.constantFrom('', ' ', ':65535', '-65535', ' : 65535', ':', '\n'))
      .map((p) => p.join(''))
    const list = fc.array(item, { minLength: 1, maxLength: 3 }).map((all) => all.join(','))
    same(patterns.PORTS_PATTERN, (text) => words.parsePorts(text).ok, list)
  })
  it('MACs', () => {
    const pair = fc.constantFrom('00', '01', '02', 'Ab', 'ff', 'f', 'g0')
    const mac = fc
      .tuple(fc.array(pair, { minLength: 5, maxLength: 7 }), fc.constantFrom(':', '-', ''))
      .map(([p, s]) => p.join(s))
    same(patterns.MAC_PATTERN, (text) => words.parsePeer(text).ok, mac)
  })
  it('names of interfaces, as far as bytes are characters', () =>
    same(
      patterns.INTERFACE_PATTERN,
      (text) => words.parseInterfaceName(text).ok,
      fc.string({ unit: fc.constantFrom(...'ab.0/: \n\t\0-'), maxLength: 17 }),
    ))
  it('names', () =>
    same(
      patterns.NAME_PATTERN,
      (text) => nameFault(text) === undefined,
      fc.string({ unit: 'binary', maxLength: 140 }),
    ))
})

/** Walks to the n-th place of a value and puts another one there, under another key when asked to. */
function mutate(root: object, n: number, value: unknown, rename: boolean): void {
  const places: { holder: Record<string, unknown>; key: string }[] = []
  const walk = (holder: object) => {
    for (const [key, inner] of Object.entries(holder)) {
      places.push({ holder: holder as Record<string, unknown>, key })
      if (typeof inner === 'object' && inner !== null) walk(inner)
    }
  }
  walk(root)
  const { holder, key } = places[n % places.length] as (typeof places)[0]
  if (rename && !Array.isArray(holder)) {
    holder[`${key}x`] = holder[key]
    delete holder[key]
  } else holder[key] = value
}
