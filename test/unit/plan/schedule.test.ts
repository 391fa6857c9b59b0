// SPDX-License-Identifier: Apache-2.0
import { readFileSync } from 'node:fs'
import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { readService } from '../../../src/abi/generated.js'
import type { ListEdit, Listed, ServiceShape } from '../../../src/plan/ops.js'
import { publish, readWalk, regionMatches, SCHEDULER_NUMBER } from '../../../src/plan/region.js'
import { type IpvsService, ipvsRr, ipvsWrr } from './ipvs.js'
import { bucketsOf, idsOf, pickNext, sharesOf, viewOf } from './picker.js'

type Name = ServiceShape['scheduler']
const MATCH = { vip: '10.0.1.1', port: 80, protocol: 'tcp' } as const

/** A service whose every change is published as the datapath would. */
function published(scheduler: Name): IpvsService & { region: Uint8Array; together(edits: ListEdit[]): void } {
  const shape: ServiceShape = { id: 1, vipId: 1, match: MATCH, scheduler }
  let list: Listed[] = []
  const make = (edits: ListEdit[], fresh: boolean, old?: Uint8Array) =>
    publish(
      { op: 'service-publish', key: 'tcp 10.0.1.1:80', service: shape, was: list, edits, fresh },
      old && readWalk(viewOf(old), 0),
      { generation: 1, epoch: 1 },
    )
  const self = {
    region: make([], true),
    together: (edits: ListEdit[]) => {
      self.region = make(edits, false, self.region)
      for (const edit of edits) list = after(list, edit)
    },
    add: (id: number, weight: number) => self.together([added(id, weight)]),
    weigh: (id: number, weight: number) => self.together([{ edit: 'weight', id, weight }]),
    remove: (id: number) => self.together([{ edit: 'remove', id }]),
    pick: () => pickNext(self.region),
    list: () => list.map((member) => ({ ...member })),
  }
  return self
}

function after(list: readonly Listed[], edit: ListEdit): Listed[] {
  if (edit.edit === 'add') return [{ ...edit, lastWeight: edit.weight }, ...list]
  if (edit.edit === 'remove') return list.filter((member) => member.id !== edit.id)
  const { weight } = edit
  return list.map((member) =>
    member.id === edit.id ? { ...member, weight, lastWeight: weight || member.lastWeight } : member,
  )
}

function added(id: number, weight: number) {
  return { edit: 'add', id, weight, address: `10.0.2.${id}`, port: 80 } as const
}

function picks(service: { pick(): number }, count: number): string {
  return Array.from({ length: count }, () => service.pick()).join('')
}

describe('wrr', () => {
  test.each([
    [[3, 2, 1], '321121321121321'],
    [[1, 2, 3], '321332' + '321332'],
    [[5, 1, 1], '3211111' + '3211111'],
    [[4, 2, 2], '3211' + '3211'],
    [[6, 4, 2], '321121321121321'],
    [[7, 0, 3], '311111313131' + '1111313131'],
  ])('weights %j, added one by one, go %s', (weights, wanted) => {
    const service = published('wrr')
    for (const [i, weight] of weights.entries()) service.add(i + 1, weight)
    expect(picks(service, wanted.length)).toBe(wanted)
  })

  test('several additions in one publication go as if they came one by one', () => {
    const [single, joint] = [published('wrr'), published('wrr')]
    const weights = [7, 0, 3, 12]
    for (const [i, weight] of weights.entries()) single.add(i + 1, weight)
    joint.together(weights.map((weight, i) => added(i + 1, weight)))
    expect(joint.region).toEqual(single.region)
  })

  test('a change of persistence leaves the walk where it is', () => {
    const service = published('wrr')
    for (const [i, weight] of [3, 2, 1].entries()) service.add(i + 1, weight)
    expect(picks(service, 4)).toBe('3211')
    service.together([])
    expect(picks(service, 5)).toBe('21321')
  })

  test('two hundred different weights give each server its weight per period', () => {
    const service = published('wrr')
    service.together(Array.from({ length: 200 }, (_, i) => added(i + 1, i + 1)))
    const counts = new Map<number, number>()
    for (let i = 0; i < 200 + 20_100; i++) {
      const id = service.pick()
      if (i >= 200) counts.set(id, (counts.get(id) ?? 0) + 1)
    }
    expect([...counts].every(([id, count]) => id === count)).toBe(true)
  })
})

describe('rr', () => {
  test("the kernel's own answers come out, decision for decision", () => {
    const service = published('rr')
    const wanted: string[] = []
    const given: string[] = []
    for (const line of readFileSync(new URL('../../fixtures/ipvs-rr.jsonl', import.meta.url), 'utf8')
      .trim()
      .split('\n')) {
      const step = JSON.parse(line) as { op?: string; args?: string; v?: string }
      if (step.op === 'ipvsadm') perform(service, step.args ?? '')
      if (step.op !== 'pkt') continue
      const id = service.pick()
      given.push(id === 0 ? 'icmp:3/3' : `rs${id}`)
      wanted.push(step.v ?? '')
    }
    expect(wanted.length).toBe(44)
    expect(given).toEqual(wanted)
  })

  test('a quiesced server the pointer rests on keeps the pointer', () => {
    const service = published('rr')
    for (const id of [1, 2, 3]) service.add(id, 1)
    expect(picks(service, 2)).toBe('32')
    service.weigh(2, 0)
    expect(picks(service, 3)).toBe('131')
  })
})

function perform(service: IpvsService, args: string): void {
  const id = Number(/-r 10\.0\.2\.(\d)/.exec(args)?.[1])
  const weight = Number(/-w (\d+)/.exec(args)?.[1] ?? 1)
  if (args.startsWith('-a')) service.add(id, weight)
  if (args.startsWith('-e')) service.weigh(id, weight)
  if (args.startsWith('-d')) service.remove(id)
}

type Step =
  | { kind: 'add' | 'weigh'; id: number; weight: number }
  | { kind: 'remove'; id: number }
  | { kind: 'pick'; times: number }

const weight = fc.oneof(fc.integer({ min: 0, max: 4 }), fc.constantFrom(0, 6, 12, 100, 65535, 2 ** 31 - 1))
const step: fc.Arbitrary<Step> = fc.oneof(
  fc.record({ kind: fc.constant('add' as const), id: fc.integer({ min: 1, max: 8 }), weight }),
  fc.record({ kind: fc.constant('weigh' as const), id: fc.integer({ min: 1, max: 8 }), weight }),
  fc.record({ kind: fc.constant('remove' as const), id: fc.integer({ min: 1, max: 8 }) }),
  fc.record({ kind: fc.constant('pick' as const), times: fc.integer({ min: 1, max: 25 }) }),
)

function play(service: IpvsService, steps: readonly Step[]): number[] {
  const chosen: number[] = []
  for (const step of steps) {
    const known = step.kind !== 'pick' && service.list().some((member) => member.id === step.id)
    if (step.kind === 'pick') for (let i = 0; i < step.times; i++) chosen.push(service.pick())
    else if (step.kind === 'remove') known && service.remove(step.id)
    else if (known) service.weigh(step.id, step.weight)
    else if (step.kind === 'add') service.add(step.id, step.weight)
  }
  return chosen
}

describe('through any history of additions, removals, new weights and picks', () => {
  test.each([
    ['rr', ipvsRr],
    ['wrr', ipvsWrr],
  ] as const)('%s chooses what IPVS chooses', (name, ipvs) => {
    fc.assert(
      fc.property(fc.array(step, { maxLength: 40 }), (steps) => {
        expect(play(published(name), steps)).toEqual(play(ipvs(), steps))
      }),
      { numRuns: 1000 },
    )
  })

  test.each(Object.keys(SCHEDULER_NUMBER) as Name[])(
    'a region of %s matches its own list and no other',
    (name) => {
      fc.assert(
        fc.property(fc.array(step, { maxLength: 20 }), (steps) => {
          const service = published(name)
          play(
            service,
            steps.filter((each) => name === 'rr' || name === 'wrr' || each.kind !== 'pick'),
          )
          const shape: ServiceShape = { id: 1, vipId: 1, match: MATCH, scheduler: name }
          const list = service.list() as Listed[]
          expect(regionMatches(viewOf(padded(service.region)), 0, shape, list)).toBe(true)
          const other = [{ id: 99, weight: 1, lastWeight: 1, address: '10.0.2.99', port: 80 }, ...list]
          const match = { ...MATCH, port: 81 }
          expect(regionMatches(viewOf(padded(service.region)), 0, shape, other)).toBe(name === 'none')
          expect(regionMatches(viewOf(padded(service.region)), 0, { ...shape, match }, list)).toBe(false)
        }),
        { numRuns: name === 'mh' ? 15 : 100 },
      )
    },
  )
})

/** As in the arena, where other lines follow. */
function padded(region: Uint8Array): Uint8Array {
  const bytes = new Uint8Array(region.length + 64 * 300)
  bytes.set(region)
  return bytes
}

describe('wlc', () => {
  test('shares stand in list order, the last added first, without those of weight 0', () => {
    const service = published('wlc')
    for (const [i, weight] of [3, 0, 1].entries()) service.add(i + 1, weight)
    expect(sharesOf(service.region)).toEqual([
      { real: 3, weight: 1 },
      { real: 1, weight: 3 },
    ])
  })
})

describe('sh', () => {
  test('everyone fills as many consecutive buckets as its weight, round and round', () => {
    const service = published('sh')
    for (const [i, weight] of [1, 0, 3].entries()) service.add(i + 1, weight)
    expect(bucketsOf(service.region).slice(0, 10).join('')).toBe('3330133301')
    expect(bucketsOf(service.region)).toHaveLength(256)
  })

  test('weights beyond 256 starve the tail', () => {
    const service = published('sh')
    service.add(1, 5)
    service.add(2, 1000)
    expect(new Set(bucketsOf(service.region))).toEqual(new Set([2]))
  })

  test('nobody there means nobody chosen', () => {
    expect(new Set(bucketsOf(published('sh').region))).toEqual(new Set([0]))
  })
})

describe('dh', () => {
  test('everyone fills one bucket each round, whatever the weights; of weight 0 it refuses', () => {
    const service = published('dh')
    for (const [i, weight] of [1, 0, 3].entries()) service.add(i + 1, weight)
    expect(idsOf(service.region)).toHaveLength(256)
    expect(idsOf(service.region).slice(0, 7).join('')).toBe('3013013')
    service.weigh(2, 9)
    expect(idsOf(service.region).slice(0, 7).join('')).toBe('3213213')
  })
})

describe('mh', () => {
  test('a quiesced server keeps its slots, refusing; an added one of weight 0 gets none', () => {
    const service = published('mh')
    for (const [i, weight] of [1, 5, 0].entries()) service.add(i + 1, weight)
    const before = idsOf(service.region)
    expect([before.length, new Set(before)]).toEqual([4093, new Set([1, 2])])
    service.weigh(2, 0)
    expect(idsOf(service.region)).toEqual(before.map((id) => (id === 2 ? 0 : id)))
  })
})

describe.each(['fo', 'ovf'] as const)('%s', (name) => {
  test('shares stand heaviest first, equal ones in list order', () => {
    const service = published(name)
    for (const [i, weight] of [2, 7, 2, 0, 7].entries()) service.add(i + 1, weight)
    expect(sharesOf(service.region).map(({ real }) => real)).toEqual([5, 2, 3, 1])
  })
})

describe('the others', () => {
  test.each(['lc', 'sed', 'nq', 'lblc', 'lblcr', 'twos'] as const)('%s has shares in list order', (name) => {
    const service = published(name)
    for (const [i, weight] of [2, 0, 7].entries()) service.add(i + 1, weight)
    expect(sharesOf(service.region)).toEqual([
      { real: 3, weight: 7 },
      { real: 1, weight: 2 },
    ])
  })

  test('nobody is chosen by none, nor by tables of real servers that all have weight 0', () => {
    for (const name of ['none', 'dh', 'mh', 'sh', 'lc'] as const) {
      const service = published(name)
      service.add(1, name === 'none' ? 1 : 0)
      expect(readService(viewOf(service.region), 0).count).toBe(0)
    }
  })
})
