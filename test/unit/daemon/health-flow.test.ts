// SPDX-License-Identifier: Apache-2.0
// What checks say meets a real engine on a datapath in memory.
import { describe, expect, it } from 'vitest'
import { createEngine } from '../../../src/daemon/engine.js'
import { createFlow } from '../../../src/daemon/health-flow.js'
import { NO_STATE, type StateFile } from '../../../src/daemon/state.js'
import { NO_RUNTIME, NOTHING_OBSERVED } from '../../../src/daemon/store.js'
import { observing, storeDown } from '../../../src/daemon/store-health.js'
import { storeTune } from '../../../src/daemon/store-settings.js'
import type { Health } from '../../../src/model/checks.js'
import { succeed } from '../../../src/model/describe.js'
import { until } from '../../lab/until.js'
import { baseOf, fileService } from './given.js'
import { memoryDatapath } from './memory.js'

const WEB = 'tcp 192.0.2.10:80'
const ONE = `${WEB} > 192.0.2.21`
const bad: Health = { up: false, reason: 'timeout', since: 1 }
const good: Health = { up: true, reason: 'healthy', since: 1 }

async function flowing(state: StateFile = NO_STATE) {
  const datapath = memoryDatapath()
  const log: string[] = []
  const tcp = { kind: 'tcp', interval: 2, timeout: 1, rise: 2, fall: 3, via: 'real' } as const
  const base = baseOf({ services: [fileService({ checks: [tcp] })] })
  const world = { datapath, state, clock: () => 0, log: (line: string) => void log.push(line) }
  const engine = createEngine(
    {
      ...world,
      onLeaving: (_, to) => observing(to, 0),
      onChange: () => undefined,
      onMended: () => undefined,
    },
    { base, runtime: NO_RUNTIME, observed: NOTHING_OBSERVED },
  )
  await engine.change((store) => succeed({ store, notices: [] }), { always: true })
  const flow = createFlow(() => engine, world.log)
  const weight = () => datapath.weights()[WEB]?.['192.0.2.21']
  const tell = (health: Health) => flow.take(new Map([[ONE, health]]))
  return { datapath, engine, flow, log, weight, tell }
}

describe('what checks say', () => {
  it('is carried out, and is no edit: the generation stays, and nothing is written', async () => {
    const written: unknown[] = []
    const write: StateFile['write'] = async (runtime) => succeed(void written.push(runtime))
    const { engine, weight, tell } = await flowing({ ...NO_STATE, write })
    const { length } = written
    tell(bad)
    await until('it is out', () => weight() === 0)
    tell(good)
    await until('it is in', () => weight() === 1)
    expect(engine.generation()).toBe(1)
    expect(written).toHaveLength(length)
  })

  it('of many moments while a change is under way is carried out with the next, together', async () => {
    const { datapath, engine, weight, tell, flow } = await flowing()
    let go = () => {}
    const gate = new Promise<void>((resolve) => {
      go = resolve
    })
    const slow = engine.change(async (store) => {
      await gate
      return storeTune(store, { sloppy_tcp: 1 })
    })
    const before = datapath.events.length
    tell(bad)
    for (let i = 0; i < 100; i++) {
      tell(good)
      flow.take(new Map([[`${WEB} > 192.0.2.22`, bad]]))
      tell(bad)
    }
    go()
    await slow
    await until('it is out', () => weight() === 0)
    await until('both are out', () => datapath.weights()[WEB]?.['192.0.2.22'] === 0)
    expect(datapath.events.slice(before).filter((event) => event.includes('service-publish'))).toHaveLength(2)
  })

  it('touches the maps only when packets go other ways for it', async () => {
    const { datapath, engine, tell } = await flowing()
    const before = datapath.events.length
    tell(good)
    await until('it is noted', () => engine.store().observed.health.get(ONE)?.reason === 'healthy')
    expect(datapath.events).toHaveLength(before)
  })

  it('is tried again when the kernel refuses, and the refusal is told once', async () => {
    const { datapath, weight, tell, log } = await flowing()
    datapath.failNext(new Error('no memory'))
    tell(bad)
    await until('it is out all the same', () => weight() === 0)
    expect(log).toEqual([
      'what health checks say cannot be carried out: the kernel refused: no memory; see: xlvs show diff',
    ])
  })

  it('is over when the flow is', async () => {
    const { flow, weight, tell, engine, log } = await flowing()
    flow.end()
    await engine.end(storeDown)
    tell(bad)
    await new Promise((resolve) => setImmediate(resolve))
    expect(weight()).toBe(1)
    expect(log).toEqual([])
  })
})
