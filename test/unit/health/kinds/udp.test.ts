// SPDX-License-Identifier: Apache-2.0
// A refused datagram is a failure, silence only where a reply is required, and a reply is compared as it is wanted.
import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { replyFault } from '../../../../src/health/kinds/udp.js'
import type { UdpCheck } from '../../../../src/model/checks.js'
import { Clock, COMMON, deadPort, serveUdp, tell, WAYS, way } from './given.js'

const check: UdpCheck = { ...COMMON, kind: 'udp', payload: '70696e67' }
const strict: UdpCheck = { ...check, requireReply: true }

describe.each(WAYS)('a datagram by $title', ({ mark }) => {
  const by = mark === undefined ? {} : { mark }

  it('carries the payload, and any reply is good', async () => {
    const heard: string[] = []
    const port = await serveUdp((message, answer) => {
      heard.push(message.toString())
      answer(Buffer.from('pong'))
    })
    expect(await tell(strict, way(port, by))).toBe('good')
    expect(await tell({ ...COMMON, kind: 'udp', requireReply: true }, way(port, by))).toBe('good')
    expect(heard).toEqual(['ping', ''])
  })

  it('goes over IPv6', async () => {
    const port = await serveUdp((_, answer) => answer(Buffer.from('pong')), '::1')
    expect(await tell(strict, { address: '::1', port, ...by })).toBe('good')
  })

  it('is refused where nothing listens, whether a reply is required or not', async () => {
    const refused = /^refused: datagram to \S+.*: refused: nothing listens there$/
    for (const one of [check, strict]) expect(await tell(one, way(await deadPort(), by))).toMatch(refused)
  })

  it('that meets silence is good', async () => {
    const clock = new Clock()
    const port = await serveUdp(() => clock.strike())
    expect(await tell(check, way(port, by), clock)).toBe('good')
  })

  it('that meets silence fails where a reply is required', async () => {
    const clock = new Clock()
    const port = await serveUdp(() => clock.strike())
    expect(await tell(strict, way(port, by), clock)).toMatch(/^timeout: no reply from \S+.* within 1 s$/)
  })
})

describe('a reply', () => {
  it.each([
    ['706f6e67', 'good'],
    ['70??6e??', 'good'],
    ['706f', 'good'],
    ['706f6e68', 'body: reply of TARGET: byte 4 is 67, 68 wanted'],
    ['706f6e6721', 'body: reply of TARGET: 4 bytes, at least 5 wanted'],
  ])('"pong" against %s: %s', async (reply, expected) => {
    const port = await serveUdp((_, answer) => answer(Buffer.from('pong')))
    const told = expected.replace('TARGET', `127.0.0.1:${port}`)
    expect(await tell({ ...strict, reply }, way(port))).toBe(told)
    expect(await tell({ ...check, reply }, way(port))).toBe(told)
  })

  it.each([
    [{ minReply: 4, maxReply: 4 }, undefined],
    [{ minReply: 5 }, '4 bytes, at least 5 wanted'],
    [{ maxReply: 3 }, '4 bytes, at most 3 wanted'],
    [{ reply: '706f6e6721', minReply: 0 }, undefined],
    [{ reply: '716f6e6721', minReply: 0 }, 'byte 1 is 70, 71 wanted'],
  ])('of four bytes with %j: %s', (more, expected) => {
    expect(replyFault({ ...check, ...more }, Buffer.from('pong'))).toBe(expected)
  })

  it('is as wanted whichever of its bytes do not matter', () => {
    const bytes = fc.uint8Array({ minLength: 1, maxLength: 40 })
    fc.assert(
      fc.property(
        bytes,
        fc.array(fc.boolean(), { minLength: 40, maxLength: 40 }),
        fc.nat(),
        (reply, any, at) => {
          const digits = [...reply].map((byte, i) => (any[i] ? '??' : byte.toString(16).padStart(2, '0')))
          const one = { ...check, reply: digits.join('') }
          expect(replyFault(one, reply)).toBeUndefined()
          const spoilt = Uint8Array.from(reply)
          const place = at % reply.length
          spoilt[place] = (spoilt[place] as number) ^ 0xff
          expect(replyFault(one, spoilt) === undefined).toBe(any[place])
        },
      ),
    )
  })
})
