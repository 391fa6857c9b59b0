// SPDX-License-Identifier: Apache-2.0
// Real servers come, change their weight, are drained and go.
import type { Host } from '../../demo/lab/topology.js'
import { reload, SERVICE, SERVICE6, type Stage, spare, usual } from '../stage.js'
import { type Event, realRow, until } from './event.js'

const WEIGHTS = [5, 1, 7, 0, 3]
/** connections that show that a real server gets its share */
const ENOUGH = 10

export const ADD: Event = {
  name: 'a real server is added',
  run: async (stage) => {
    const host = spare(stage.topology)
    await reload(stage, { spare: 2 })
    const count = (await Promise.all(both(host).map((one) => until(...gets(stage, one))))).join(' and ')
    return `it had ${count} connections before the traffic was held`
  },
}

export const REWEIGH: Event = {
  name: 'weights change',
  run: async (stage) => {
    const [, second] = usual(stage.topology)
    for (const weight of [...WEIGHTS, 1])
      for (const [service, address] of both(second as Host)) await weigh(stage, service, address, weight)
    return `to ${[...WEIGHTS, 1].join(', ')}`
  },
}

export const DRAIN: Event = {
  name: 'a real server is drained, and serves again',
  run: async (stage) => {
    const { topology, director } = stage
    const [{ ipv4: address }] = usual(topology) as [Host]
    await director.json('drain', address)
    const before = await realRow(stage, SERVICE, address)
    const other = await realRow(stage, SERVICE, spare(topology).ipv4)
    await until('another one gets new connections', async () => {
      return (await realRow(stage, SERVICE, other.address)).connections >= other.connections + ENOUGH
    })
    const after = await realRow(stage, SERVICE, address)
    if (after.connections !== before.connections)
      throw new Error(`a drained real server got ${after.connections - before.connections} new connections`)
    await director.json('undrain', address)
    return `it kept ${after.active} connections and got no new one`
  },
}

export const REMOVE: Event = {
  name: 'a real server is removed, once it is empty',
  run: async (stage) => {
    const host = spare(stage.topology)
    const began = performance.now()
    await reload(stage, { spare: 0 })
    for (const [service, address] of both(host))
      await until('its last connection ends', async () => {
        const { active, inactive } = await realRow(stage, service, address)
        return active + inactive === 0
      })
    await reload(stage)
    return `empty after ${((performance.now() - began) / 1000).toFixed(1)} s`
  },
}

function both({ ipv4, ipv6 }: Host) {
  return [
    [SERVICE, ipv4],
    [SERVICE6, ipv6],
  ] as const
}

function gets(stage: Stage, [service, address]: readonly [string, string]) {
  const count = async () => {
    const { connections } = await realRow(stage, service, address)
    return connections >= ENOUGH && connections
  }
  return [`${address} gets connections`, count] as const
}

async function weigh({ director }: Stage, service: string, address: string, weight: number): Promise<void> {
  await director.json('set', 'real', service, address, '--weight', String(weight))
}
