// SPDX-License-Identifier: Apache-2.0
// A fragmented datagram of a known UDP flow renews the flow and leaves it what it is. Found by the fuzz test.
import { afterAll, beforeAll, expect, it } from 'vitest'
import { frame, tcp, udp } from '../packets/frames.js'
import { Rig } from './rig.js'

let rig: Rig
const [src, dst, REAL] = ['198.51.100.7', '192.0.2.10', '192.0.2.21']

beforeAll(async () => {
  rig = await Rig.open()
  rig.apply([{ vip: dst, port: 53, protocol: 'udp', reals: [REAL] }])
})
afterAll(() => rig.close())

it("a first fragment of a known UDP flow keeps it a UDP flow, and TCP on its ports stays the stack's", () => {
  expect(rig.goes(frame({ src, dst, payload: udp(1000, 53) }))).toBe(REAL)
  const fragment = { id: 7, offset: 0, more: true }
  expect(rig.goes(frame({ src, dst, fragment, payload: udp(1000, 53, new Uint8Array(64)) }))).toBe(REAL)
  expect([...rig.datapath.conns()].map(({ protocol, state }) => [protocol, state])).toEqual([['udp', 'UDP']])
  expect(rig.goes(frame({ src, dst, payload: tcp(1000, 53, 'S') }))).toBe('pass_no_service')
})
