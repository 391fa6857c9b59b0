// SPDX-License-Identifier: Apache-2.0
// A filter of a trace is what its words say, has one text, and a wrong word is answered with what was probably meant.
import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { formatAddress, prefixToMask } from '../../../src/abi/address.js'
import { formatProblems } from '../../../src/model/describe.js'
import {
  parseTraceFilter,
  TCP_FLAGS,
  TRACE_REASONS,
  type TraceFilter,
  type TraceProtocol,
  traceText,
} from '../../../src/model/trace.js'
import { parseTraceWish, traceQuery } from '../../../src/model/trace-wish.js'
import { reasonBits } from '../../../src/model/trace-words.js'
import type { Family } from '../../../src/model/types.js'

const host = (family: Family) =>
  family === 4
    ? fc.tuple(fc.integer({ min: 1, max: 126 }), fc.nat(255), fc.nat(255)).map((all) => `${all.join('.')}.1`)
    : fc.integer({ min: 1, max: 0xffff }).map((n) => `2001:db8::${n.toString(16)}`)

const net = (family: Family) => {
  const bytes = family === 4 ? 4 : 16
  return fc
    .tuple(fc.uint8Array({ minLength: bytes, maxLength: bytes }), fc.nat(8 * bytes))
    .map(([address, prefix]) => {
      const mask = prefixToMask(prefix)
      const whole = Uint8Array.from({ length: 16 }, (_, i) => (address[i] ?? 0) & (mask[i] ?? 0))
      return { address: formatAddress(whole, family), prefix }
    })
}

const flags = fc
  .uniqueArray(fc.constantFrom(...Object.keys(TCP_FLAGS)), { minLength: 1 })
  .chain((names) =>
    fc.tuple(...names.map((name) => fc.boolean().map((clear) => (clear ? `!${name}` : name)))),
  )

const reasons = fc.uniqueArray(
  fc.constantFrom(...Object.keys(TRACE_REASONS), 'drop_*', '*', '*_icmp', 'pass_*_flow'),
  { minLength: 1 },
)

const protocol = (family: Family) =>
  fc.constantFrom<TraceProtocol>('tcp', 'udp', 'sctp', family === 4 ? 'icmp' : 'icmp6')

const filter = fc.constantFrom<Family>(4, 6).chain((family) =>
  fc
    .record(
      {
        iface: fc.constantFrom('eth0', 'bond0.100', 'client'),
        family: fc.constant(family),
        client: net(family),
        clientPort: fc.nat(65_535),
        vip: host(family),
        port: fc.nat(65_535),
        protocol: protocol(family),
        flags,
        real: host(family),
        service: host(family).map((address) => `tcp ${family === 4 ? address : `[${address}]`}:80`),
        reasons,
      },
      { requiredKeys: [] },
    )
    .map((found): TraceFilter => {
      const { flags: wanted, ...rest } = found
      return wanted !== undefined && (rest.protocol ?? 'tcp') === 'tcp' ? { ...rest, flags: wanted } : rest
    }),
)

describe('the words of a filter', () => {
  it('are parsed into the filter whose text they are', () => {
    fc.assert(
      fc.property(filter, fc.boolean(), (one, split) => {
        const text = traceText(one)
        expect(parseTraceFilter(split ? text.split(' ') : [text])).toEqual({ ok: true, value: one })
      }),
    )
  })

  it.each([
    ['', ''],
    ['192.0.2.10:80', 'vip 192.0.2.10 port 80'],
    ['udp 192.0.2.10:53', 'vip 192.0.2.10 port 53 proto udp'],
    ['[2001:DB8::0010]:443', 'vip 2001:db8::10 port 443'],
    ['2001:db8::10', 'vip 2001:db8::10'],
    ['service 192.0.2.10:80 real 192.0.2.21', 'real 192.0.2.21 service tcp 192.0.2.10:80'],
    ['service fwm 6 ipv6 port 0', 'port 0 service fwm 6 ipv6'],
    ['client 198.51.100.77/24', 'client 198.51.100.0/24'],
    ['client 0.0.0.0/0', 'client 0.0.0.0/0'],
    ['flags SYN,!Ack reason DROP_*', 'flags syn,!ack reason drop_*'],
  ])('%s', (words, text) => {
    const outcome = parseTraceFilter([words])
    expect(outcome.ok ? traceText(outcome.value) : formatProblems(outcome.problems)).toBe(text)
  })
})

describe('a broken filter', () => {
  it.each([
    ['clinet 198.51.100.1', 'filter: "clinet" is nothing to filter by; write client'],
    ['client', 'filter: client needs a value; write it like: client 198.51.100.0/24'],
    ['port http', 'filter: port is the text "http", not a whole number; use 0..65535'],
    ['port 80 port 81', 'filter: port is said twice; keep one of them'],
    ['192.0.2.10:80 port 81', 'filter: port is said twice; keep one of them'],
    ['client 198.51.100.0/33', 'filter: IPv4 prefix 33 is above 32; use 0..32'],
    ['flags sny', 'filter: "sny" is no TCP flag; write syn'],
    ['flags syn,!syn', 'filter: syn cannot be set and not set; write syn or !syn'],
    ['proto udp flags syn', 'filter: udp has no flags; leave flags out, or write proto tcp'],
    ['proto upd', 'filter: unknown proto "upd"; use tcp, udp, sctp, icmp or icmp6'],
    [
      'client 198.51.100.1 vip 2001:db8::10',
      'filter: client is of IPv4 and vip of IPv6, so no packet is both; leave one of them out',
    ],
    [
      'reason drop_no_rael',
      'filter: no reason is called "drop_no_rael"; write drop_no_real; see: xlvs show reasons',
    ],
    [
      'reason lost_*',
      'filter: no reason is called "lost_*"; use a part of a name, as in drop_*; see: xlvs show reasons',
    ],
    ['vip 224.0.0.1', 'filter: vip 224.0.0.1 is a multicast address; use the unicast address of one host'],
  ])('%s', (words, sentence) => {
    const outcome = parseTraceFilter(words.split(' '), 'filter')
    expect(outcome.ok ? 'accepted' : formatProblems(outcome.problems)).toBe(sentence)
  })
})

describe('reasons by pattern', () => {
  const names = (...patterns: string[]) =>
    Object.entries(TRACE_REASONS)
      .filter(([, number]) => (reasonBits(patterns) >> BigInt(number)) & 1n)
      .map(([name]) => name)

  it('are all that fit any of them, and no other', () => {
    const all = Object.keys(TRACE_REASONS)
    expect(names('drop_*')).toEqual(all.filter((name) => name.startsWith('drop_')))
    expect(names('*_icmp', 'answer_ttl')).toEqual(['forward_icmp', 'answer_ttl'])
    expect(names('pass_*_flow')).toEqual(['pass_icmp_no_flow'])
    expect(names('drop_mtu')).toEqual(['drop_mtu'])
    expect(names('*')).toEqual(all)
  })

  it('without any are all there can be', () => {
    expect(reasonBits(undefined)).toBe(0xffff_ffff_ffff_ffffn)
  })
})

describe('how much is recorded', () => {
  it('travels in a query and is the same at its end', () => {
    const wish = fc.record(
      {
        filter,
        sample: fc.integer({ min: 1, max: 1_000_000 }),
        limit: fc.nat(1_000_000),
        head: fc.integer({ min: 14, max: 256 }),
        count: fc.integer({ min: 1, max: 1000 }),
        last: fc.integer({ min: 1, max: 60_000 }),
      },
      { requiredKeys: ['filter', 'sample', 'limit', 'head'] },
    )
    fc.assert(
      fc.property(wish, (one) => {
        expect(parseTraceWish(traceQuery(one))).toEqual({ ok: true, value: one })
      }),
    )
  })

  it('is refused by the name it was given by, with every other fault', () => {
    const outcome = parseTraceWish(
      { filter: ['prot 80'], head: '300', sample: 'many' },
      (name) => `--${name}`,
    )
    expect(outcome.ok ? 'accepted' : formatProblems(outcome.problems)).toBe(
      [
        'filter: "prot" is nothing to filter by; write port',
        '--sample: sample is the text "many", not a whole number; use 1..1000000',
        '--head: head 300 is above 256; use 14..256',
      ].join('\n'),
    )
  })
})
