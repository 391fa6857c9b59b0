// SPDX-License-Identifier: Apache-2.0
// An ICMP echo is answered by this host's own stack, and by nobody elsewhere.
import { closeSync, readFileSync, writeFileSync } from 'node:fs'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import type { IcmpCheck } from '../../../../src/model/checks.js'
import { fail } from '../../../../src/model/describe.js'
import { Clock, COMMON, MARK, socket, tell, WAYS, way } from './given.js'

const check: IcmpCheck = { ...COMMON, kind: 'icmp' }
const GROUPS = '/proc/sys/net/ipv4/ping_group_range'
let before: string | undefined

beforeAll(() => {
  const probe = socket({ family: 4, type: 'icmp' })
  if (probe.ok) return closeSync(probe.value)
  before = readFileSync(GROUPS, 'utf8')
  writeFileSync(GROUPS, '0 2147483647')
})
afterAll(() => {
  if (before !== undefined) writeFileSync(GROUPS, before)
})

describe.each(WAYS)('an echo by $title', ({ mark }) => {
  const by = mark === undefined ? {} : { mark }

  it.each(['127.0.0.1', '127.0.0.77', '::1'])('is answered by %s', async (address) => {
    expect(await tell(check, { address, port: 80, ...by })).toBe('good')
  })

  it('comes from the address that is asked for', async () => {
    expect(await tell(check, way(0, { ...by, bind: '127.0.0.9' }))).toBe('good')
    expect(await tell(check, way(0, { ...by, bind: '192.0.2.77' }))).toMatch(/^cannot-check: no socket: /)
  })

  it('that nobody answers ends at the deadline', async () => {
    const clock = new Clock()
    const answer = tell(check, { address: '127.0.0.1', port: 80, ...by }, clock)
    clock.strike()
    const target = mark === undefined ? '127.0.0.1' : '192.0.2.10 by way of 127.0.0.1'
    expect(await answer).toBe(`timeout: no echo reply from ${target} within 1 s`)
  })

  it('cannot be asked of everybody at once', async () => {
    expect(await tell(check, { address: '255.255.255.255', port: 80, ...by })).toMatch(
      /^cannot-check: datagram to .*: not permitted on this director$/,
    )
  })
})

it('is not asked where ping sockets are not permitted', async () => {
  const refused = { socket: () => fail({ reason: 'ping sockets are not permitted', fix: 'widen the range' }) }
  expect(await tell(check, way(80, { mark: MARK }), new Clock(refused))).toBe(
    'cannot-check: no socket: ping sockets are not permitted; widen the range',
  )
})

it('many at a time get their own answers', async () => {
  const answers = await Promise.all(Array.from({ length: 200 }, () => tell(check, way(80))))
  expect(new Set(answers)).toEqual(new Set(['good']))
})
