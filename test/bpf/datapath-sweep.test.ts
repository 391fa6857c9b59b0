// SPDX-License-Identifier: Apache-2.0
// Tables that were found empty are left out of sweeps, and whatever comes into them is seen and ends as ever.
import { expect, test } from 'vitest'
import { Conn4_SIZE } from '../../src/abi/generated.js'
import { TRUSTED_ROUNDS } from '../../src/datapath/stillness.js'
import { CLIENT, VIP, VIP6 } from '../packets/case.js'
import { frame, tcp } from '../packets/frames.js'
import { census, counters, ways } from './census.js'
import { desired, type Rig, type ServiceWords } from './rig.js'
import { FIVE, FIVE6, opened } from './tables.js'

const STICKY = 443
const SERVED: readonly ServiceWords[] = [
  { vip: VIP, reals: FIVE },
  { vip: VIP6, reals: FIVE6 },
  { vip: VIP, port: STICKY, reals: FIVE, persistence: { timeout: 60, prefix: 32 } },
]
const syn = (port: number, dport = 80) => frame({ src: CLIENT, dst: VIP, payload: tcp(port, dport, 'S') })
const syn6 = (port: number) => frame({ src: 'fd00:c::1', dst: VIP6, payload: tcp(port, 80, 'S') })

function told(rig: Rig): readonly number[] {
  const { conn4, conn6, template } = rig.datapath.snapshot(desired(SERVED)).tables
  return [conn4.entries, conn6.entries, template.entries]
}

test.each([
  ['an IPv4 connection', syn(1), [1, 0, 0]],
  ['an IPv6 connection', syn6(1), [0, 1, 0]],
  ['a template and its connection', syn(1, STICKY), [1, 0, 1]],
] as const)(
  '%s is counted by the first round after it came, and ends when its time is over',
  async (_, packet, entries) => {
    const rig = await opened(1024, SERVED)
    for (let again = 0; again < 3; again++) {
      for (let round = 0; round < 4; round++) rig.sweep()
      expect(told(rig)).toEqual([0, 0, 0])
      rig.goes(packet)
      rig.sweep()
      expect(told(rig)).toEqual(entries)
      // the template's time begins anew with the end of its connection
      for (let round = 0; round < 4; round++) {
        rig.advance(61)
        rig.sweep()
      }
      expect(told(rig)).toEqual([0, 0, 0])
      expect(ways(rig)).toEqual([])
      expect(counters(rig)).toEqual({})
    }
  },
)

test('what comes while a table is being passed is met behind that place at once, and all of it by the next round', async () => {
  const rig = await opened(1024, SERVED)
  const FLOWS = 200
  for (let turn = 0; turn < 8; turn++) {
    while (!rig.datapath.sweep({ sets: 50 }).roundComplete);
    rig.sweep()
    rig.datapath.sweep({ sets: 40 * turn })
    for (let i = 0; i < FLOWS; i++) rig.goes(syn(1000 + turn * FLOWS + i))
    while (!rig.datapath.sweep({ sets: 50 }).roundComplete);
    const [behind = 0] = told(rig)
    expect(behind > 0 && behind <= FLOWS).toBe(true)
    expect(counters(rig)).toEqual(census(rig))
    rig.sweep()
    expect(told(rig)[0]).toBe(FLOWS)
    rig.advance(61)
    rig.sweep()
    expect(ways(rig)).toEqual([])
  }
})

test('an entry that nobody counted is found too, when tables are looked at all the same', async () => {
  const rig = await opened(64, SERVED)
  rig.goes(syn(1))
  const at = (ways(rig)[0]?.at ?? 0) - (Conn4_SIZE - 8)
  const memory = rig.memory('conns4')
  const way = new Uint8Array(memory.buffer, memory.byteOffset + at, Conn4_SIZE)
  const flow = way.slice()
  rig.advance(61)
  for (let round = 0; round < 3; round++) rig.sweep()
  expect(ways(rig)).toEqual([])
  way.set(flow)
  rig.sweep()
  expect(ways(rig)).toHaveLength(1)
  for (let round = 0; round < TRUSTED_ROUNDS; round++) rig.sweep()
  expect(ways(rig)).toEqual([])
})
