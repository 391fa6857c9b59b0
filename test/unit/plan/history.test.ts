// SPDX-License-Identifier: Apache-2.0
import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { serviceKey } from '../../../src/model/keys.js'
import type { Desired, Service } from '../../../src/model/types.js'
import { portKey, vipKey } from '../../../src/plan/directory.js'
import type { Op } from '../../../src/plan/ops.js'
import { Maps } from './maps.js'
import { membersOf } from './picker.js'
import { marked, ops, rule, web, wish } from './wishes.js'

const realArb = fc.uniqueArray(
  fc.record({
    address: fc.integer({ min: 1, max: 6 }).map((n) => `10.0.2.${n}`),
    weight: fc.integer({ min: 0, max: 4 }),
    upper: fc.constantFrom(0, 9),
  }),
  { selector: (real) => real.address, maxLength: 5 },
)
const body = {
  scheduler: fc.constantFrom(...(['rr', 'wrr', 'wlc', 'sh', 'dh', 'ovf'] as const)),
  reals: realArb,
}
const serviceArb: fc.Arbitrary<Service> = fc.oneof(
  fc
    .record({
      vip: fc.constantFrom('10.0.1.1', '10.0.1.2', '2001:db8::1'),
      port: fc.constantFrom(0, 80, 443),
      protocol: fc.constantFrom(...(['tcp', 'udp', 'sctp'] as const)),
      ...body,
    })
    .map(web),
  fc
    .record({ mark: fc.constantFrom(6, 7), family: fc.constantFrom(4 as const, 6 as const), ...body })
    .map((service) => web(marked(service))),
)
const ruleArb = fc
  .record({
    vip: fc.constantFrom('10.0.1.1', '10.0.1.3', '2001:db8::3'),
    protocol: fc.constantFrom('tcp' as const, 'sctp' as const),
    mark: fc.constantFrom(6, 7),
  })
  .map((words) => rule({ ...words, ports: [[words.mark * 100, words.mark * 100 + 50]] }))
const wishArb = fc
  .tuple(
    fc.uniqueArray(serviceArb, { selector: (service) => serviceKey(service), maxLength: 6 }),
    fc.uniqueArray(ruleArb, {
      selector: (each) => `${each.vip} ${each.protocol} ${each.mark}`,
      maxLength: 4,
    }),
  )
  .map(([list, marks]) => wish(list, { marks }))

/** Every packet that finds a service is given a real server of the wish, and none finds what was not wished. */
function expectMapsSay(maps: Maps, desired: Desired): void {
  const found = maps.actual()
  const listed = [...found.services.values()].filter((service) => service.listed)
  expect(listed.map(({ key }) => key).sort()).toEqual(desired.services.map(serviceKey).sort())
  expectMarks(maps, desired)
  for (const service of desired.services) {
    const region = found.services.get(serviceKey(service))
    if (service.mark === undefined) {
      expect(maps.contents(service.protocol).get(region?.id ?? 0)).toBe(
        portKey(region?.vipId ?? 0, service.port),
      )
      const vips = maps.contents(service.vip.includes(':') ? 'vips6' : 'vips4')
      expect(vips.get(region?.vipId ?? 0)).toBe(vipKey(service.vip))
    }
    const usable = service.reals.filter((real) => real.weight > 0).map((real) => real.address)
    const members = [...membersOf(maps.region(serviceKey(service)))].map((id) => maps.real(id).address)
    expect(members.sort()).toEqual(usable.sort())
  }
}

/** Every port of every rule whose mark has a service leads there, by a VIP that is found. */
function expectMarks(maps: Maps, desired: Desired): void {
  const services = maps.actual().services
  const rules = desired.marks.flatMap((each) => {
    const service = services.get(serviceKey({ mark: each.mark, family: each.vip.includes(':') ? 6 : 4 }))
    return service?.listed ? [{ ...each, service: service.id }] : []
  })
  for (const { vip, protocol, ports, service } of rules) {
    const vipId = [...maps.vips].find(([, address]) => address === vip)?.[0] ?? 0
    expect(maps.contents(vip.includes(':') ? 'vips6' : 'vips4').get(vipId)).toBe(vipKey(vip))
    const [first, last] = ports[0] as [number, number]
    expect(maps.ranges(protocol)).toContainEqual(expect.objectContaining({ vipId, first, last, service }))
  }
  const count = maps.ranges('tcp').length + maps.ranges('udp').length + maps.ranges('sctp').length
  expect(count).toBe(rules.length)
}

/** A VIP that only marks needed is let go one look later than they are. */
function rest(made: readonly Op[]): readonly Op[] {
  return made.filter(({ op }) => op !== 'vip-free' && !op.startsWith('directory'))
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
          const next = ops(desired, maps, now)
          expect(rest(next)).toEqual([])
          maps.apply(next)
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
          expect(rest(ops(desired, maps))).toEqual([])
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
