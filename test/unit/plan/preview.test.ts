// SPDX-License-Identifier: Apache-2.0
import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { readService } from '../../../src/abi/generated.js'
import { serviceKey } from '../../../src/model/keys.js'
import type { Preview } from '../../../src/model/preview.js'
import type { Desired, SchedulerName, Service } from '../../../src/model/types.js'
import { type Census, preview } from '../../../src/plan/preview.js'
import { Maps } from './maps.js'
import { idsOf, pickNext, viewOf } from './picker.js'
import { marked, ops, reals, rule, settle, web, wish } from './wishes.js'

const KEY = 'tcp 10.0.1.1:80'
const NOBODY: Census = { live: new Map(), outlived: new Map() }
const ASIDE = { ends: [], unresolved: [], notices: [] }

function plan(maps: Maps, from: Desired, to: Desired, census: Census = NOBODY): Preview {
  const actual = maps.actual()
  return preview({ from, to, limits: to.limits, actual, ops: ops(to, maps), census, aside: ASIDE })
}

/** From one wish, which is in the maps, to another. */
function between(from: Desired, to: Desired, census?: (maps: Maps) => Census): Preview {
  const maps = new Maps()
  settle(maps, from)
  return plan(maps, from, to, census?.(maps))
}

function one(scheduler: SchedulerName, ...weights: readonly number[]): Desired {
  return wish([{ scheduler, reals: reals(...weights) }])
}

/** So many connections on each real server that is linked, by its id. */
function everyoneHas(count: number) {
  return (maps: Maps): Census => {
    const linked = [...maps.reals.values()].filter(({ state }) => state === 'linked')
    return { live: new Map(linked.map(({ id }) => [id, count])), outlived: new Map() }
  }
}

const realArb = fc.uniqueArray(
  fc.record({
    address: fc.integer({ min: 1, max: 6 }).map((n) => `10.0.2.${n}`),
    weight: fc.integer({ min: 0, max: 4 }),
    upper: fc.constantFrom(0, 9),
  }),
  { selector: (real) => real.address, maxLength: 5 },
)
const body = {
  scheduler: fc.constantFrom(...(['rr', 'wrr', 'wlc', 'sh', 'dh', 'ovf', 'mh'] as const)),
  reals: realArb,
}
const serviceArb: fc.Arbitrary<Service> = fc.oneof(
  fc.record({ port: fc.constantFrom(80, 443), ...body }).map(web),
  fc.record({ mark: fc.constantFrom(6, 7), ...body }).map((service) => web(marked(service))),
)
const wishArb = fc
  .uniqueArray(serviceArb, { selector: (service) => serviceKey(service), maxLength: 4 })
  .map((services) => wish(services, { marks: [rule({ ports: [[81, 90]] })] }))

describe('a plan', () => {
  test('of what is in force already is empty', () => {
    fc.assert(
      fc.property(wishArb, (desired) => {
        const { connections, ...empty } = between(desired, desired, everyoneHas(2))
        expect(empty).toEqual({
          verdict: 'nothing',
          ...{ services: [], interfaces: [], settings: [], limits: [], ...ASIDE },
          ...{ marks: { added: [], removed: [] }, peers: { added: [], removed: [] } },
        })
        expect(connections).toMatchObject({ touched: 0, broken: 0, outlived: 0 })
      }),
      { numRuns: 60 },
    )
  })

  test('breaks the connections of exactly those real servers that are not linked afterwards', () => {
    fc.assert(
      fc.property(wishArb, wishArb, (from, to) => {
        const maps = new Maps()
        settle(maps, from)
        const linked = [...maps.reals.values()].filter(({ state }) => state === 'linked')
        const was = new Map(linked.map(({ id, weight }) => [id, weight]))
        const { verdict, services, connections } = plan(maps, from, to, everyoneHas(3)(maps))
        settle(maps, to)
        const stay = [...was.keys()].filter((id) => maps.reals.get(id)?.state === 'linked')
        const touched = stay.filter((id) => maps.reals.get(id)?.weight !== was.get(id))
        expect(connections).toEqual({
          live: 3 * was.size,
          touched: 3 * touched.length,
          broken: 3 * (was.size - stay.length),
          outlived: 0,
        })
        const sum = (of: (p: (typeof services)[0]) => number) => services.reduce((n, p) => n + of(p), 0)
        expect(sum((service) => service.connections.broken)).toBe(connections.broken)
        expect(sum((service) => service.connections.touched)).toBe(connections.touched)
        const removed = services.flatMap((p) => p.reals.filter(({ change }) => change === 'removed'))
        expect(removed.reduce((n, real) => n + real.connections, 0)).toBe(connections.broken)
        expect(verdict === 'breaks').toBe(connections.broken > 0)
      }),
      { numRuns: 100 },
    )
  })

  test('moves the share of slots that differ in the tables before and after', () => {
    fc.assert(
      fc.property(fc.constantFrom('sh', 'dh', 'mh'), realArb, realArb, (scheduler, before, after) => {
        const [from, to] = [before, after].map((list) => wish([{ scheduler, reals: list }]))
        const maps = new Maps()
        settle(maps, from as Desired)
        const table = plan(maps, from as Desired, to as Desired).services[0]?.table
        const old = idsOf(maps.region(KEY))
        settle(maps, to as Desired)
        const now = idsOf(maps.region(KEY))
        const size = Math.max(old.length, now.length)
        const moved = Array.from({ length: size }, (_, i) => (old[i] ?? 0) !== (now[i] ?? 0))
        const share = size === 0 ? 0 : moved.filter(Boolean).length / size
        expect(table?.share ?? 0).toBeCloseTo(share, 9)
      }),
      { numRuns: 60 },
    )
  })

  test('moves the share of picks that rr and wrr give to others', () => {
    fc.assert(
      fc.property(fc.constantFrom('rr', 'wrr'), realArb, realArb, (scheduler, before, after) => {
        const [from, to] = [before, after].map((list) => wish([{ scheduler, reals: list }]))
        const maps = new Maps()
        settle(maps, from as Desired)
        const table = plan(maps, from as Desired, to as Desired).services[0]?.table
        const old = picked(maps)
        settle(maps, to as Desired)
        const now = picked(maps)
        const lost = [...old].reduce((sum, [id, n]) => sum + Math.max(0, n - (now.get(id) ?? 0)), 0)
        expect(table?.share ?? 0).toBeCloseTo(lost, 9)
      }),
      { numRuns: 60 },
    )
  })

  test('of a third server in rr moves a third of the picks', () => {
    expect(between(one('rr', 1, 1), one('rr', 1, 1, 1)).services[0]?.table).toEqual({
      of: 'picks',
      share: expect.closeTo(1 / 3, 9),
    })
  })

  test('of a fourth server in mh moves about a quarter of the slots, in sh far more', () => {
    const share = (scheduler: SchedulerName) =>
      between(one(scheduler, 1, 1, 1), one(scheduler, 1, 1, 1, 1)).services[0]?.table?.share
    expect(share('mh')).toBeGreaterThan(0.2)
    expect(share('mh')).toBeLessThan(0.4)
    expect(share('sh')).toBeGreaterThan(0.6)
  })

  test('of a third server moves a third of what each gets by its weight in the long run', () => {
    for (const scheduler of ['lc', 'wlc', 'sed', 'nq', 'twos'] as const)
      expect(between(one(scheduler, 1, 1), one(scheduler, 1, 1, 1)).services[0]?.table).toEqual({
        of: 'weight',
        share: expect.closeTo(1 / 3, 9),
      })
    expect(between(one('lc', 3, 1), one('wlc', 3, 1)).services[0]?.table).toEqual({
      of: 'weight',
      share: 0.25,
    })
    expect(between(one('rr', 3, 1), one('lc', 3, 1)).services[0]?.table).toEqual({ of: 'weight', share: 0 })
  })

  test('says nothing of schedulers that send all to one, or go from hashes to turns', () => {
    for (const scheduler of ['fo', 'ovf', 'lblc', 'lblcr'] as const)
      expect(between(one(scheduler, 1, 1), one(scheduler, 1, 1, 1)).services[0]).not.toHaveProperty('table')
    expect(between(one('mh', 1, 1), one('rr', 1, 1)).services[0]).not.toHaveProperty('table')
  })

  test('of a hash that has nothing to do with the one before moves those who do not happen to meet again', () => {
    const half = { of: 'clients', share: expect.closeTo(0.5, 2) }
    expect(between(one('sh', 1, 1), one('mh', 1, 1)).services[0]?.table).toEqual(half)
    expect(between(one('sh', 1), one('mh', 1)).services[0]?.table?.share).toBeCloseTo(0, 9)
    const port = wish([{ scheduler: 'mh', flags: [2], reals: reals(1, 1) }])
    expect(between(one('mh', 1, 1), port).services[0]).toMatchObject({
      facets: [{ what: 'flags', from: 'none', to: 'mh-port' }],
    })
    expect(between(one('mh', 1, 1), port).services[0]?.table).toEqual(half)
  })

  test('says what changes about a service and its real servers, word by word', () => {
    const from = wish([{ scheduler: 'wrr', reals: reals(1, 3) }])
    const to = wish([
      {
        scheduler: 'wlc',
        persistence: { timeout: 300, prefix: 24 },
        reals: [
          { address: '10.0.2.2', weight: 0, upper: 10 },
          ...reals(1).slice(1),
          { address: '10.0.2.9', weight: 2 },
        ],
      },
      { port: 443, reals: reals(1) },
    ])
    expect(between(from, to, everyoneHas(5))).toMatchObject({
      verdict: 'breaks',
      services: [
        {
          service: KEY,
          change: 'changed',
          facets: [
            { what: 'scheduler', from: 'wrr', to: 'wlc' },
            { what: 'persistence', from: 'none', to: '300/24' },
          ],
          reals: [
            { real: '10.0.2.1', change: 'removed', weight: { from: 1 }, connections: 5 },
            {
              ...{ real: '10.0.2.2', change: 'changed', weight: { from: 3, to: 0 }, connections: 5 },
              facets: [{ what: 'upper', from: 'none', to: '10' }],
            },
            { real: '10.0.2.9', change: 'added', weight: { to: 2 }, connections: 0 },
          ],
          connections: { live: 10, touched: 5, broken: 5 },
        },
        { service: 'tcp 10.0.1.1:443', change: 'added', reals: [{ real: '10.0.2.1', change: 'added' }] },
      ],
      connections: { live: 10, touched: 5, broken: 5 },
    })
  })

  test('says what changes about health checking, though no operation follows from it', () => {
    const [web] = one('wrr', 1, 1).services as [Service]
    const timing = { interval: 2, timeout: 1, rise: 2, fall: 3 }
    const [first, second] = web.reals as [Service['reals'][0], Service['reals'][0]]
    const asks = [{ path: '/health', method: 'GET' as const }]
    const to: Service = {
      ...web,
      checks: [
        { kind: 'tcp', via: 'vip', ...timing },
        { kind: 'http', via: 'vip', version: '1.1', asks, ...timing, interval: 5 },
      ],
      health: { quorum: 2, hysteresis: 0, onDown: 'remove' },
      reals: [
        { ...first, checks: [], passive: false, onDown: 'quiesce', notify: { up: ['/bin/a'] } },
        second,
      ],
    }
    expect(between(wish([web]), wish([to]))).toMatchObject({
      verdict: 'harmless',
      services: [
        {
          facets: [
            { what: 'checks', from: 'none', to: 'tcp, http asks=[{"path":"/health"}] interval=5' },
            { what: 'health', from: 'default', to: 'on-down=remove quorum=2' },
          ],
          reals: [
            {
              facets: [
                { what: 'checks', from: "the service's", to: 'none' },
                { what: 'passive', from: "the service's", to: 'false' },
                { what: 'on-down', from: "the service's", to: 'quiesce' },
                { what: 'notify', from: 'none', to: 'up=["/bin/a"]' },
              ],
            },
          ],
        },
      ],
    })
  })

  test('says what changes beside services', () => {
    const from = wish([], { peers: ['02:00:00:00:00:01'], marks: [rule({ ports: [[80, 81]] })] })
    const to = wish([], {
      timeouts: { ...from.timeouts, tcp: 60 },
      tunables: { ...from.tunables, sloppy_tcp: 1 },
      metrics: { host: '127.0.0.1', port: 9612, level: 'service', series: 5000, names: ['node_ipvs'] },
      interfaces: [{ name: 'eth1', mode: 'native' }],
      marks: [rule({ ports: [[80, 81]] }), rule({ ports: [[443, 443]] })],
      limits: { ...from.limits, services: from.limits.services + 1, reals: 5 },
    })
    expect(between(from, to)).toMatchObject({
      verdict: 'harmless',
      settings: [
        { what: 'timeouts.tcp', from: '900', to: '60' },
        { what: 'tunables.sloppy_tcp', from: '0', to: '1' },
        { what: 'metrics', from: 'none', to: '127.0.0.1:9612, level service, series 5000, names node_ipvs' },
      ],
      interfaces: [{ name: 'eth1', to: 'native' }],
      marks: { added: ['tcp 10.0.1.1:443 = 6'], removed: [] },
      peers: { added: [], removed: ['02:00:00:00:00:01'] },
      limits: [{ what: 'limits.services', from: '4096', to: '4097' }],
    })
  })

  test('without any interface left breaks every connection, without one of two may', () => {
    const [eth0, eth1] = ['eth0', 'eth1'].map((name) => ({ name, mode: 'native' }) as const)
    const on = (interfaces: Desired['interfaces']) => ({ ...one('rr', 1, 1), interfaces })
    if (!eth0 || !eth1) throw new Error('two interfaces')
    const dark = between(on([eth0]), on([]), everyoneHas(4))
    expect(dark).toMatchObject({ verdict: 'breaks', connections: { live: 8, broken: 8 } })
    const half = between(on([eth0, eth1]), on([eth0]), everyoneHas(4))
    expect(half).toMatchObject({ verdict: 'breaks', connections: { live: 8, broken: 0 } })
    expect(between(on([eth0, eth1]), on([eth0]))).toMatchObject({ verdict: 'harmless' })
  })

  test('counts idle connections that a shorter timeout ends, but none twice', () => {
    const census = (maps: Maps): Census => ({ ...everyoneHas(2)(maps), outlived: everyoneHas(1)(maps).live })
    expect(between(one('rr', 1, 1), one('rr', 1), census)).toMatchObject({
      verdict: 'breaks',
      connections: { live: 4, broken: 2, outlived: 1 },
    })
    expect(between(one('rr', 1, 1), one('rr', 1, 1), census).verdict).toBe('breaks')
  })
})

/** Of a whole period of the published region, by id; 0 = nobody is usable. */
function picked(maps: Maps): ReadonlyMap<number, number> {
  const region = maps.region(KEY).slice()
  const count = Math.max(1, Number(readService(viewOf(region), 0).period))
  const shares = new Map<number, number>()
  for (let i = 0; i < count; i++) {
    const id = pickNext(region)
    shares.set(id, (shares.get(id) ?? 0) + 1 / count)
  }
  return shares
}
