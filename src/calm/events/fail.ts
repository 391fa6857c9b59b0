// SPDX-License-Identifier: Apache-2.0
// A real server is cut off from one moment to the next, is found out by its checks, and comes back.
import type { Host } from '../../demo/lab/topology.js'
import { reload, SERVICE, SERVICE6, type Stage, usual } from '../stage.js'
import { now } from '../traffic/clock.js'
import { type Event, realRows, until } from './event.js'

export const FAIL: Event = {
  name: 'a real server fails, and comes back',
  fails: (stage) => failing(stage).role,
  run: async (stage) => {
    const { lab } = stage.topology
    const host = failing(stage)
    const link = (state: 'up' | 'down') => lab.must(host.namespace, ['ip', 'link', 'set', 'eth0', state])
    await reload(stage, { checked: true })
    await until('its checks find it up', () => stands(stage, host, true))
    const cut = now()
    await link('down')
    await until('its checks find it down', () => stands(stage, host, false))
    const out = now()
    await until('requests are answered without it', async () => {
      const rows = await realRows(stage, SERVICE)
      return rows.every(({ address, inactive }) => address === host.ipv4 || inactive > 0)
    })
    const back = now()
    await link('up')
    await until('its checks find it up', () => stands(stage, host, true))
    const found = now() - back
    await reload(stage)
    return {
      note: `down for all after ${seconds(out - cut)} s, up again ${seconds(found)} s after it came back`,
      over: out,
    }
  },
}

function failing({ topology }: Stage): Host {
  return usual(topology).at(-1) as Host
}

/** In both services; one that is down gets no new connections. */
async function stands(stage: Stage, { ipv4, ipv6 }: Host, up: boolean): Promise<boolean> {
  const rows = await Promise.all([realRows(stage, SERVICE), realRows(stage, SERVICE6)])
  return rows
    .flat()
    .filter(({ address }) => address === ipv4 || address === ipv6)
    .every(({ standing, effectiveWeight }) => {
      return up ? standing?.reason === 'healthy' : standing?.up === false && effectiveWeight === 0
    })
}

function seconds(ms: number): string {
  return (ms / 1000).toFixed(1)
}
