// SPDX-License-Identifier: Apache-2.0
// How often the director answers: the kernel's limits, for each client and for all of them.
import { afterAll, beforeAll, beforeEach, expect, test } from 'vitest'
import { Clock } from '../../src/abi/generated.js'
import { VIP } from '../packets/case.js'
import { frame, tcp } from '../packets/frames.js'
import { RIG_TUNABLES, Rig, TICK_SECONDS } from './rig.js'

let rig: Rig
beforeAll(async () => {
  rig = await Rig.open({ limits: { connections: 64, templates: 16 } })
})
beforeEach(() => {
  rig.setTunables(RIG_TUNABLES)
  rig.apply([{ vip: VIP, reals: [] }])
  rig.reset()
})
afterAll(() => rig?.close())

const asks = (src = '192.168.0.1') => {
  const { action, reason } = rig.send(frame({ src, dst: VIP, payload: tcp(1000, 80, 'S') }))
  expect(`${action} ${reason}`).toMatch(/^(tx answer_no_real|drop drop_no_real)$/)
  return action === 'tx'
}
const answered = (times: number, src?: string) =>
  Array.from({ length: times }, () => asks(src)).filter((yes) => yes).length
/** Answers within so many ticks, when it is asked several times in each. */
const within = (ticks: number, times: number, client = (_: number) => '192.168.0.1') => {
  let sum = 0
  for (let tick = 0; tick < ticks; tick++) {
    rig.advanceTicks(1)
    for (let i = 0; i < times; i++) sum += asks(client(tick * times + i)) ? 1 : 0
  }
  return sum
}

test('without limits every packet is answered', () => {
  expect(answered(200)).toBe(200)
})

test.each([100, 1000, 3000, 60_000, 100_000])(
  'icmp_ratelimit %i: six at once, then one in that many ms',
  (ms) => {
    rig.setTunables({ icmp_ratelimit: ms })
    expect(answered(20)).toBe(6)
    const ticks = 400
    // a bucket of six cannot hold more than that between two ticks
    const due = Math.min((ticks * TICK_SECONDS * 1000) / ms, 6 * ticks)
    const got = within(ticks, 8)
    // a bucket counts 256ths of an answer a tick, rounded down
    expect(got).toBeGreaterThan(due * 0.95 - 1)
    expect(got).toBeLessThanOrEqual(due + 1)
  },
)

test('icmp_ratelimit: what was not used comes to six, however long it was quiet', () => {
  rig.setTunables({ icmp_ratelimit: 1000 })
  for (const seconds of [7, 100, 100_000]) {
    answered(10)
    rig.advance(seconds)
    expect(answered(20)).toBe(6)
  }
})

test('icmp_ratelimit is one client’s matter', () => {
  rig.setTunables({ icmp_ratelimit: 1000 })
  expect(answered(10, '192.168.0.1')).toBe(6)
  expect(answered(10, '192.168.0.2')).toBe(6)
  expect(answered(10, '192.168.0.1')).toBe(0)
})

test('icmp_ratelimit holds when the clock goes round', () => {
  rig.setTunables({ icmp_ratelimit: 1000 })
  rig.advanceTicks((Clock.TICK_MASK & ~rig.clock()) - 3)
  expect(answered(10)).toBe(6)
  rig.advanceTicks(8)
  expect(answered(10)).toBe(2)
})

test('icmp_msgs_per_sec: a burst, then that many a second to all clients together', () => {
  rig.setTunables({ icmp_msgs_per_sec: 10, icmp_msgs_burst: 5 })
  const client = (i: number) => `10.${i % 3}.${(i >> 4) & 255}.${1 + (i & 15)}`
  expect(Array.from({ length: 20 }, (_, i) => asks(client(i))).filter((yes) => yes)).toHaveLength(5)
  const due = 400 * TICK_SECONDS * 10
  const got = within(400, 6, client)
  expect(got).toBeGreaterThan(due * 0.97)
  expect(got).toBeLessThanOrEqual(due + 5)
})

test('both limits hold: what one client may not have, it does not take from all', () => {
  rig.setTunables({ icmp_ratelimit: 1000, icmp_msgs_per_sec: 1, icmp_msgs_burst: 10 })
  expect(answered(50, '192.168.0.1')).toBe(6)
  expect(answered(50, '192.168.0.2')).toBe(4)
})
