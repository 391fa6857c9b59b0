// SPDX-License-Identifier: Apache-2.0
import { describe, expect, it } from 'vitest'
import { healthMetrics } from '../../../src/daemon/health-metrics.js'
import { healthRows } from '../../../src/daemon/health-rows.js'
import { lastNews, newsOf } from '../../../src/daemon/news.js'
import { isDown, standingsOf } from '../../../src/daemon/standings.js'
import { effectiveOf, NO_RUNTIME, NOTHING_OBSERVED, type Store } from '../../../src/daemon/store.js'
import { storeDrain } from '../../../src/daemon/store-drains.js'
import {
  movesWeights,
  observing,
  rememberedHealth,
  storeDown,
  storeHealth,
} from '../../../src/daemon/store-health.js'
import { storeReload } from '../../../src/daemon/store-reload.js'
import { storeSetReal } from '../../../src/daemon/store-services.js'
import { subjectsOf } from '../../../src/daemon/subjects.js'
import { type Check, DEFAULT_HEALTH, type Health, type HealthPolicy } from '../../../src/model/checks.js'
import type { AddressService, Real } from '../../../src/model/types.js'
import { baseOf, fileService } from './given.js'

const WEB = 'tcp 192.0.2.10:80'
const [ONE, TWO] = [`${WEB} > 192.0.2.21`, `${WEB} > 192.0.2.22`]
const tcp: Check = { kind: 'tcp', interval: 2, timeout: 1, rise: 2, fall: 3, via: 'vip' }
const good: Health = { up: true, reason: 'healthy', since: 1_000 }
const bad: Health = { up: false, reason: 'status', since: 2_000, detail: 'status 503' }

function checked(health?: Partial<HealthPolicy>, given: Partial<AddressService> = {}): AddressService {
  const policy = health === undefined ? {} : { health: { ...DEFAULT_HEALTH, ...health } }
  return fileService({ checks: [tcp], ...policy, ...given })
}

function storeOf(...services: readonly AddressService[]): Store {
  return observing({ base: baseOf({ services }), runtime: NO_RUNTIME, observed: NOTHING_OBSERVED }, 500)
}

function told(store: Store, changes: Readonly<Record<string, Health>>): Store {
  const outcome = storeHealth(store, new Map(Object.entries(changes)))
  if (!outcome.ok) throw new Error('refused')
  return observing(outcome.value.store, 3_000)
}

function effective(store: Store): readonly (readonly [string, number])[] {
  return (effectiveOf(store).services[0]?.reals ?? []).map(
    ({ address, weight }) => [address, weight] as const,
  )
}

describe('what is checked', () => {
  it('is what a service says, or its real server otherwise', () => {
    const icmp: Check = { ...tcp, kind: 'icmp' }
    const reals: Real[] = [
      { address: '192.0.2.21', weight: 1 },
      { address: '192.0.2.22', weight: 1, checks: [icmp] },
      { address: '192.0.2.23', weight: 1, checks: [] },
    ]
    const passive = { retries: 3, pause: 5, most: 300 }
    const found = subjectsOf(storeOf(checked({ slowStart: 30, alpha: true }, { reals })), false)
    expect(found).toEqual([
      {
        ...{ key: ONE, service: WEB, vip: '192.0.2.10', port: 80, real: '192.0.2.21', weight: 1 },
        ...{ checks: [tcp], alpha: true, slowStart: 30 },
      },
      {
        ...{ key: TWO, service: WEB, vip: '192.0.2.10', port: 80, real: '192.0.2.22', weight: 1 },
        ...{ checks: [icmp], alpha: true, slowStart: 30 },
      },
    ])
    const watched = subjectsOf(storeOf(fileService({ health: { ...DEFAULT_HEALTH, passive }, reals })), false)
    expect(watched.map(({ real, passive: of }) => [real, of])).toEqual([
      ['192.0.2.21', passive],
      ['192.0.2.22', passive],
      ['192.0.2.23', passive],
    ])
    const udp = fileService({ protocol: 'udp', health: { ...DEFAULT_HEALTH, passive } })
    expect(subjectsOf(storeOf(udp), false)).toEqual([])
  })

  it('has the weight that an operator gave it, and none while it is drained', () => {
    let store = storeOf(checked())
    const heavy = storeSetReal(store, WEB, '192.0.2.21', { weight: 9 })
    if (heavy.ok) store = heavy.value.store
    const drained = storeDrain(store, { address: '192.0.2.22' }, 0)
    if (drained.ok) store = drained.value.store
    expect(subjectsOf(store, false).map(({ weight }) => weight)).toEqual([9, 0])
  })

  it('is asked at its own address where nothing goes through a VIP', () => {
    expect(
      subjectsOf(storeOf(checked()), true).flatMap(({ checks }) => checks.map(({ via }) => via)),
    ).toEqual(['real', 'real'])
  })
})

describe('health', () => {
  it('of what was not asked yet is up, or with alpha down', () => {
    expect([...storeOf(checked()).observed.health.values()].map(({ up, reason }) => [up, reason])).toEqual([
      [true, 'waiting'],
      [true, 'waiting'],
    ])
    expect(effective(storeOf(checked({ alpha: true })))).toEqual([
      ['192.0.2.21', 0],
      ['192.0.2.22', 0],
    ])
  })

  it('moves weights, and neither wishes nor overrides', () => {
    const store = told(storeOf(checked()), { [ONE]: bad, [TWO]: good })
    expect(effective(store)).toEqual([
      ['192.0.2.21', 0],
      ['192.0.2.22', 3],
    ])
    expect(store.runtime).toBe(NO_RUNTIME)
    expect(standingsOf(store).reals.get(ONE)).toEqual(bad)
    expect(standingsOf(store).of(WEB)).toEqual({ drained: 0, down: 1, quiesced: 0 })
    expect([...standingsOf(store).reals.values()].filter(isDown)).toHaveLength(1)
  })

  it('of nobody who is checked is no news', () => {
    const store = storeOf(checked())
    expect(told(store, { [`${WEB} > 192.0.2.99`]: bad }).observed).toEqual(store.observed)
    const unchecked = storeOf(fileService())
    expect(unchecked.observed).toBe(NOTHING_OBSERVED)
  })

  it('is kept by a reload, and ends where the file ends the checks', () => {
    const store = told(storeOf(checked()), { [ONE]: bad })
    const kept = storeReload(store, store.base)
    expect(kept.ok && effective(observing(kept.value.store, 9_000))).toEqual(effective(store))
    const ended = storeReload(store, baseOf())
    expect(ended.ok && observing(ended.value.store, 9_000).observed).toMatchObject({
      ...{ health: new Map(), quorum: new Map() },
    })
  })

  it('makes packets go other ways only when up, weight or ramp change', () => {
    const store = told(storeOf(checked()), { [ONE]: bad, [TWO]: good })
    const moves = (change: Health, key = ONE) => movesWeights(store, new Map([[key, change]]))
    expect(moves({ ...bad, reason: 'timeout', detail: 'no answer' })).toBe(false)
    expect(moves({ ...bad, reason: 'swallows' })).toBe(true)
    expect(moves(good)).toBe(true)
    expect(moves({ ...good, reason: 'waiting' }, TWO)).toBe(false)
    expect(moves({ ...good, weight: 7 }, TWO)).toBe(true)
    expect(moves({ ...good, ramp: 0.5 }, TWO)).toBe(true)
    expect(moves(good, `${WEB} > 192.0.2.99`)).toBe(true)
  })
})

describe('quorum', () => {
  const sorry = { address: '192.0.2.99' }

  it('is lost and gained by the weights that are up, and the sorry server serves between', () => {
    const store = storeOf(checked({ quorum: 2, sorry }))
    expect(store.observed.quorum.get(WEB)).toBe(true)
    expect(told(store, { [ONE]: bad }).observed.quorum.get(WEB)).toBe(true)
    const lost = told(store, { [TWO]: bad })
    expect(lost.observed.quorum.get(WEB)).toBe(false)
    expect(effective(lost)).toEqual([
      ['192.0.2.21', 0],
      ['192.0.2.22', 0],
      ['192.0.2.99', 1],
    ])
    expect(effective(told(lost, { [TWO]: good }))).toEqual([
      ['192.0.2.21', 1],
      ['192.0.2.22', 3],
    ])
  })

  it('has a memory: within the hysteresis it stays as it was', () => {
    const store = storeOf(checked({ quorum: 3, hysteresis: 1 }))
    const lost = told(store, { [TWO]: bad })
    expect(lost.observed.quorum.get(WEB)).toBe(false)
    const back = told(lost, { [ONE]: bad, [TWO]: good })
    expect(back.observed.quorum.get(WEB)).toBe(false)
    expect(told(back, { [ONE]: good }).observed.quorum.get(WEB)).toBe(true)
    expect(
      told(storeOf(checked({ quorum: 3, hysteresis: 1 })), { [ONE]: bad }).observed.quorum.get(WEB),
    ).toBe(true)
  })

  it('counts nobody who is drained or has no weight', () => {
    const store = storeOf(checked({ quorum: 4, sorry }))
    const drained = storeDrain(store, { address: '192.0.2.21' }, 0)
    expect(drained.ok && observing(drained.value.store, 0).observed.quorum.get(WEB)).toBe(false)
    const quiesced = storeSetReal(store, WEB, '192.0.2.22', { weight: 0 })
    expect(quiesced.ok && observing(quiesced.value.store, 0).observed.quorum.get(WEB)).toBe(false)
  })
})

describe('who is down', () => {
  it('is kept for the next start, with reason and time', () => {
    const store = told(storeOf(checked({ alpha: true })), { [TWO]: bad })
    const outcome = storeDown(store)
    const down = outcome.ok ? outcome.value.store.runtime.down : []
    expect(down).toEqual([
      { service: WEB, real: '192.0.2.22', reason: 'status', since: 2_000, detail: 'status 503' },
    ])
    expect(rememberedHealth(down)).toEqual(new Map([[TWO, bad]]))
  })
})

describe('news', () => {
  const notify = { up: ['/bin/up'], down: ['/bin/down'] }
  const reals = [{ address: '192.0.2.21', weight: 1, notify }]
  const store = storeOf(checked({ notify, omega: true }, { reals }))

  it('are an event and a notice for each that turned, and for the quorum', () => {
    const down = told(store, { [ONE]: bad })
    expect(newsOf(store, down)).toEqual([
      {
        event: {
          ...{ kind: 'real', severity: 'warning', service: WEB, real: ONE },
          ...{ from: 'up', to: 'down', reason: 'status: status 503' },
          text: 'real server 192.0.2.21 of tcp 192.0.2.10:80: up -> down, status: status 503',
        },
        notices: [{ command: ['/bin/down'], event: 'down', service: WEB, real: ONE, reason: 'status' }],
      },
      {
        event: {
          ...{ kind: 'quorum', severity: 'error', service: WEB, from: 'gained', to: 'lost' },
          reason: 'too little weight is up',
          text: 'service tcp 192.0.2.10:80: quorum lost',
        },
        notices: [
          { command: ['/bin/down'], event: 'quorum-down', service: WEB, reason: 'too little weight is up' },
        ],
      },
    ])
    expect(newsOf(down, told(down, { [ONE]: good })).map(({ event }) => event.text)).toEqual([
      'real server 192.0.2.21 of tcp 192.0.2.10:80: down -> up, healthy',
      'service tcp 192.0.2.10:80: quorum gained',
    ])
  })

  it('are none where only a reason changed, or somebody is new', () => {
    expect(newsOf(store, told(store, { [ONE]: good }))).toEqual([])
    const before = { base: baseOf({ services: [] }), runtime: NO_RUNTIME, observed: NOTHING_OBSERVED }
    expect(newsOf(before, store)).toEqual([])
  })

  it('of the end are given where omega asks for them', () => {
    const at = { service: WEB, reason: 'the checks end' }
    expect(lastNews(store)).toEqual([
      { command: ['/bin/down'], event: 'down', real: ONE, ...at },
      { command: ['/bin/down'], event: 'quorum-down', ...at },
    ])
    expect(lastNews(told(store, { [ONE]: bad }))).toEqual([])
    expect(lastNews(storeOf(checked({ notify }, { reals })))).toEqual([])
  })
})

describe('what is shown', () => {
  const store = told(storeOf(checked({ onDown: 'remove', quorum: 4 })), { [TWO]: bad })
  const row = { service: WEB, real: TWO, kind: 'tcp', via: 'vip', target: 'x', inARow: 3, nextIn: 5 } as const

  it('is each real server that was asked for, also one that is out of the service', () => {
    const shown = healthRows(store, [{ ...row, state: 'down', doing: 'resting' }], {})
    expect(
      shown.map(({ address, weight, effectiveWeight, quorum }) => [address, weight, effectiveWeight, quorum]),
    ).toEqual([
      ['192.0.2.21', 1, 1, false],
      ['192.0.2.22', 3, 0, false],
    ])
    expect(shown[1]).toMatchObject({ standing: bad, checks: [{ kind: 'tcp', state: 'down', inARow: 3 }] })
    expect(shown[1]?.checks[0]).not.toHaveProperty('real')
    expect(healthRows(store, [], { real: '192.0.2.21' })).toHaveLength(1)
    expect(healthRows(store, [], { service: 'fwm 6' })).toEqual([])
  })

  it('is a metric of those who are checked or drained, and of no other', () => {
    expect(healthMetrics(store, new Map([[TWO, 7]]))).toEqual([
      {
        match: store.base.services[0],
        quorum: false,
        reals: [
          { name: '192.0.2.21', up: true, failures: 0, drained: false },
          { name: '192.0.2.22', up: false, failures: 7, drained: false },
        ],
      },
    ])
    const plain = storeOf(fileService())
    expect(healthMetrics(plain, new Map())).toEqual([])
    const drained = storeDrain(plain, { address: '192.0.2.22' }, 0)
    expect(drained.ok && healthMetrics(drained.value.store, new Map())[0]?.reals).toEqual([
      { name: '192.0.2.21', drained: false },
      { name: '192.0.2.22', drained: true },
    ])
  })
})
