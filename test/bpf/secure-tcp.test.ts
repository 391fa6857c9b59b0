// SPDX-License-Identifier: Apache-2.0
// secure_tcp: the defence table differs from the ordinary one where a SYN opens; nowhere else.
import { afterAll, beforeAll, beforeEach, expect, test } from 'vitest'
import { State } from '../../src/abi/generated.js'
import { BASE, four, REAL } from '../packets/case.js'
import { frame, tcp } from '../packets/frames.js'
import { census, counters, ways } from './census.js'
import { forceState, only } from './force.js'
import { Rig } from './rig.js'

const { TCP_NONE, TCP_ESTABLISHED, TCP_SYN_SENT, TCP_SYN_RECV, TCP_FIN_WAIT, TCP_TIME_WAIT } = State
const { TCP_CLOSE, TCP_CLOSE_WAIT, TCP_LAST_ACK, TCP_LISTEN, TCP_SYNACK } = State
/** IPVS.md section 8: from these a SYN leads to SYNACK. */
const TO_SYNACK: readonly number[] = [
  TCP_NONE,
  TCP_FIN_WAIT,
  TCP_TIME_WAIT,
  TCP_CLOSE,
  TCP_CLOSE_WAIT,
  TCP_LAST_ACK,
  TCP_LISTEN,
  TCP_SYNACK,
]
const STATES: readonly number[] = [...TO_SYNACK, TCP_ESTABLISHED, TCP_SYN_SENT, TCP_SYN_RECV]

let rig: Rig
const secure = (secureTcp: boolean) => rig.datapath.setDefence({ secureTcp, dropRate: 0, dropCounter: 0 })
beforeAll(async () => {
  rig = await Rig.open({ limits: { connections: 64, templates: 16 } })
  rig.setTunables({ conn_reuse_mode: 0 })
})
beforeEach(() => {
  secure(false)
  rig.reset()
  rig.apply(BASE)
})
afterAll(() => rig?.close())

const segment = (flags: string) => frame(four(tcp(1000, 80, flags)))
const led = (state: number, flags: string, secured: boolean): number => {
  secure(false)
  rig.reset()
  rig.goes(segment('S'))
  forceState(rig, state)
  secure(secured)
  expect(rig.goes(segment(flags))).toBe(REAL)
  expect(counters(rig)).toEqual(census(rig))
  return only(rig).state
}

test.each(STATES)('a SYN in state %i leads to SYNACK where the table says so, else as ever', (state) => {
  for (const flags of ['S', 'SA', 'SF', 'SPU']) {
    const wanted = TO_SYNACK.includes(state) ? TCP_SYNACK : led(state, flags, false)
    expect(led(state, flags, true)).toBe(wanted)
  }
})

test.each(['F', 'FA', 'A', 'PA', 'R', 'RA', 'SR', '', 'P'])("'%s' does what it does without", (flags) => {
  for (const state of STATES) expect(led(state, flags, true)).toBe(led(state, flags, false))
})

test('a handshake is SYNACK for 120 s, active, then ESTABLISHED', () => {
  secure(true)
  rig.goes(segment('S'))
  expect(only(rig).state).toBe(TCP_SYNACK)
  expect(rig.loads()[REAL]).toMatchObject({ active: 1, inactive: 0 })
  rig.advance(119)
  rig.sweep()
  rig.goes(segment('A'))
  expect(only(rig).state).toBe(TCP_ESTABLISHED)
  rig.reset()
  rig.goes(segment('S'))
  rig.advance(121)
  rig.sweep()
  expect(ways(rig)).toEqual([])
})
