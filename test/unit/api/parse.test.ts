// SPDX-License-Identifier: Apache-2.0
import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import {
  parseAttachRequest,
  parseReal,
  parseRealChange,
  parseServiceChange,
  parseServiceRequest,
} from '../../../src/api/parse.js'
import type { Outcome } from '../../../src/model/types.js'

const service = {
  vip: '192.0.2.10',
  port: 80,
  protocol: 'tcp',
  scheduler: 'wrr',
  persistence: { timeout: 300, prefix: 24 },
  name: 'web',
  reals: [{ address: '192.0.2.21', weight: 1 }],
}

function said(outcome: Outcome<unknown>): string[] {
  return outcome.ok ? [] : outcome.problems.map((p) => `${p.subject} ${p.reason}`)
}

describe('a request body', () => {
  it('is taken as it is when it fits', () => {
    expect(parseServiceRequest(service)).toEqual({ ok: true, value: service })
    expect(parseReal(service.reals[0])).toEqual({ ok: true, value: service.reals[0] })
    expect(parseAttachRequest({ name: 'eth0', mode: 'generic' })).toEqual({
      ok: true,
      value: { name: 'eth0', mode: 'generic' },
    })
  })

  it('may change as little as nothing, or take persistence away', () => {
    expect(parseServiceChange({})).toEqual({ ok: true, value: {} })
    expect(parseServiceChange({ persistence: null })).toEqual({ ok: true, value: { persistence: null } })
    expect(parseRealChange({ weight: 0 })).toEqual({ ok: true, value: { weight: 0 } })
  })

  it('is refused with every problem and its place at once', () => {
    expect(
      said(
        parseServiceRequest({ ...service, vip: 7, port: '80', colour: 'red', reals: [{ address: 'x' }, 3] }),
      ),
    ).toEqual([
      'colour is not known here; known are vip, port, protocol, scheduler, persistence, name, reals',
      'vip is 7, a string is expected',
      'port is "80", a whole number is expected',
      'reals[0].weight is missing',
      'reals[1] is 3, an object is expected',
    ])
  })

  it('is refused with the words that are known', () => {
    expect(said(parseAttachRequest({ name: 'eth0', mode: 'skb' }))).toEqual([
      'mode is "skb", expected is one of native, generic',
    ])
    expect(said(parseServiceChange({ scheduler: 'lc' }))).toEqual([
      'scheduler is "lc", expected is one of rr, wrr, wlc, sh',
    ])
  })

  it('never throws, whatever JSON it is', () => {
    fc.assert(
      fc.property(fc.jsonValue(), (value) => {
        for (const parse of [
          parseServiceRequest,
          parseServiceChange,
          parseReal,
          parseRealChange,
          parseAttachRequest,
        ])
          expect(typeof parse(value).ok).toBe('boolean')
      }),
    )
  })
})
