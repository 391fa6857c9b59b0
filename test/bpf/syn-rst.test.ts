// SPDX-License-Identifier: Apache-2.0
// A segment with SYN and RST opens nothing: on a finished connection IPVS forgets the entry and leaves it to the stack.
import { afterAll, beforeAll, expect, it } from 'vitest'
import { frame, tcp } from '../packets/frames.js'
import { Rig } from './rig.js'

let rig: Rig
const VIP = '192.0.2.10'
const REAL = '192.0.2.21'
const goes = (flags: string) =>
  rig.goes(frame({ src: '198.51.100.7', dst: VIP, payload: tcp(1000, 80, flags) }))

beforeAll(async () => {
  rig = await Rig.open()
  rig.apply([{ vip: VIP, reals: [REAL] }])
})
afterAll(() => rig.close())

it('SYN and RST together are left to the stack in CLOSE, and by an unknown flow', () => {
  expect(goes('SR')).toBe('pass_no_conn')
  expect([goes('S'), goes('A'), goes('R')]).toEqual([REAL, REAL, REAL])
  expect(goes('SR')).toBe('pass_no_conn')
  expect(goes('S')).toBe(REAL)
})

it('SYN and RST together close an established connection, which keeps its real server until then', () => {
  expect([goes('A'), goes('SR')]).toEqual([REAL, REAL])
  expect([...rig.datapath.conns()].map(({ state }) => state)).toEqual(['CLOSE'])
})
