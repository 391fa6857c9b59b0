// SPDX-License-Identifier: Apache-2.0
// An answer to the question that was asked, without an error, is good; everything else that comes is looked through.
import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { DNS_TYPES, dnsQuery, dnsVerdict } from '../../../../src/health/kinds/dns-message.js'
import type { DnsCheck } from '../../../../src/model/checks.js'
import { Clock, COMMON, deadPort, freePort, serveUdp, tell, WAYS, way, whenRead } from './given.js'

const check: DnsCheck = { ...COMMON, kind: 'dns', type: 'A', name: 'example.com' }

/** The query as an answer: response bit, rcode. */
function answering(query: Buffer, rcode = 0): Buffer {
  const reply = Buffer.from(query)
  reply.writeUInt16BE(0x8180 | rcode, 2)
  return reply
}

describe.each(WAYS)('a DNS question by $title', ({ mark }) => {
  const by = mark === undefined ? {} : { mark }

  it('is good when it is answered without an error, over either family', async () => {
    for (const address of ['127.0.0.1', '::1']) {
      const port = await serveUdp((query, answer) => answer(answering(query)), address)
      expect(await tell(check, { address, port, ...by })).toBe('good')
    }
  })

  it('is refused where nothing listens', async () => {
    expect(await tell(check, way(await deadPort(), by))).toMatch(
      /^refused: datagram to \S+.*: refused: nothing listens there$/,
    )
  })

  it('comes from the address and port that are asked for', async () => {
    const bindPort = await freePort('127.0.0.9')
    const port = await serveUdp((query, answer, from) => {
      if (from.address === '127.0.0.9' && from.port === bindPort) answer(answering(query))
      else answer(answering(query, 5))
    })
    expect(await tell(check, way(port, { ...by, bind: '127.0.0.9', bindPort }))).toBe('good')
  })

  it('cannot be asked from an address that is not here', async () => {
    const port = await serveUdp(() => {})
    expect(await tell(check, way(port, { ...by, bind: '192.0.2.77' }))).toMatch(/^cannot-check: /)
  })
})

describe('an answer', () => {
  it.each([
    [1, 'FORMERR'],
    [2, 'SERVFAIL'],
    [3, 'NXDOMAIN'],
    [5, 'REFUSED'],
    [13, 'rcode 13'],
  ])('of rcode %i fails by its name', async (rcode, name) => {
    const port = await serveUdp((query, answer) => answer(answering(query, rcode)))
    expect(await tell(check, way(port))).toBe(
      `status: ${name} in answer to A of "example.com" from 127.0.0.1:${port}, NOERROR wanted`,
    )
  })

  it('may leave the question out when it rejects it as such', async () => {
    const port = await serveUdp((query, answer) => {
      const bare = answering(query, 1).subarray(0, 12)
      bare.writeUInt16BE(0, 4)
      answer(bare)
    })
    expect(await tell(check, way(port))).toMatch(/^status: FORMERR /)
  })

  it('may write the name in other letters', async () => {
    const port = await serveUdp((query, answer) => {
      answer(Buffer.from(answering(query).toString('latin1').replace('example', 'eXaMpLe'), 'latin1'))
    })
    expect(await tell(check, way(port))).toBe('good')
  })

  it.each([
    ['another id', (reply: Buffer) => reply.writeUInt16BE(reply.readUInt16BE(0) ^ 1, 0)],
    ['a question', (reply: Buffer) => reply.writeUInt16BE(0x0100, 2)],
    ['another kind of operation', (reply: Buffer) => reply.writeUInt16BE(0xa000, 2)],
    ['another question', (reply: Buffer) => reply.write('y', 13)],
    ['another question', (reply: Buffer) => reply.writeUInt16BE(28, reply.length - 4)],
    ['another question', (reply: Buffer) => reply.writeUInt16BE(0, 4)],
  ])('that is %s is passed over until the right one comes', async (ignored, spoil) => {
    let verdict: unknown
    const port = await serveUdp((query, answer) => {
      const wrong = answering(query)
      spoil(wrong)
      verdict = dnsVerdict(query, wrong)
      answer(wrong)
      answer(answering(query))
    })
    expect(await tell(check, way(port))).toBe('good')
    expect(verdict).toEqual({ ignored })
  })

  it('that is none fails at the deadline as what it is', async () => {
    const clock = new Clock()
    const port = await serveUdp((_, answer) => {
      answer(Buffer.from('hello'))
      whenRead(() => clock.strike())
    })
    expect(await tell(check, way(port), clock)).toBe(
      `protocol: 1 datagram from 127.0.0.1:${port} within 1 s, but no answer to A of "example.com" (the last was 5 bytes are no DNS message)`,
    )
  })

  it('that never comes ends at the deadline', async () => {
    const clock = new Clock()
    const port = await serveUdp(() => clock.strike())
    expect(await tell(check, way(port), clock)).toBe(
      `timeout: no answer to A of "example.com" from 127.0.0.1:${port} within 1 s`,
    )
  })
})

describe('a query', () => {
  it.each([
    ['.', 'A', '0000010000010000000000000000010001'],
    ['a.bc', 'AAAA', '000001000001000000000000016102626300001c0001'],
    ['a.bc.', 'SOA', '00000100000100000000000001610262630000060001'],
  ] as const)('for %s of type %s is these bytes', (name, type, hex) => {
    expect(dnsQuery(0, type, name)?.toString('hex')).toBe(hex)
  })

  it.each(['', '..', 'a..b', `${'x'.repeat(64)}.com`, 'ümlaut.de', `${'a.'.repeat(127)}b`])(
    'is not made for %s',
    async (name) => {
      expect(dnsQuery(1, 'A', name)).toBeUndefined()
      expect(await tell({ ...check, name }, way(53))).toMatch(/^cannot-check: ".*" cannot be a DNS name$/)
    },
  )

  it('is made for the longest name', () => {
    expect(dnsQuery(1, 'A', `${'a.'.repeat(126)}b`)).toHaveLength(12 + 255 + 4)
  })
})

describe('replies', () => {
  const query = dnsQuery(0x1234, 'TXT', 'example.com') as Buffer

  it('are read whatever the bytes', () => {
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 80 }), fc.boolean(), (bytes, close) => {
        const reply = close ? Buffer.concat([query.subarray(0, 2), bytes]) : Buffer.from(bytes)
        const verdict = dnsVerdict(query, reply)
        return 'ignored' in verdict || (verdict.rcode >= 0 && verdict.rcode < 16)
      }),
      { numRuns: 5_000 },
    )
  })

  it('answer the query they were made from and no other', () => {
    const name = fc.array(fc.stringMatching(/^[a-z0-9-]{1,20}$/), { minLength: 1, maxLength: 5 })
    const type = fc.constantFrom(...(Object.keys(DNS_TYPES) as DnsCheck['type'][]))
    fc.assert(
      fc.property(fc.nat(65_535), type, name, fc.nat(15), (id, kind, labels, rcode) => {
        const asked = dnsQuery(id, kind, labels.join('.')) as Buffer
        expect(dnsVerdict(asked, answering(asked, rcode))).toMatchObject({ rcode })
        const other = dnsQuery(id, kind, `x.${labels.join('.')}`) as Buffer
        expect(dnsVerdict(asked, answering(other))).toEqual({ ignored: 'another question' })
      }),
    )
  })
})
