// SPDX-License-Identifier: Apache-2.0
import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { serviceKey } from '../../../src/model/keys.js'
import {
  DEFAULT_LIMITS,
  DEFAULT_TIMEOUTS,
  type Desired,
  type Real,
  type Service,
} from '../../../src/model/types.js'
import { diff } from '../../../src/plan/diff.js'
import { portKey, vipKey } from '../../../src/plan/directory.js'
import type { Op } from '../../../src/plan/ops.js'
import { Maps } from './maps.js'
import { membersOf, pickNext, sharesOf } from './picker.js'

function wish(services: readonly Partial<Service>[], rest: Partial<Desired> = {}): Desired {
  return {
    interfaces: [],
    peers: [],
    timeouts: DEFAULT_TIMEOUTS,
    limits: DEFAULT_LIMITS,
    ...rest,
    services: services.map(web),
  }
}

function web(service: Partial<Service>): Service {
  return {
    vip: '10.0.1.1',
    port: 80,
    protocol: 'tcp',
    scheduler: 'wlc',
    owner: 'file',
    reals: [],
    ...service,
  }
}

function reals(...weights: readonly number[]): Real[] {
  return weights.map((weight, i) => ({ address: `10.0.2.${i + 1}`, weight }))
}

function ops(desired: Desired, maps: Maps, now = 1000): readonly Op[] {
  const made = diff(desired, maps.actual(), now)
  if (!made.ok) throw new Error(made.problems.map((problem) => problem.reason).join('; '))
  return made.value
}

function settle(maps: Maps, desired: Desired, now = 1000): string[] {
  const made = ops(desired, maps, now)
  maps.apply(made)
  return made.map((op) => op.op)
}

describe('diff', () => {
  test('a new service is placed, published, and only then listed', () => {
    expect(settle(new Maps(), wish([{ reals: reals(1, 2) }]))).toEqual([
      'vip-add',
      'real-add',
      'real-add',
      'service-publish',
      'directory-publish',
      'directory-publish',
    ])
  })

  test('what is as wanted needs nothing', () => {
    const maps = new Maps()
    const desired = wish([{ reals: reals(1, 2), persistence: { timeout: 300, prefix: 24 } }])
    settle(maps, desired)
    expect(settle(maps, desired)).toEqual([])
  })

  test('weights, scheduler and persistence change in one publication', () => {
    const maps = new Maps()
    settle(maps, wish([{ reals: reals(1, 1) }]))
    const changed = wish([{ reals: reals(1, 5), scheduler: 'rr', persistence: { timeout: 60, prefix: 32 } }])
    expect(settle(maps, changed)).toEqual(['real-edit', 'service-publish'])
  })

  test('the last real server written stands first in the list, and edits keep places', () => {
    const maps = new Maps()
    settle(maps, wish([{ reals: reals(1, 1, 1) }]))
    settle(maps, wish([{ reals: reals(1, 4, 1).reverse() }]))
    expect(sharesOf(maps.region('tcp 10.0.1.1:80'))).toEqual([
      { real: 3, weight: 1 },
      { real: 2, weight: 4 },
      { real: 1, weight: 1 },
    ])
  })

  test('an unchanged service is left alone when its neighbour changes', () => {
    const maps = new Maps()
    const [one, other] = [{ reals: reals(1) }, { port: 81, reals: reals(1) }]
    settle(maps, wish([one, other]))
    const made = ops(wish([one, { ...other, scheduler: 'sh' as const }]), maps)
    expect(made.map((op) => (op.op === 'service-publish' ? op.key : op.op))).toEqual(['tcp 10.0.1.1:81'])
  })

  test('a weight that returns from 0 is remembered meanwhile', () => {
    const maps = new Maps()
    settle(maps, wish([{ reals: reals(7) }]))
    settle(maps, wish([{ reals: reals(0) }]))
    expect(maps.real(1)).toMatchObject({ weight: 0, lastWeight: 7 })
  })

  test('timeouts and peers follow', () => {
    const maps = new Maps()
    const desired = wish([], { timeouts: { tcp: 60, tcpfin: 5, udp: 9 }, peers: ['02:00:00:00:00:01'] })
    expect(settle(maps, desired)).toEqual(['timeouts', 'peers'])
    expect(settle(maps, desired)).toEqual([])
  })

  test('more peers than the maps hold are refused', () => {
    const peers = Array.from({ length: 65 }, (_, i) => `02:00:00:00:00:${i.toString(16).padStart(2, '0')}`)
    expect(diff(wish([], { peers }), new Maps().actual(), 1)).toMatchObject({
      ok: false,
      problems: [{ subject: 'peers' }],
    })
    expect(diff(wish([], { peers: peers.slice(1) }), new Maps().actual(), 1).ok).toBe(true)
  })

  test('a list of one bad service changes nothing', () => {
    const made = diff(wish([{}, { port: 81 }]), new Maps({ services: 1 }).actual(), 1)
    expect(made).toMatchObject({ ok: false, problems: [{ subject: 'tcp 10.0.1.1:81' }] })
  })

  test('real servers beyond the limit are named', () => {
    const made = diff(wish([{ reals: reals(1, 1, 1) }]), new Maps({ reals: 2 }).actual(), 1)
    expect(made).toMatchObject({ ok: false, problems: [{ subject: 'tcp 10.0.1.1:80 > 10.0.2.3' }] })
  })

  test('more IPv6 VIPs of one fold than a line holds are named', () => {
    const vips = Array.from({ length: 9 }, (_, i) => ({ vip: `2001:db8::${i + 1}:0:${i + 1}` }))
    const made = diff(wish(vips), new Maps().actual(), 1)
    expect(made).toMatchObject({ ok: false, problems: [{ reason: expect.stringContaining('9 IPv6 VIPs') }] })
    expect(diff(wish(vips.slice(1)), new Maps().actual(), 1).ok).toBe(true)
  })
})

describe('removal', () => {
  test('a removed real server with connections waits in the trash, however long', () => {
    const maps = new Maps()
    settle(maps, wish([{ reals: reals(1, 1) }]))
    maps.real(2).referenced = true
    expect(settle(maps, wish([{ reals: reals(1) }]))).toEqual(['service-publish', 'real-trash'])
    expect(settle(maps, wish([{ reals: reals(1) }]), 900_000)).toEqual([])
    expect(maps.real(2).state).toBe('trash')
  })

  test('it is freed two minutes after it was first seen without any', () => {
    const maps = new Maps()
    settle(maps, wish([{ reals: reals(1, 1) }]))
    maps.real(2).referenced = true
    settle(maps, wish([{ reals: reals(1) }]))
    maps.real(2).referenced = false
    expect(settle(maps, wish([{ reals: reals(1) }]), 2000)).toEqual(['real-stamp'])
    expect(settle(maps, wish([{ reals: reals(1) }]), 2119)).toEqual([])
    expect(settle(maps, wish([{ reals: reals(1) }]), 2120)).toEqual(['real-free'])
  })

  test('a connection that turns up late takes the stamp off again', () => {
    const maps = new Maps()
    settle(maps, wish([{ reals: reals(1, 1) }]))
    settle(maps, wish([{ reals: reals(1) }]), 1000)
    maps.real(2).referenced = true
    expect(settle(maps, wish([{ reals: reals(1) }]), 1200)).toEqual(['real-stamp'])
    expect(maps.real(2).trashSince).toBe(0)
  })

  test('the same address comes back under the same id, at the head of the list', () => {
    const maps = new Maps()
    settle(maps, wish([{ reals: reals(1, 1, 1) }]))
    maps.real(1).referenced = true
    settle(maps, wish([{ reals: reals(1, 1, 1).slice(1) }]))
    expect(settle(maps, wish([{ reals: reals(1, 1, 1) }]))).toEqual(['real-revive', 'service-publish'])
    expect(sharesOf(maps.region('tcp 10.0.1.1:80')).map((share) => share.real)).toEqual([1, 3, 2])
    expect(maps.real(1)).toMatchObject({ state: 'linked', referenced: true })
  })

  test('a removed service is no longer found, its VIP is while connections may live', () => {
    const maps = new Maps()
    settle(maps, wish([{ reals: reals(1) }]))
    maps.real(1).referenced = true
    settle(maps, wish([]))
    expect(maps.contents('tcp').size).toBe(0)
    expect(maps.contents('vips4').size).toBe(1)
    maps.real(1).referenced = false
    settle(maps, wish([]), 2000)
    expect(settle(maps, wish([]), 2200)).toEqual([
      'directory-publish',
      'real-free',
      'service-free',
      'vip-free',
    ])
    expect([maps.vips.size, maps.regions.size, maps.reals.size]).toEqual([0, 0, 0])
  })

  test('a service that returns finds its ids and its connections again', () => {
    const maps = new Maps()
    settle(maps, wish([{ reals: reals(1) }, { port: 81, reals: reals(1) }]))
    maps.real(2).referenced = true
    settle(maps, wish([{ reals: reals(1) }]))
    expect(settle(maps, wish([{ reals: reals(1) }, { port: 81, reals: reals(1) }]))).toEqual([
      'real-revive',
      'service-publish',
      'directory-publish',
    ])
    expect(maps.real(2)).toMatchObject({ state: 'linked', referenced: true })
  })

  test('an id in the trash is given to nobody else', () => {
    const maps = new Maps()
    settle(maps, wish([{ reals: reals(1) }]))
    settle(maps, wish([{ reals: [{ address: '10.0.2.9', weight: 1 }] }]))
    expect([...maps.reals.values()].map(({ id, address }) => [id, address])).toEqual([
      [1, '10.0.2.1'],
      [2, '10.0.2.9'],
    ])
  })
})

const realArb = fc.uniqueArray(
  fc.record({
    address: fc.integer({ min: 1, max: 6 }).map((n) => `10.0.2.${n}`),
    weight: fc.integer({ min: 0, max: 4 }),
  }),
  { selector: (real) => real.address, maxLength: 5 },
)
const serviceArb = fc.record({
  vip: fc.constantFrom('10.0.1.1', '10.0.1.2', '2001:db8::1'),
  port: fc.constantFrom(80, 443),
  protocol: fc.constantFrom('tcp' as const, 'udp' as const),
  scheduler: fc.constantFrom('rr' as const, 'wrr' as const, 'wlc' as const, 'sh' as const),
  reals: realArb,
})
const wishArb = fc
  .uniqueArray(serviceArb, { selector: (service) => serviceKey(service), maxLength: 6 })
  .map((list) => wish(list))

/** Every packet that finds a service is given a real server of the wish, and none finds what was not wished. */
function expectMapsSay(maps: Maps, desired: Desired): void {
  const listed = [...maps.contents('tcp').keys(), ...maps.contents('udp').keys()]
  expect(listed.length).toBe(desired.services.length)
  for (const service of desired.services) {
    const region = maps.actual().services.get(serviceKey(service))
    expect(maps.contents(service.protocol).get(region?.id ?? 0)).toBe(
      portKey(region?.vipId ?? 0, service.port),
    )
    const vips = maps.contents(service.vip.includes(':') ? 'vips6' : 'vips4')
    expect(vips.get(region?.vipId ?? 0)).toBe(vipKey(service.vip))
    const usable = service.reals.filter((real) => real.weight > 0).map((real) => real.address)
    const members = [...membersOf(maps.region(serviceKey(service)))].map((id) => maps.real(id).address)
    expect(members.sort()).toEqual(usable.sort())
  }
}

describe('through any sequence of wishes', () => {
  const history = fc.array(
    fc.tuple(wishArb, fc.nat({ max: 300 }), fc.array(fc.boolean(), { maxLength: 12 })),
    { maxLength: 8 },
  )

  test('the maps say what was wished, and a second diff is empty', () => {
    fc.assert(
      fc.property(history, (steps) => {
        const maps = new Maps()
        let now = 1
        for (const [desired, later, referenced] of steps) {
          now += later
          for (const [i, real] of [...maps.reals.values()].entries())
            real.referenced = referenced[i] ?? real.referenced
          maps.apply(ops(desired, maps, now))
          expectMapsSay(maps, desired)
          expect(ops(desired, maps, now)).toEqual([])
        }
      }),
      { numRuns: 200 },
    )
  })

  test('a controller that dies anywhere in between is made good by the next', () => {
    fc.assert(
      fc.property(history, fc.nat(), (steps, where) => {
        const maps = new Maps()
        for (const [desired] of steps) {
          const made = ops(desired, maps)
          maps.apply(made, where % (made.length + 1))
          maps.apply(ops(desired, maps))
          expectMapsSay(maps, desired)
          expect(ops(desired, maps)).toEqual([])
        }
      }),
      { numRuns: 200 },
    )
  })

  test('nothing that connections point at is freed', () => {
    fc.assert(
      fc.property(history, (steps) => {
        const maps = new Maps()
        let now = 1
        for (const [desired, later] of steps) {
          now += later
          for (const real of maps.reals.values()) real.referenced = true
          const before = new Map([...maps.reals.values()].map((real) => [real.id, real.address]))
          maps.apply(ops(desired, maps, now))
          for (const [id, address] of before) expect(maps.real(id).address).toBe(address)
        }
      }),
      { numRuns: 100 },
    )
  })
})

test('wrr goes through the additions of one wish one at a time', () => {
  const maps = new Maps()
  settle(maps, wish([{ scheduler: 'wrr', reals: reals(3, 2, 1) }]))
  const region = maps.region('tcp 10.0.1.1:80')
  expect(Array.from({ length: 9 }, () => pickNext(region)).join('')).toBe('321121321')
})
