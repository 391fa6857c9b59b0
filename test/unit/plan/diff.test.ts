// SPDX-License-Identifier: Apache-2.0
import { describe, expect, test } from 'vitest'
import { readService, Service_OFFSETS } from '../../../src/abi/generated.js'
import { DEFAULT_TUNABLES, type Service } from '../../../src/model/types.js'
import { diff } from '../../../src/plan/diff.js'
import { portKey, vipKey } from '../../../src/plan/directory.js'
import { Maps } from './maps.js'
import { pickNext, sharesOf, viewOf } from './picker.js'
import { marked, ops, reals, settle, wish } from './wishes.js'

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
    const other = { vip: '10.0.1.9' }
    settle(maps, wish([{ reals: reals(1) }, other]))
    maps.real(1).referenced = true
    settle(maps, wish([other]))
    expect(maps.contents('tcp').size).toBe(1)
    expect(maps.contents('vips4').size).toBe(2)
    maps.real(1).referenced = false
    settle(maps, wish([other]), 2000)
    expect(settle(maps, wish([other]), 2200)).toEqual([
      'directory-publish',
      'real-free',
      'service-free',
      'vip-free',
    ])
    expect([maps.vips.size, maps.regions.size, maps.reals.size]).toEqual([1, 1, 0])
  })

  test('with the last service of a family gone no VIP of it is found, and all are again when one returns', () => {
    const maps = new Maps()
    const six = { vip: '2001:db8::1', reals: [{ address: '2001:db8:2::1', weight: 1 }] }
    const four = [{ reals: reals(1) }, { vip: '10.0.1.2', reals: reals(1) }]
    settle(maps, wish([...four, six]))
    for (const real of maps.reals.values()) real.referenced = true
    settle(maps, wish([six]))
    expect([maps.contents('vips4').size, maps.contents('vips6').size]).toEqual([0, 1])
    expect([...maps.vips.values()]).toEqual(['10.0.1.1', '10.0.1.2', '2001:db8::1'])
    settle(maps, wish([{ vip: '10.0.1.3' }, six]))
    expect([...maps.contents('vips4').values()].sort()).toEqual(
      ['10.0.1.1', '10.0.1.2', '10.0.1.3'].map(vipKey).sort(),
    )
  })

  test('a service of a mark counts for its own family only', () => {
    const maps = new Maps()
    settle(maps, wish([{ reals: reals(1) }]))
    maps.real(1).referenced = true
    settle(maps, wish([marked({ mark: 6, family: 6 })]))
    expect(maps.contents('vips4').size).toBe(0)
    settle(maps, wish([marked({ mark: 6, family: 4 })]))
    expect(maps.contents('vips4').size).toBe(1)
  })

  test('a service that returns finds its ids and its connections again', () => {
    const maps = new Maps()
    settle(maps, wish([{ reals: reals(1) }, { port: 81, reals: reals(1) }]))
    maps.real(2).referenced = true
    settle(maps, wish([{ reals: reals(1) }]))
    expect(settle(maps, wish([{ reals: reals(1) }, { port: 81, reals: reals(1) }]))).toEqual([
      'service-anew',
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

describe('thresholds', () => {
  const limited = (upper: number, lower = 0) => [{ address: '10.0.2.1', weight: 1, upper, lower }, ...other]
  const other = [{ address: '10.0.2.2', weight: 1 }]

  test('are written with the real server, and edited', () => {
    const maps = new Maps()
    settle(maps, wish([{ reals: limited(100, 50) }]))
    expect(maps.real(1)).toMatchObject({ upper: 100, lower: 50 })
    expect(settle(maps, wish([{ reals: limited(100, 50) }]))).toEqual([])
    expect(settle(maps, wish([{ reals: limited(90) }]))).toEqual(['real-edit', 'service-publish'])
    expect(maps.real(1)).toMatchObject({ upper: 90, lower: 0, weight: 1, lastWeight: 1 })
  })

  test('are looked for by packets of a service that has one, and only there', () => {
    const maps = new Maps()
    const unlimited = () => (readService(viewOf(maps.region('tcp 10.0.1.1:80')), 0).flags & 0x80) !== 0
    settle(maps, wish([{ reals: limited(0) }]))
    expect(unlimited()).toBe(true)
    settle(maps, wish([{ reals: limited(100) }]))
    expect(unlimited()).toBe(false)
    settle(maps, wish([{ reals: [...other, { address: '10.0.2.3', weight: 0, upper: 7 }] }]))
    expect(unlimited()).toBe(false)
    settle(maps, wish([{ reals: other }]))
    expect(unlimited()).toBe(true)
  })

  test('a region that says nothing of them, of an older version, is published anew', () => {
    const maps = new Maps()
    settle(maps, wish([{ reals: limited(0) }]))
    const region = viewOf(maps.region('tcp 10.0.1.1:80'))
    region.setUint8(Service_OFFSETS.flags, readService(region, 0).flags & 0x7f)
    expect(settle(maps, wish([{ reals: limited(0) }]))).toEqual(['service-publish'])
    expect(settle(maps, wish([{ reals: limited(0) }]))).toEqual([])
  })

  test('an edit of nothing else restarts the walk of wrr at the head, as every edit does', () => {
    const maps = new Maps()
    const wrr = (upper: number) => wish([{ scheduler: 'wrr' as const, reals: limited(upper) }])
    settle(maps, wrr(0))
    const pick = () => pickNext(maps.region('tcp 10.0.1.1:80'))
    expect([pick(), pick(), pick()]).toEqual([2, 1, 2])
    settle(maps, wrr(7))
    expect([pick(), pick(), pick()]).toEqual([2, 1, 2])
  })
})

describe("a scheduler's epoch", () => {
  const epochOf = (maps: Maps) => readService(viewOf(maps.region('tcp 10.0.1.1:80')), 0).epoch

  test('is new with another scheduler and with a service that returns, and stays through edits', () => {
    const maps = new Maps()
    settle(maps, wish([{ scheduler: 'lblc', reals: reals(1) }]))
    maps.real(1).referenced = true
    expect(epochOf(maps)).toBe(1)
    settle(maps, wish([{ scheduler: 'lblc', reals: reals(2, 1) }]))
    expect(epochOf(maps)).toBe(1)
    settle(maps, wish([{ scheduler: 'lblcr', reals: reals(2, 1) }]))
    expect(epochOf(maps)).toBe(2)
    settle(maps, wish([]))
    expect(epochOf(maps)).toBe(0)
    settle(maps, wish([{ scheduler: 'lblcr', reals: reals(2, 1) }]))
    expect(epochOf(maps)).toBe(3)
  })

  test('stays when flags, one-packet or persistence change', () => {
    const maps = new Maps()
    const dns = { protocol: 'udp', scheduler: 'sh', reals: reals(1) } as const
    settle(maps, wish([dns]))
    for (const change of [
      { flags: [1, 2] },
      { onePacket: true },
      { persistence: { timeout: 9, prefix: 32 } },
    ])
      expect(settle(maps, wish([{ ...dns, ...change } as Partial<Service>]))).toEqual(['service-publish'])
    expect(readService(viewOf(maps.region('udp 10.0.1.1:80')), 0)).toMatchObject({ epoch: 1, flags: 0x81 })
  })
})

test('port 0 and SCTP have directories as TCP has', () => {
  const maps = new Maps()
  const any = { port: 0, persistence: { timeout: 300, prefix: 32 } }
  settle(maps, wish([any, { protocol: 'sctp', port: 2905 }]))
  expect([...maps.contents('tcp').values()]).toEqual([portKey(1, 0)])
  expect([...maps.contents('sctp').values()]).toEqual([portKey(1, 2905)])
})

test('tunables follow', () => {
  const maps = new Maps()
  const tunables = { ...DEFAULT_TUNABLES, sloppy_tcp: 1 }
  expect(settle(maps, wish([], { tunables }))).toEqual(['tunables'])
  expect(settle(maps, wish([], { tunables }))).toEqual([])
})

test('mh refuses more real servers than it has slots', () => {
  const many = Array.from({ length: 4094 }, (_, i) => ({ address: `10.1.${i >> 8}.${i & 255}`, weight: 1 }))
  const made = diff(wish([{ scheduler: 'mh', reals: many }]), new Maps().actual(), 1)
  const reason = '4094 real servers in one service of mh, 4093 are possible'
  expect(made).toMatchObject({ ok: false, problems: [{ subject: 'tcp 10.0.1.1:80', reason }] })
  expect(diff(wish([{ scheduler: 'sed', reals: many }]), new Maps().actual(), 1).ok).toBe(true)
})

test('wrr goes through the additions of one wish one at a time', () => {
  const maps = new Maps()
  settle(maps, wish([{ scheduler: 'wrr', reals: reals(3, 2, 1) }]))
  const region = maps.region('tcp 10.0.1.1:80')
  expect(Array.from({ length: 9 }, () => pickNext(region)).join('')).toBe('321121321')
})
