// SPDX-License-Identifier: Apache-2.0
// lblc and lblcr remember a destination's real servers; twos draws two by weight.
import { openMap } from 'libbpf-ts'
import { afterAll, beforeAll, beforeEach, describe, expect, test } from 'vitest'
import { Limit, Near_OFFSETS, readNear } from '../../src/abi/generated.js'
import { VIP } from '../packets/case.js'
import { frame, tcp, udp } from '../packets/frames.js'
import { census, counters } from './census.js'
import { RIG_TUNABLES, Rig, type ServiceWords } from './rig.js'

const VIPS = [VIP, '10.0.1.2', '10.0.1.3']
const reals = (count: number, weight = 1) =>
  Array.from({ length: count }, (_, i) => ({ address: `10.0.${2 + (i >> 8)}.${i & 255}`, weight }))
const MARKS = VIPS.map((vip) => ({ vip, mark: 6, ports: [80] }))
const serve = (scheduler: 'lblc' | 'lblcr', list: ServiceWords['reals']) =>
  rig.apply([{ mark: 6, scheduler, reals: list }], MARKS)

let rig: Rig
beforeAll(async () => {
  rig = await Rig.open({ limits: { connections: 4096, templates: 64, reals: 2048 } })
})
beforeEach(() => {
  rig.setTunables(RIG_TUNABLES)
  rig.apply([])
  rig.reset()
})
afterAll(() => rig?.close())

let port = 1024
const opens = (dst = VIP) => rig.goes(frame({ src: '192.168.0.1', dst, payload: tcp(++port, 80, 'S') }))
const remembered = () => {
  const map = openMap(`${rig.pinRoot}/maps/near`)
  const found = []
  for (let key = map.nextKey(); key !== undefined; key = map.nextKey(key)) {
    const value = map.lookup(key)
    if (value) found.push(readNear(new DataView(value.buffer, value.byteOffset, value.byteLength), 0))
  }
  map.close()
  return found
}

test('the layout has room for the members that a set may have', () => {
  expect(Limit.NEAR_REALS).toBe(128)
  expect(Near_OFFSETS.real).toBeGreaterThan(0)
})

describe('lblc', () => {
  test('stays with a destination’s real server until it is crowded and another is idle', () => {
    serve('lblc', reals(4, 3))
    const first = opens()
    expect([opens(), opens(), opens()]).toEqual([first, first, first])
    expect(opens()).not.toBe(first)
    expect(opens('10.0.1.2')).not.toBe(first)
    expect(remembered()).toHaveLength(2)
    expect(counters(rig)).toEqual(census(rig))
  })

  test('leaves one of weight 0 or that is removed', () => {
    const list = reals(2, 10)
    serve('lblc', list)
    const first = opens()
    serve(
      'lblc',
      list.map((real) => ({ ...real, weight: real.address === first ? 0 : 10 })),
    )
    const second = opens()
    expect(second).not.toBe(first)
    serve(
      'lblc',
      list.filter(({ address }) => address === first),
    )
    expect(opens()).toBe(first)
  })

  test('forgets what was not asked for longer than lblc_expiration', () => {
    rig.setTunables({ lblc_expiration: 100 })
    const list = reals(2, 100)
    serve('lblc', list)
    const first = opens()
    rig.advance(99)
    expect(opens()).toBe(first)
    rig.advance(99)
    expect(opens()).toBe(first)
    rig.advance(102)
    serve(
      'lblc',
      list.map((real) => ({ ...real, weight: real.address === first ? 1 : 1000 })),
    )
    expect(opens()).not.toBe(first)
  })
})

describe('lblcr', () => {
  test('grows while its members are crowded, newest last, and counts them', () => {
    serve('lblcr', reals(6, 2))
    const went = Array.from({ length: 18 }, () => opens())
    expect(new Set(went).size).toBeGreaterThan(3)
    const [set] = remembered()
    expect(set?.count).toBe(new Set(went).size)
    expect(set?.members).toBe(set?.count)
    expect(counters(rig)).toEqual(census(rig))
  })

  test('shrinks by its most loaded member after lblcr_expiration without a change', () => {
    rig.setTunables({ lblcr_expiration: 100 })
    serve('lblcr', reals(3, 1))
    for (let i = 0; i < 6; i++) opens()
    const before = remembered()[0]?.members ?? 0
    expect(before).toBeGreaterThan(1)
    rig.advance(101)
    opens()
    expect(remembered()[0]?.members).toBe(before - 1)
    opens()
    expect(remembered()[0]?.members).toBe(before - 1)
  })

  test('with more real servers than a set holds remembers 128 and still serves', () => {
    serve('lblcr', reals(200, 1))
    const went = Array.from({ length: 600 }, () => opens())
    expect(went.every((real) => real.startsWith('10.0.'))).toBe(true)
    expect(new Set(went).size).toBe(200)
    const [set] = remembered()
    expect(set?.count).toBe(Limit.NEAR_REALS)
    expect(set?.members).toBeLessThanOrEqual(Limit.NEAR_REALS)
    expect(counters(rig)).toEqual(census(rig))
  })
})

describe.each(['lblc', 'lblcr'] as const)('a new scheduler (%s)', (scheduler) => {
  test('knows nothing of what the old one remembered', () => {
    const list = reals(2, 100)
    serve(scheduler, list)
    const first = opens()
    rig.apply([{ mark: 6, scheduler: 'rr', reals: list }], MARKS)
    const uneven = list.map((real) => ({ ...real, weight: real.address === first ? 1 : 1000 }))
    serve(scheduler, uneven)
    expect(opens()).not.toBe(first)
  })
})

describe('twos', () => {
  const UDP53 = udp(1000, 53, new Uint8Array())
  const TIMES = 4000
  /** Standard deviations that chance goes beyond in less than one of 10^11 draws. */
  const SIGMAS = 7

  test('draws by weight, from 0 to the total: the head of the list has one chance more', () => {
    const weights = [1, 2, 3, 4]
    const list = reals(4).map((real, i) => ({ ...real, weight: weights[i] as number }))
    rig.apply([{ vip: VIP, port: 53, protocol: 'udp', onePacket: true, scheduler: 'twos', reals: list }])
    const data = frame({ src: '192.168.0.1', dst: VIP, payload: UDP53 })
    const went = Array.from({ length: TIMES }, () => rig.goes(data))
    const total = 10
    for (const [i, { address, weight }] of list.entries()) {
      // nobody has a connection: the first of the two draws decides
      const p = (weight + (i === list.length - 1 ? 1 : 0)) / (total + 1)
      const counted = went.filter((real) => real === address).length
      expect(Math.abs(counted - TIMES * p), address).toBeLessThan(SIGMAS * Math.sqrt(TIMES * p * (1 - p)))
    }
  })

  test('takes the less loaded of two', () => {
    rig.apply([{ vip: VIP, scheduler: 'twos', reals: reals(2, 1) }])
    const went = Array.from({ length: 1000 }, () => opens())
    const one = went.filter((real) => real === went[0]).length
    // Draws alone give 667 to 333. With the rule a lead of n connections has a chance of 0.8^n.
    expect(Math.abs(one - 500)).toBeLessThan(60)
    expect(went).not.toContain('answer_no_real')
  })

  test('never gives to weight 0, and to the only usable one always', () => {
    const [one, two] = reals(2) as [{ address: string; weight: number }, { address: string; weight: number }]
    rig.apply([{ vip: VIP, scheduler: 'twos', reals: [one, { ...two, weight: 0 }] }])
    expect(new Set(Array.from({ length: 200 }, () => opens()))).toEqual(new Set([one.address]))
  })
})
