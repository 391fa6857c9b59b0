// SPDX-License-Identifier: Apache-2.0
import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { readAttachRequest, readFilter } from '../../../src/api/parse.js'
import { formatProblem } from '../../../src/model/describe.js'
import type { Outcome } from '../../../src/model/types.js'

function said(outcome: Outcome<unknown>): string[] {
  return outcome.ok ? [] : outcome.problems.map(formatProblem)
}

describe('a request to attach', () => {
  it('is native unless generic is asked for by name', () => {
    expect(readAttachRequest({ name: 'eth0' })).toEqual({ ok: true, value: { name: 'eth0', mode: 'native' } })
    expect(readAttachRequest({ name: 'eth0', mode: 'generic' })).toMatchObject({ value: { mode: 'generic' } })
  })

  it('is refused with a sentence that says what would be right', () => {
    expect(said(readAttachRequest({ name: 'eth0', mode: 'skb' }))).toEqual([
      'mode: unknown mode "skb"; use native or generic',
    ])
    expect(said(readAttachRequest({ name: 'a name', mode: 'native' }))[0]).toContain('white space')
    expect(said(readAttachRequest({ nmae: 'eth0' }))).toEqual(['body: unknown key "nmae"; use name and mode'])
    expect(said(readAttachRequest([]))).toEqual([
      'body: body is a list; send a JSON object with name and mode',
    ])
  })

  it('never throws, whatever JSON it is', () => {
    fc.assert(
      fc.property(fc.jsonValue(), (value) => {
        expect(typeof readAttachRequest(value).ok).toBe('boolean')
      }),
    )
  })
})

describe('a filter', () => {
  it('is empty when nothing is asked', () => {
    expect(readFilter({})).toEqual({ ok: true, value: {} })
  })

  it('is brought into canonical form', () => {
    expect(
      readFilter({
        service: '[2001:DB8::0:1]:53',
        client: '2001:db8:0:0::7',
        real: '192.0.2.21',
        limit: '0',
      }),
    ).toEqual({
      ok: true,
      value: { service: 'tcp [2001:db8::1]:53', client: '2001:db8::7', real: '192.0.2.21', limit: 0 },
    })
  })

  it('is refused with every problem at once', () => {
    const problems = said(readFilter({ service: 'web', client: '192.0.2', limit: 'many' }))
    expect(problems.map((line) => line.split(':')[0])).toEqual(['service', 'client', 'limit'])
  })
})
