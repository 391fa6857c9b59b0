// SPDX-License-Identifier: Apache-2.0
// Directors with small tables, for tests of what happens when they are full.
import { onTestFinished } from 'vitest'
import type { Limits } from '../../src/model/types.js'
import { VIP, VIP6 } from '../packets/case.js'
import { Rig, type ServiceWords } from './rig.js'

export const FIVE = [1, 2, 3, 4, 5].map((i) => `10.0.2.${i}`)
export const FIVE6 = FIVE.map((_, i) => `fd00:2::${i + 1}`)
export const SERVICES: readonly ServiceWords[] = [
  { vip: VIP, reals: FIVE },
  { vip: VIP, port: 53, protocol: 'udp', reals: FIVE },
  { vip: VIP6, reals: FIVE6 },
  { vip: VIP6, port: 53, protocol: 'udp', reals: FIVE6 },
]

export async function opened(
  connections: number,
  services = SERVICES,
  more: Partial<Limits> = {},
): Promise<Rig> {
  const rig = await Rig.open({ limits: { connections, templates: 64, ...more } })
  onTestFinished(() => rig.close())
  rig.apply(services)
  return rig
}
