// SPDX-License-Identifier: Apache-2.0
// The daemon dies, at any moment, and comes back.
import { setTimeout as sleep } from 'node:timers/promises'
import { configuration, reload } from '../stage.js'
import type { Event } from './event.js'
import { manyServices } from './reload.js'

/** Longer than the daemon takes to start on a busy machine: some kills find it starting, some running. */
const LATEST = 2_000

export const KILL: Event = {
  name: 'kill -9 of the daemon at random moments',
  run: async (stage) => {
    const { director, random, size } = stage
    const moments: number[] = []
    for (let i = 0; i < size.kills; i++) {
      const moment = Math.round(random() * LATEST)
      moments.push(moment)
      await sleep(moment)
      await director.daemon().stop('SIGKILL')
      director.launch()
    }
    await director.daemon().stop('SIGKILL')
    await director.restart()
    return `${size.kills + 1} kills, ms after the start before: ${moments.join(' ')} 0`
  },
}

export const KILL_IN_RELOAD: Event = {
  name: 'kill -9 in the middle of such a reload',
  run: async (stage) => {
    const { director, topology, random, size } = stage
    const moments: number[] = []
    for (let i = 0; i < size.kills / 2; i++) {
      director.writeFile(configuration(topology, i % 2 === 0 ? { others: manyServices(stage) } : {}))
      const typed = director.xlvs('reload')
      const moment = Math.round(random() * LATEST)
      moments.push(moment)
      await sleep(moment)
      await director.daemon().stop('SIGKILL')
      await typed
      await director.restart()
    }
    await reload(stage)
    return `${moments.length} kills, ms after \`xlvs reload\` was typed: ${moments.join(' ')}`
  },
}

export const RESTART: Event = {
  name: 'restart of the daemon',
  run: async ({ director }) => {
    const status = await director.daemon().stop('SIGTERM')
    if (status !== 0) throw new Error(`the daemon ended with status ${status}`)
    await director.restart()
    return ''
  },
}
