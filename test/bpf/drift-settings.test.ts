// SPDX-License-Identifier: Apache-2.0
// Settings are written every second for the defence: what somebody else has made of them in between is no wish of ours.
import { afterAll, beforeAll, expect, it } from 'vitest'
import { Settings_OFFSETS } from '../../src/abi/generated.js'
import { Rig } from './rig.js'
import { desired } from './rig-words.js'

let rig: Rig
const timeout = Settings_OFFSETS.timeout + 4

beforeAll(async () => {
  rig = await Rig.open()
  rig.apply([{ vip: '192.0.2.10', reals: ['192.0.2.21'] }])
  // the rig has put next hops there by its own hand
  rig.datapath.mend()
})
afterAll(() => rig?.close())

it.each([
  ['the defence', () => rig.datapath.setDefence({ secureTcp: false, dropRate: 0 })],
  ['tunables', () => rig.datapath.setTunables(desired([]).tunables)],
  ['a change of services', () => void rig.datapath.apply([])],
])('%s does not make them true', (_, write) => {
  const settings = rig.memory('settings')
  const before = settings.getUint32(timeout, true)
  settings.setUint32(timeout, 1, true)
  write()
  expect(settings.getUint32(timeout, true)).toBe(before)
  expect(rig.datapath.mend()).toEqual([{ kind: 'settings', what: 'the settings' }])
  expect(rig.datapath.mend()).toEqual([])
})

it('packets look for peers as long as there is one', () => {
  const settings = rig.memory('settings')
  const looks = () => settings.getUint32(Settings_OFFSETS.alone, true) === 0
  expect(looks()).toBe(false)
  rig.datapath.setPeers(['02:00:00:00:00:09'])
  expect(looks()).toBe(true)
  expect(rig.datapath.mend()).toEqual([])
  rig.datapath.setPeers([])
  expect(looks()).toBe(false)
  expect(rig.datapath.mend()).toEqual([])
})
