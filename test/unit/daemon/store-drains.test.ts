// SPDX-License-Identifier: Apache-2.0
import { describe, expect, it } from 'vitest'
import { readDrained, readDrainRequest } from '../../../src/api/parse-drain.js'
import { drainRows } from '../../../src/daemon/drains.js'
import { standingsOf } from '../../../src/daemon/standings.js'
import {
  type Edited,
  effectiveOf,
  NO_RUNTIME,
  NOTHING_OBSERVED,
  type Store,
} from '../../../src/daemon/store.js'
import { overdue, storeDeadlines, storeDrain, storeUndrain } from '../../../src/daemon/store-drains.js'
import { storeReload, storeRestore } from '../../../src/daemon/store-reload.js'
import {
  storeAddReal,
  storeAddService,
  storeRemoveReal,
  storeRemoveService,
  storeSetReal,
} from '../../../src/daemon/store-services.js'
import { formatProblem } from '../../../src/model/describe.js'
import { realKey } from '../../../src/model/keys.js'
import type { Outcome } from '../../../src/model/types.js'
import { realOf, serviceOf, snapshotOf } from '../metrics/given.js'
import { baseOf, fileService } from './given.js'

const WEB = 'tcp 192.0.2.10:80'
const ALT = 'tcp 192.0.2.10:81'
const MARK = 'fwm 6'
const alt = { vip: '192.0.2.10', port: 81, reals: [{ address: '192.0.2.21' }, { address: '192.0.2.23' }] }
const mark = {
  mark: 6,
  family: 4 as const,
  reals: [
    { address: '192.0.2.21', port: 8080 },
    { address: '192.0.2.21', port: 8081 },
  ],
}

const start = done(storeAddService(done(storeAddService(plain(), alt)), mark))

function plain(): Store {
  return { base: baseOf(), runtime: NO_RUNTIME, observed: NOTHING_OBSERVED }
}

function done(outcome: Outcome<Edited>): Store {
  if (!outcome.ok) throw new Error(outcome.problems.map(formatProblem).join('; '))
  return outcome.value.store
}

function said(outcome: Outcome<Edited>): string {
  return outcome.ok ? outcome.value.notices.join('; ') : outcome.problems.map(formatProblem).join('; ')
}

/** Who is drained, and how far. */
function stages(store: Store): Record<string, string> {
  const reals = effectiveOf(store).services.flatMap((service) =>
    service.reals.map((real) => [realKey(service, real), `${real.drain} ${real.weight}`] as const),
  )
  return Object.fromEntries(reals.filter(([, stage]) => !stage.startsWith('undefined')))
}

describe('a drain', () => {
  it('of an address is in all services, those of the file and those of marks too', () => {
    const store = done(storeDrain(start, { address: '192.0.2.21' }, 5_000))
    expect(stages(store)).toEqual({
      [`${WEB} > 192.0.2.21`]: 'soft 0',
      [`${ALT} > 192.0.2.21`]: 'soft 0',
      [`${MARK} > 192.0.2.21:8080`]: 'soft 0',
      [`${MARK} > 192.0.2.21:8081`]: 'soft 0',
    })
    expect(standingsOf(store).reals.get(`${WEB} > 192.0.2.21`)).toEqual({
      ...{ up: false, reason: 'drained', since: 5_000 },
    })
    expect(standingsOf(store).of(WEB)).toEqual({ drained: 1, down: 0, quiesced: 0 })
    expect(standingsOf(store).of(MARK)).toEqual({ drained: 2, down: 0, quiesced: 0 })
  })

  it('can be of one service, or of one port of a mark', () => {
    const one = done(storeDrain(start, { address: '192.0.2.21', service: ALT }, 0))
    expect(Object.keys(stages(one))).toEqual([`${ALT} > 192.0.2.21`])
    const port = done(storeDrain(start, { address: '192.0.2.21', port: 8080 }, 0))
    expect(Object.keys(stages(port))).toEqual([`${MARK} > 192.0.2.21:8080`])
  })

  it('ends at its deadline, as it was told to', () => {
    const wish = { address: '192.0.2.21', service: WEB, within: 60 }
    for (const end of ['move', 'reset'] as const) {
      const store = done(storeDrain(start, { ...wish, end }, 1_000))
      expect(overdue(store, 60_999)).toEqual([])
      expect(overdue(store, 61_000)).toHaveLength(1)
      const over = done(storeDeadlines(store, 61_000))
      expect(stages(over)).toEqual({ [`${WEB} > 192.0.2.21`]: `${end} 0` })
      expect(overdue(over, 70_000)).toEqual([])
    }
  })

  it('with a deadline of 0 is over at once', () => {
    const store = done(storeDrain(start, { address: '192.0.2.22', within: 0, end: 'reset' }, 1_000))
    expect(stages(store)).toEqual({ [`${WEB} > 192.0.2.22`]: 'reset 0' })
  })

  it('asked for twice has the new deadline and end, and has lasted since the first time', () => {
    const first = done(storeDrain(start, { address: '192.0.2.22', within: 60 }, 1_000))
    const second = done(storeDrain(first, { address: '192.0.2.22', within: 600, end: 'reset' }, 2_000))
    expect(second.runtime.drains).toEqual([
      { address: '192.0.2.22', since: 1_000, deadline: 602_000, end: 'reset' },
    ])
    const waiting = done(storeDrain(second, { address: '192.0.2.22' }, 3_000))
    expect(waiting.runtime.drains).toEqual([{ address: '192.0.2.22', since: 1_000, end: 'move' }])
  })

  it('of one service rules there, beside one of all', () => {
    const all = done(storeDrain(start, { address: '192.0.2.21' }, 0))
    const both = done(storeDrain(all, { address: '192.0.2.21', service: WEB, within: 0, end: 'reset' }, 0))
    expect(stages(both)).toMatchObject({
      [`${WEB} > 192.0.2.21`]: 'reset 0',
      [`${ALT} > 192.0.2.21`]: 'soft 0',
    })
    const rows = drainRows(both, snapshotOf())
    expect(rows.map(({ service, stage, everywhere }) => [service, stage, everywhere])).toEqual([
      [WEB, 'reset', false],
      [ALT, 'soft', true],
      [MARK, 'soft', true],
      [MARK, 'soft', true],
    ])
  })

  it('of a real server that nobody has is refused, and says where to look', () => {
    expect(said(storeDrain(start, { address: '192.0.2.99' }, 0))).toBe(
      '192.0.2.99: no service has a real server 192.0.2.99; see: xlvs show reals',
    )
    expect(said(storeDrain(start, { address: '192.0.2.22', service: ALT }, 0))).toBe(
      `192.0.2.22: ${ALT} has no real server 192.0.2.22; see: xlvs show reals`,
    )
  })

  it('of the last one that takes connections says so', () => {
    const one = done(storeDrain(start, { address: '192.0.2.21', service: WEB }, 0))
    expect(said(storeDrain(one, { address: '192.0.2.22' }, 0))).toBe(
      `${WEB} has no real server left that gets new connections`,
    )
    const same = done(storeDrain(one, { address: '192.0.2.22' }, 0))
    expect(said(storeDrain(same, { address: '192.0.2.22' }, 0))).toBe('')
  })

  it('is no weight: what was set before is there again afterwards', () => {
    const heavy = done(storeSetReal(start, WEB, '192.0.2.22', { weight: 7 }))
    const drained = done(storeDrain(heavy, { address: '192.0.2.22' }, 0))
    expect(effectiveOf(drained).services[0]?.reals[1]).toMatchObject({ weight: 0, drain: 'soft' })
    const back = done(storeUndrain(drained, { address: '192.0.2.22' }, 0))
    expect(effectiveOf(back).services[0]?.reals[1]).toEqual({ address: '192.0.2.22', weight: 7 })
  })

  it('outlives a reload and a restart', () => {
    const store = done(storeDrain(start, { address: '192.0.2.21', service: WEB, within: 60 }, 1_000))
    expect(stages(done(storeReload(store, baseOf())))).toEqual(stages(store))
    const late = { ...NOTHING_OBSERVED, now: 61_000 }
    expect(stages(storeRestore(baseOf(), store.runtime, late).store)).toEqual({
      [`${WEB} > 192.0.2.21`]: 'move 0',
    })
  })

  it('goes with its real server, whoever takes that away', () => {
    const store = done(storeDrain(start, { address: '192.0.2.23' }, 0))
    expect(done(storeRemoveReal(store, ALT, '192.0.2.23')).runtime.drains).toEqual([])
    expect(done(storeRemoveService(store, ALT)).runtime.drains).toEqual([])
    const inFile = done(storeDrain(start, { address: '192.0.2.22' }, 0))
    const without = baseOf({ services: [fileService({ reals: [{ address: '192.0.2.29', weight: 1 }] })] })
    expect(done(storeReload(inFile, without)).runtime.drains).toEqual([])
    expect(storeRestore(without, inFile.runtime).store.runtime.drains).toEqual([])
    const back = done(
      storeAddReal(done(storeRemoveReal(store, ALT, '192.0.2.23')), ALT, { address: '192.0.2.23' }),
    )
    expect(stages(back)).toEqual({})
  })
})

describe('an undrain', () => {
  it('without a service ends every drain of the address', () => {
    let store = done(storeDrain(start, { address: '192.0.2.21' }, 0))
    store = done(storeDrain(store, { address: '192.0.2.21', service: WEB }, 0))
    store = done(storeDrain(store, { address: '192.0.2.21', port: 8080 }, 0))
    store = done(storeDrain(store, { address: '192.0.2.22' }, 0))
    expect(done(storeUndrain(store, { address: '192.0.2.21' }, 0)).runtime.drains).toEqual([
      { address: '192.0.2.22', since: 0, end: 'move' },
    ])
  })

  it('of one service cannot end a drain of all, and says what can', () => {
    const store = done(storeDrain(start, { address: '192.0.2.21' }, 0))
    expect(said(storeUndrain(store, { address: '192.0.2.21', service: WEB }, 0))).toBe(
      `${WEB} > 192.0.2.21: 192.0.2.21 is drained in all services; use it again there: xlvs undrain 192.0.2.21`,
    )
  })

  it('of what is not drained, or is not there, is refused', () => {
    expect(said(storeUndrain(start, { address: '192.0.2.21' }, 0))).toBe(
      '192.0.2.21: 192.0.2.21 is not drained; see: xlvs show drains',
    )
    expect(said(storeUndrain(start, { address: '192.0.2.99' }, 0))).toContain('no service has a real server')
  })
})

describe('rows of drains', () => {
  const snapshot = snapshotOf({
    services: [serviceOf({ reals: [realOf({ active: 3, inactive: 2, persistent: 1 })] })],
  })

  it('say what is left and how it ends', () => {
    const store = done(
      storeDrain(start, { address: '192.0.2.21', service: WEB, within: 60, end: 'reset' }, 1_000),
    )
    expect(drainRows(store, snapshot)).toEqual([
      {
        ...{ service: WEB, real: `${WEB} > 192.0.2.21`, address: '192.0.2.21', everywhere: false },
        ...{ since: 1_000, deadline: 61_000, end: 'reset', stage: 'soft' },
        ...{ active: 3, inactive: 2, persistent: 1 },
      },
    ])
  })

  it('can be narrowed', () => {
    const store = done(storeDrain(start, { address: '192.0.2.21' }, 0))
    expect(drainRows(store, snapshot, { service: ALT }).map(({ service }) => service)).toEqual([ALT])
    expect(drainRows(store, snapshot, { real: '192.0.2.22' })).toEqual([])
    expect(drainRows(start, snapshot)).toEqual([])
  })
})

describe('a request to drain', () => {
  const problems = (body: unknown) => {
    const read = readDrainRequest(body)
    return read.ok ? read.value : read.problems.map(formatProblem).join('; ')
  }

  it('is read from JSON', () => {
    expect(problems({ real: '192.0.2.21' })).toEqual({ address: '192.0.2.21' })
    expect(problems({ real: '192.0.2.21:8080', service: 'fwm 6', within: 0, end: 'reset' })).toEqual({
      ...{ address: '192.0.2.21', port: 8080, service: 'fwm 6', within: 0, end: 'reset' },
    })
    expect(readDrained({ real: '192.0.2.21:80', service: '192.0.2.10:80' })).toEqual({
      ok: true,
      value: { address: '192.0.2.21', service: WEB },
    })
  })

  it.each([
    [[], 'body: body is a list; send a JSON object with real, service, within and end'],
    [{}, 'real: real is empty; name it like 192.0.2.21'],
    [{ real: '192.0.2.21', when: 1 }, 'body: unknown key "when"; use real, service, within and end'],
    [
      { real: '192.0.2.21', within: -1, end: 'no' },
      'within: within -1 is below 0; use 0..31536000; end: unknown end "no"; use move or reset',
    ],
    [{ real: '192.0.2.21', service: 7 }, 'service: service is the number 7; name it like tcp 192.0.2.10:80'],
  ])('that is wrong says why: %j', (body, sentence) => {
    expect(problems(body)).toBe(sentence)
  })
})
