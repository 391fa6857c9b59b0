// SPDX-License-Identifier: Apache-2.0
import { describe, expect, it } from 'vitest'
import {
  desiredOf,
  type Edited,
  effectiveOf,
  NO_RUNTIME,
  NOTHING_OBSERVED,
  type Store,
} from '../../../src/daemon/store.js'
import { storeAttach, storeDetach } from '../../../src/daemon/store-interfaces.js'
import { storeReload, storeRestore } from '../../../src/daemon/store-reload.js'
import {
  storeAddReal,
  storeAddService,
  storeFlush,
  storeRemoveReal,
  storeRemoveService,
  storeSetReal,
  storeSetService,
} from '../../../src/daemon/store-services.js'
import {
  storeAddMark,
  storeRemoveMark,
  storeSetTimeouts,
  storeTune,
} from '../../../src/daemon/store-settings.js'
import { formatProblem } from '../../../src/model/describe.js'
import { serviceKey } from '../../../src/model/keys.js'
import type { Outcome } from '../../../src/model/types.js'
import { baseOf, fileService } from './given.js'

const WEB = 'tcp 192.0.2.10:80'
const DNS = 'udp 192.0.2.11:53'
const dns = { vip: '192.0.2.11', port: 53, protocol: 'udp', reals: [{ address: '192.0.2.31' }] } as const

const start: Store = { base: baseOf(), runtime: NO_RUNTIME, observed: NOTHING_OBSERVED }

function done(outcome: Outcome<Edited>): Store {
  if (!outcome.ok) throw new Error(outcome.problems.map(formatProblem).join('; '))
  return outcome.value.store
}

function said(outcome: Outcome<Edited>): string {
  return outcome.ok ? outcome.value.notices.join('; ') : outcome.problems.map(formatProblem).join('; ')
}

function weights(store: Store): Record<string, number[]> {
  return Object.fromEntries(
    effectiveOf(store).services.map((s) => [serviceKey(s), s.reals.map((r) => r.weight)]),
  )
}

describe('what was asked for at run time', () => {
  it('stands beside the file and belongs to the api', () => {
    const store = done(storeAddService(start, dns))
    expect(desiredOf(store).services.map(({ vip, owner }) => [vip, owner])).toEqual([
      ['192.0.2.10', 'file'],
      ['192.0.2.11', 'api'],
    ])
  })

  it('can be changed and removed again', () => {
    let store = done(storeAddService(start, dns))
    store = done(storeAddReal(store, DNS, { address: '192.0.2.32', weight: 5 }))
    store = done(storeSetReal(store, DNS, '192.0.2.31', { weight: 2 }))
    store = done(storeSetService(store, DNS, { scheduler: 'rr' }))
    expect(weights(store)[DNS]).toEqual([2, 5])
    store = done(storeRemoveReal(store, DNS, '192.0.2.31'))
    expect(weights(store)[DNS]).toEqual([5])
    expect(done(storeRemoveService(store, DNS))).toEqual(start)
  })

  it('never takes the place of a service of the file', () => {
    expect(storeAddService(start, { vip: '192.0.2.10', port: 80, reals: [] }).ok).toBe(false)
  })
})

describe('a service of the file', () => {
  it('is changed in the file, says the refusal', () => {
    const sentence = `${WEB} is in the file; edit the file, then: xlvs reload`
    expect(said(storeRemoveService(start, WEB))).toBe(sentence)
    expect(said(storeSetService(start, WEB, { scheduler: 'rr' }))).toBe(sentence)
    expect(said(storeAddReal(start, WEB, { address: '192.0.2.29' }))).toBe(sentence)
    expect(said(storeRemoveReal(start, WEB, '192.0.2.21'))).toBe(sentence)
    expect(said(storeSetReal(start, WEB, '192.0.2.21', { name: 'x' }))).toBe(sentence)
    expect(said(storeSetReal(start, WEB, '192.0.2.21', { weight: 1, upper: 5 }))).toBe(sentence)
    expect(said(storeFlush(start))).toBe(sentence)
  })

  it('takes a weight as an override that lasts until reload, and says so', () => {
    const outcome = storeSetReal(start, WEB, '192.0.2.21', { weight: 0 })
    expect(said(outcome)).toBe(
      'the file says weight 1: this override lasts until reload; edit the file to keep it',
    )
    const store = done(outcome)
    expect(weights(store)[WEB]).toEqual([0, 3])
    expect(desiredOf(store).services[0]?.reals[0]?.weight).toBe(1)
    expect(weights(done(storeReload(store, baseOf())))[WEB]).toEqual([1, 3])
  })

  it('forgets an override when the weight is set to what the file says', () => {
    const store = done(storeSetReal(start, WEB, '192.0.2.21', { weight: 0 }))
    expect(done(storeSetReal(store, WEB, '192.0.2.21', { weight: 1 }))).toEqual(start)
  })

  it('is judged like any other: a real server it does not have, a weight that cannot be', () => {
    expect(said(storeSetReal(start, WEB, '192.0.2.99', { weight: 1 }))).toContain('has no real 192.0.2.99')
    expect(said(storeSetReal(start, WEB, '192.0.2.21', { weight: 2_147_483_648 }))).toContain(
      'is above 2147483647',
    )
  })

  it('keeps an override over a restart, as long as the file has that real server', () => {
    const { runtime } = done(storeSetReal(start, WEB, '192.0.2.21', { weight: 0 }))
    expect(weights(storeRestore(baseOf(), runtime).store)[WEB]).toEqual([0, 3])
    const other = baseOf({ services: [fileService({ reals: [{ address: '192.0.2.22', weight: 3 }] })] })
    expect(storeRestore(other, runtime).store.runtime.overrides).toEqual([])
  })
})

describe('a reload', () => {
  it('keeps what was added at run time', () => {
    const store = done(storeAddService(start, dns))
    expect(weights(done(storeReload(store, baseOf())))[DNS]).toEqual([1])
  })

  it('lets the file take over a service that was added at run time, and says so', () => {
    const store = done(storeAddService(start, dns))
    const base = baseOf({
      services: [fileService(), fileService({ ...dns, reals: [{ address: '192.0.2.39', weight: 7 }] })],
    })
    const outcome = storeReload(store, base)
    expect(weights(done(outcome))[DNS]).toEqual([7])
    expect(said(outcome)).toBe(`${DNS} is in the file now; what was added at run time is replaced by it`)
  })
})

describe('a file that forbids what was added at run time', () => {
  // the VIP of the request is a real server in the file
  const clash = baseOf({ services: [fileService({ reals: [{ address: '192.0.2.11', weight: 1 }] })] })

  it('is refused by a reload, with the command that makes room', () => {
    const store = done(storeAddService(start, dns))
    expect(said(storeReload(store, clash))).toMatch(
      /^udp 192\.0\.2\.11:53, added at run time, does not fit the new file: .*192\.0\.2\.11.*; remove it first: xlvs remove service 192\.0\.2\.11:53 --udp$/,
    )
  })

  it('wins at a restart, which says what it left out', () => {
    const { store, notices } = storeRestore(clash, done(storeAddService(start, dns)).runtime)
    expect(store.runtime.services).toEqual([])
    expect(notices.join()).toContain('added at run time, does not fit the file and was left out')
  })
})

describe('an interface', () => {
  it('attached by request stays over reload and restart', () => {
    const store = done(storeAttach(start, { name: 'eth1', mode: 'generic' }))
    const names = (s: Store) => effectiveOf(s).interfaces.map(({ name }) => name)
    expect(names(store)).toEqual(['eth0', 'eth1'])
    expect(names(done(storeReload(store, baseOf())))).toEqual(['eth0', 'eth1'])
    expect(names(storeRestore(baseOf(), store.runtime).store)).toEqual(['eth0', 'eth1'])
    expect(names(done(storeDetach(store, 'eth1')))).toEqual(['eth0'])
  })

  it('of the file comes back with a reload after it was detached, or when it is attached again', () => {
    const outcome = storeDetach(start, 'eth0')
    expect(said(outcome)).toContain('eth0 is in the file and comes back with a reload')
    expect(effectiveOf(done(outcome)).interfaces).toEqual([])
    expect(effectiveOf(done(storeReload(done(outcome), baseOf()))).interfaces).toHaveLength(1)
    expect(done(storeAttach(done(outcome), { name: 'eth0', mode: 'native' }))).toEqual(start)
  })

  it('is not moved to another mode behind the back of its connections or its file', () => {
    const store = done(storeAttach(start, { name: 'eth1', mode: 'generic' }))
    expect(said(storeAttach(store, { name: 'eth1', mode: 'native' }))).toBe(
      'eth1 is attached in generic mode; detach it first: xlvs detach eth1',
    )
    const detached = done(storeDetach(start, 'eth0'))
    expect(said(storeAttach(detached, { name: 'eth0', mode: 'generic' }))).toContain(
      'the file says mode native',
    )
  })

  it('that is not attached cannot be detached', () => {
    expect(said(storeDetach(start, 'eth7'))).toBe('eth7 is not attached; see: xlvs show interfaces')
  })

  it('is one of all when all are detached', () => {
    const store = done(storeAttach(start, { name: 'eth1', mode: 'generic' }))
    expect(effectiveOf(done(storeDetach(store))).interfaces).toEqual([])
  })
})

describe('a flush', () => {
  it('takes every service that was added at run time, and nothing else', () => {
    const base = baseOf({ services: [] })
    let store = done(storeAddService({ base, runtime: NO_RUNTIME, observed: NOTHING_OBSERVED }, dns))
    store = done(storeAddMark(store, { vip: '192.0.2.12', ports: '80', mark: 6 }))
    const flushed = done(storeFlush(store))
    expect(desiredOf(flushed).services).toEqual([])
    expect(desiredOf(flushed).marks).toHaveLength(1)
  })

  it('is refused with a code that programs can tell, by the name of the first service of the file', () => {
    const outcome = storeFlush(done(storeAddService(start, dns)))
    expect(outcome.ok ? [] : outcome.problems).toEqual([
      { code: 'of-the-file', reason: `${WEB} is in the file`, fix: 'edit the file, then: xlvs reload' },
    ])
  })
})

describe('a service of a mark', () => {
  const marked = { mark: 6, reals: [{ address: '192.0.2.31', port: 8080 }, { address: '192.0.2.31' }] }

  it('tells its real servers apart by port too', () => {
    let store = done(storeAddService(start, marked))
    store = done(storeSetReal(store, 'fwm 6', '192.0.2.31:8080', { weight: 7 }))
    expect(weights(store)['fwm 6']).toEqual([7, 1])
    store = done(storeRemoveReal(store, 'fwm 6', '192.0.2.31:8080'))
    expect(weights(store)['fwm 6']).toEqual([1])
    expect(weights(done(storeRemoveService(store, 'fwm 6')))['fwm 6']).toBeUndefined()
  })

  it('of the file takes an override of a weight like any other', () => {
    const service = {
      mark: 6,
      family: 4,
      scheduler: 'rr',
      owner: 'file',
      reals: [
        { address: '192.0.2.31', port: 8080, weight: 1 },
        { address: '192.0.2.31', weight: 1 },
      ],
    } as const
    const store = { base: baseOf({ services: [service] }), runtime: NO_RUNTIME, observed: NOTHING_OBSERVED }
    const changed = done(storeSetReal(store, 'fwm 6', '192.0.2.31:8080', { weight: 0 }))
    expect(weights(changed)['fwm 6']).toEqual([0, 1])
    expect(weights(storeRestore(store.base, changed.runtime).store)['fwm 6']).toEqual([0, 1])
  })
})

describe('marks', () => {
  const name = { vip: '192.0.2.12', protocol: 'tcp', ports: '80,443' } as const
  const inFile = { vip: '192.0.2.12', protocol: 'tcp', ports: [[80, 80]], mark: 6, owner: 'file' } as const

  it('added by request stay over a reload and a restart, and can be taken away', () => {
    const store = done(storeAddMark(start, { ...name, mark: 6 }))
    expect(desiredOf(done(storeReload(store, baseOf()))).marks).toEqual(desiredOf(store).marks)
    expect(storeRestore(baseOf(), store.runtime).store).toEqual(store)
    expect(done(storeRemoveMark(store, name))).toEqual(start)
  })

  it('of the file are not taken away by request', () => {
    const store: Store = {
      base: baseOf({ marks: [inFile] }),
      runtime: NO_RUNTIME,
      observed: NOTHING_OBSERVED,
    }
    const outcome = storeRemoveMark(store, { ...name, ports: '80' })
    expect(said(outcome)).toContain('is in the file; edit the file, then: xlvs reload')
    expect(outcome.ok ? '' : outcome.problems[0]?.code).toBe('of-the-file')
  })

  it('that the new file contradicts are refused by a reload with the command that makes room', () => {
    const store = done(storeAddMark(start, { ...name, mark: 6 }))
    expect(said(storeReload(store, baseOf({ marks: [{ ...inFile, mark: 7 }] })))).toMatch(
      /^the mark of tcp 192\.0\.2\.12:80,443, added at run time, does not fit the new file: .*; remove it first: xlvs mark remove --vip 192\.0\.2\.12 --proto tcp --ports 80,443$/,
    )
  })

  it('that the file has too are its own from then on', () => {
    const store = done(storeAddMark(start, { ...name, mark: 6 }))
    const { runtime } = done(storeReload(store, baseOf({ marks: [inFile] })))
    expect(runtime.marks.map(({ ports }) => ports)).toEqual([[[443, 443]]])
  })
})

describe('timeouts and tunables', () => {
  it('set by request last until reload, over restarts, and say what the file says', () => {
    const timed = storeSetTimeouts(start, { tcp: 60 })
    expect(said(timed)).toBe('timeout tcp is 900 without this override, which lasts until reload')
    const store = done(storeTune(done(timed), { sloppy_tcp: 1 }))
    expect(effectiveOf(store)).toMatchObject({ timeouts: { tcp: 60, udp: 300 }, tunables: { sloppy_tcp: 1 } })
    expect(desiredOf(store)).toMatchObject({ timeouts: { tcp: 900 }, tunables: { sloppy_tcp: 0 } })
    expect(storeRestore(baseOf(), store.runtime).store).toEqual(store)
    expect(done(storeReload(store, baseOf()))).toEqual(start)
  })

  it('are forgotten when they say what the file says', () => {
    let store = done(storeTune(start, { sloppy_tcp: 1, amemthresh: 7 }))
    store = done(storeTune(store, { sloppy_tcp: 0 }))
    expect(store.runtime.tunables).toEqual({ amemthresh: 7 })
    store = done(storeSetTimeouts(store, { udp: 5 }))
    expect(done(storeTune(done(storeSetTimeouts(store, { udp: 300 })), { amemthresh: 1024 }))).toEqual(start)
  })

  it('are judged', () => {
    expect(said(storeTune(start, { drop_entry: 4 }))).toContain('is above 3')
    expect(said(storeSetTimeouts(start, { tcp: 0 }))).toContain('below 1')
  })
})
