// SPDX-License-Identifier: Apache-2.0
import { describe, expect, it } from 'vitest'
import { createEstimator } from '../../../src/daemon/estimator.js'
import { listed } from '../../../src/daemon/listing.js'
import { createMeter } from '../../../src/daemon/meter.js'
import { setsPerSlice } from '../../../src/daemon/rounds.js'
import {
  entryRows,
  interfaceRows,
  nexthopRows,
  realRows,
  reasonRows,
  serviceRows,
  tableRows,
} from '../../../src/daemon/rows.js'
import { limitNotices } from '../../../src/daemon/source.js'
import { statusOf } from '../../../src/daemon/status.js'
import { NO_ZERO } from '../../../src/daemon/zero.js'
import { DEFAULT_LIMITS } from '../../../src/model/types.js'
import { interfaceOf, realOf, serviceOf, snapshotOf } from '../metrics/given.js'
import { memoryDatapath } from './memory.js'

const DNS = 'udp [2001:db8::1]:53'
const snapshot = snapshotOf({
  services: [
    serviceOf({
      name: 'web',
      packets: 30n,
      reals: [
        realOf({ packets: 10n, weight: 3, effectiveWeight: 0 }),
        realOf({
          id: 2,
          address: '192.0.2.22',
          nexthop: { address: '192.0.2.22', state: 'unresolved', why: 'no route' },
        }),
      ],
    }),
    serviceOf({
      id: 2,
      key: DNS,
      match: { vip: '2001:db8::1', port: 53, protocol: 'udp' },
      reals: [realOf({ id: 3 })],
    }),
  ],
  interfaces: [interfaceOf()],
  reasons: {
    forward_conn: { packets: 5n, bytes: 500n },
    drop_ttl: { packets: 1n, bytes: 2n },
    answer_ttl: { packets: 3n, bytes: 4n },
  },
})

const meter = createMeter(
  createEstimator(),
  () => NO_ZERO,
  () => false,
)

describe('rows from a snapshot', () => {
  it('carry no numbers of the inside and no 64-bit integers', () => {
    const rows = [serviceRows(snapshot, meter, {}), realRows(snapshot, meter, {}), nexthopRows(snapshot, {})]
    expect(() => JSON.stringify(rows)).not.toThrow()
    expect(JSON.stringify(rows)).not.toContain('"id"')
    expect(serviceRows(snapshot, meter, {})[0]).toMatchObject({
      service: 'tcp 192.0.2.10:80',
      reals: 2,
      packets: 30,
    })
  })

  it('are narrowed to a service and to a real server', () => {
    expect(serviceRows(snapshot, meter, { service: DNS }).map(({ service }) => service)).toEqual([DNS])
    expect(realRows(snapshot, meter, { service: DNS })).toHaveLength(1)
    expect(realRows(snapshot, meter, { real: '192.0.2.22' }).map(({ address }) => address)).toEqual([
      '192.0.2.22',
    ])
    expect(serviceRows(snapshot, meter, { service: 'tcp 192.0.2.99:80' })).toEqual([])
  })

  it('tell of each next hop once, with everyone who uses it', () => {
    expect(nexthopRows(snapshot, {})).toEqual([
      {
        address: '192.0.2.21',
        state: 'up',
        mac: '02:00:00:00:00:21',
        interface: 'eth0',
        services: ['tcp 192.0.2.10:80', DNS],
      },
      { address: '192.0.2.22', state: 'unresolved', why: 'no route', services: ['tcp 192.0.2.10:80'] },
    ])
  })

  it('name the action of a reason', () => {
    expect(reasonRows(snapshot).map(({ action, packets }) => [action, packets])).toEqual([
      ['forward', 5],
      ['drop', 1],
      ['answer', 3],
    ])
  })

  it('keep the four actions of an interface apart', () => {
    expect(interfaceRows(snapshot)[0]).toMatchObject({
      name: 'eth0',
      packets: { pass: 1, tx: 2, redirect: 3, drop: 4 },
    })
  })

  it('add up to a status', () => {
    const self = {
      pid: 1,
      startedAt: 0,
      source: { kind: 'file', path: '/etc/lb.yaml' },
      places: { socket: '/s', pinRoot: '/p', stateDir: '/d' },
      reload: undefined,
      applied: undefined,
      metrics: { host: '::1', port: 9612 },
      generation: 2,
      vrrp: [],
    } as const
    expect(statusOf(self, memoryDatapath(), snapshot)).toMatchObject({
      file: '/etc/lb.yaml',
      metrics: 'http://[::1]:9612/metrics',
      services: 2,
      reals: 3,
      quiesced: 1,
      unresolved: 1,
      tables: tableRows(snapshot),
    })
  })
})

async function textOf(rows: Iterable<unknown>, limit?: number): Promise<{ text: string; pieces: number }> {
  let text = ''
  let pieces = 0
  for await (const piece of listed(rows[Symbol.iterator](), limit).pieces) {
    text += piece
    pieces += 1
  }
  return { text, pieces }
}

describe('a listing', () => {
  it('is one JSON value, whatever its length', async () => {
    for (const length of [0, 1, 999, 1_000, 1_001, 5_000]) {
      const rows = Array.from({ length }, (_, n) => ({ n }))
      expect(JSON.parse((await textOf(rows)).text)).toEqual({ rows, more: false })
    }
  })

  it('says when there is more than was asked for, and only then', async () => {
    const rows = [1, 2, 3]
    expect(JSON.parse((await textOf(rows, 2)).text)).toEqual({ rows: [1, 2], more: true })
    expect(JSON.parse((await textOf(rows, 3)).text)).toEqual({ rows, more: false })
    expect(JSON.parse((await textOf(rows, 0)).text)).toEqual({ rows, more: false })
  })

  it('is made in pieces, so that other work runs in between', async () => {
    expect((await textOf(Array.from({ length: 10_000 }, (_, n) => n))).pieces).toBe(11)
  })

  it('lets other work run where a long stretch of the table has nothing to show', async () => {
    function* sparse() {
      for (let i = 0; i < 100; i++) yield undefined
      yield { realId: 7, client: 'a' }
      yield undefined
    }
    let turns = 0
    let ticking = true
    const tick = () => void (ticking && ++turns && setImmediate(tick))
    tick()
    const { text } = await textOf(entryRows(sparse()), 1)
    ticking = false
    expect(JSON.parse(text)).toEqual({ rows: [{ client: 'a' }], more: false })
    expect(turns).toBeGreaterThan(50)
  })

  it('takes no more from the table than it shows', async () => {
    let taken = 0
    function* endless() {
      for (;;) yield taken++
    }
    await textOf(endless(), 5)
    expect(taken).toBe(6)
  })
})

describe('sweeping', () => {
  it('goes round all tables in sixteen slices', () => {
    const tables = (conns: number, templates: number) => ({
      conn4: { entries: 0, capacity: conns },
      conn6: { entries: 0, capacity: conns },
      template: { entries: 0, capacity: templates },
    })
    expect(setsPerSlice(tables(1_048_576, 65_536)) * 16).toBe(1_048_576 / 4 + 1_048_576 / 4 + 65_536 / 2)
    expect(setsPerSlice(tables(4, 2))).toBe(1)
  })
})

describe('limits', () => {
  it('are only spoken of when the maps in use are smaller than asked for', () => {
    expect(limitNotices(DEFAULT_LIMITS, DEFAULT_LIMITS)).toEqual([])
    expect(limitNotices(DEFAULT_LIMITS, { ...DEFAULT_LIMITS, services: 65_535 })).toEqual([])
    expect(limitNotices({ ...DEFAULT_LIMITS, reals: 20_000 }, DEFAULT_LIMITS)).toEqual([
      'limits.reals 20000 is not in force: the maps were made for 16384; ' +
        'for new maps stop the daemon, then: xlvs detach --all, and start it again',
    ])
  })
})
