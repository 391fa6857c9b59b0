// SPDX-License-Identifier: Apache-2.0
// The file comes with many services more, other ones, and none of them.
import { reload, type Stage, usual, VIP } from '../stage.js'
import type { Event } from './event.js'

const FIRST_PORT = 1_000

export const RELOAD: Event = {
  name: 'reload of a file with many services',
  run: async (stage) => {
    const all = manyServices(stage)
    const half = all.slice(all.length / 2).map((line) => line.replace('rr', 'wlc'))
    const took: string[] = []
    for (const others of [all, half, []]) {
      const began = performance.now()
      await reload(stage, { others })
      took.push(`${others.length} in ${Math.round(performance.now() - began)} ms`)
    }
    return took.join(', ')
  },
}

export function manyServices({ topology, size }: Stage): readonly string[] {
  const reals = usual(topology).map(({ ipv4 }) => ipv4)
  return Array.from(
    { length: size.services },
    (_, i) => `{vip: "${VIP}:${FIRST_PORT + i}", scheduler: rr, reals: [${reals.join(', ')}]}`,
  )
}
