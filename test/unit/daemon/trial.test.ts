// SPDX-License-Identifier: Apache-2.0
// What a change put aside comes back as it was, and what was asked for since stays.
import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { NO_RUNTIME, NOTHING_OBSERVED, type Runtime, type Store } from '../../../src/daemon/store.js'
import { storeReload } from '../../../src/daemon/store-reload.js'
import { storeAddReal, storeAddService, storeSetReal } from '../../../src/daemon/store-services.js'
import { storeTune } from '../../../src/daemon/store-settings.js'
import { aside, withdraw } from '../../../src/daemon/trial.js'
import type { Outcome } from '../../../src/model/types.js'
import { baseOf, fileService } from './given.js'

const WEB = 'tcp 192.0.2.10:80'
const api = fileService({ vip: '192.0.2.11', owner: 'api' })

function must<T>(outcome: Outcome<T>): T {
  if (!outcome.ok) throw new Error(outcome.problems.map(({ reason }) => reason).join('; '))
  return outcome.value
}

const busy: Runtime = {
  ...NO_RUNTIME,
  services: [api],
  detached: ['eth0'],
  overrides: [{ service: WEB, real: '192.0.2.21', weight: 0 }],
  timeouts: { tcp: 60 },
  tunables: { sloppy_tcp: 1 },
}
const before: Store = { base: baseOf(), runtime: busy, observed: NOTHING_OBSERVED }
const next = baseOf({ services: [fileService({ reals: [{ address: '192.0.2.21', weight: 7 }] })] })
const after = must(storeReload(before, next)).store
const trial = { before, after }

describe('withdrawing a change', () => {
  it('brings back the file and all that the change ended', () => {
    expect(after.runtime).toMatchObject({ detached: [], overrides: [], timeouts: {}, tunables: {} })
    expect(withdraw(trial, after)).toEqual({ store: before, notices: [] })
  })

  it('keeps what was asked for since', () => {
    const weighed = must(storeSetReal(after, WEB, '192.0.2.21', { weight: 3 })).store
    const added = must(storeAddService(weighed, { vip: '192.0.2.12', port: 80, reals: [] })).store
    const grown = must(storeAddReal(added, 'tcp 192.0.2.11:80', { address: '192.0.2.29' })).store
    const tuned = must(storeTune(grown, { sloppy_tcp: 0, schedule_icmp: 1 })).store
    const { runtime, base } = withdraw(trial, tuned).store
    expect(base).toBe(before.base)
    expect(runtime.overrides).toEqual([{ service: WEB, real: '192.0.2.21', weight: 3 }])
    expect(runtime.services.map((service) => [service.vip, service.reals.length])).toEqual([
      ['192.0.2.11', 3],
      ['192.0.2.12', 0],
    ])
    expect(runtime.tunables).toEqual({ sloppy_tcp: 1, schedule_icmp: 1 })
    expect(runtime.detached).toEqual(['eth0'])
  })

  it('gives back a service of requests that the new file took over', () => {
    const owned = baseOf({ services: [fileService(), fileService({ vip: '192.0.2.11' })] })
    const taken = must(storeReload(before, owned)).store
    expect(taken.runtime.services).toEqual([])
    expect(withdraw({ before, after: taken }, taken).store.runtime.services).toEqual([api])
  })

  it('leaves out, and names, what was asked for since and does not fit the old file', () => {
    const freed = must(storeReload(before, baseOf({ services: [] }))).store
    const clash = must(storeAddService(freed, { vip: '192.0.2.10', port: 80, reals: [] })).store
    const { store, notices } = withdraw({ before, after: freed }, clash)
    expect(store.runtime.services).toEqual([api])
    expect(notices).toEqual([`${WEB} is in the file now; what was added at run time is replaced by it`])
  })
})

const runtime: fc.Arbitrary<Runtime> = fc.record({
  services: fc.uniqueArray(
    fc.record({ host: fc.nat(5), weight: fc.nat(3) }).map(({ host, weight }) =>
      fileService({
        vip: `192.0.2.${host}`,
        owner: 'api',
        reals: [{ address: '192.0.2.99', weight }],
      }),
    ),
    { selector: ({ vip }) => vip },
  ),
  marks: fc.constant([]),
  interfaces: fc.uniqueArray(
    fc.record({ name: fc.constantFrom('a', 'b', 'c'), mode: fc.constantFrom('native', 'generic') }),
    { selector: ({ name }) => name },
  ),
  detached: fc.uniqueArray(fc.constantFrom('a', 'b', 'c')),
  overrides: fc.uniqueArray(
    fc.record({ service: fc.constantFrom('x', 'y'), real: fc.constantFrom('1', '2'), weight: fc.nat(3) }),
    { selector: ({ service, real }) => `${service} ${real}` },
  ),
  timeouts: fc.record({ tcp: fc.nat(3), udp: fc.nat(3) }, { requiredKeys: [] }),
  tunables: fc.record({ sloppy_tcp: fc.nat(1) }, { requiredKeys: [] }),
  drains: fc.uniqueArray(
    fc.record({ address: fc.constantFrom('1', '2'), since: fc.nat(3), end: fc.constant('move' as const) }),
    { selector: ({ address }) => address },
  ),
  down: fc.constant([]),
  zero: fc.constant(NO_RUNTIME.zero),
}) as fc.Arbitrary<Runtime>

const sorted = (value: unknown): unknown =>
  Array.isArray(value)
    ? value.map((one) => JSON.stringify(one)).sort()
    : typeof value === 'object'
      ? Object.entries(value as object)
          .map(([name, one]) => [name, sorted(one)])
          .sort()
      : value

describe('for any requests', () => {
  const trialOf = (a: Runtime, b: Runtime) => ({
    before: { ...before, runtime: a },
    after: { ...before, base: next, runtime: b },
  })

  it('without an edit since, all is as before', () => {
    fc.assert(
      fc.property(runtime, runtime, (a, b) => {
        expect(sorted(aside(trialOf(a, b), b))).toEqual(sorted(a))
      }),
    )
  })

  it('a change that changed nothing takes nothing away', () => {
    fc.assert(
      fc.property(runtime, runtime, (a, now) => {
        expect(sorted(aside(trialOf(a, a), now))).toEqual(sorted(now))
      }),
    )
  })

  it('twice is as once', () => {
    fc.assert(
      fc.property(runtime, runtime, runtime, (a, b, now) => {
        const once = aside(trialOf(a, b), now)
        expect(sorted(aside(trialOf(a, b), once))).toEqual(sorted(once))
      }),
    )
  })
})
