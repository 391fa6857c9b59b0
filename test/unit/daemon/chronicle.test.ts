// SPDX-License-Identifier: Apache-2.0
// Every change of the store is told: what was, what is, and why.
import { describe, expect, it } from 'vitest'
import { capped, happened } from '../../../src/daemon/chronicle.js'
import { createHopTeller, reloadHappened, startHappened } from '../../../src/daemon/milestones.js'
import { type Edited, NO_RUNTIME, NOTHING_OBSERVED, type Store } from '../../../src/daemon/store.js'
import { storeDrain, storeUndrain } from '../../../src/daemon/store-drains.js'
import { storeAttach, storeDetach } from '../../../src/daemon/store-interfaces.js'
import { storeReload } from '../../../src/daemon/store-reload.js'
import {
  storeAddReal,
  storeAddService,
  storeRemoveReal,
  storeRemoveService,
  storeSetReal,
  storeSetService,
} from '../../../src/daemon/store-services.js'
import { storeAddMark, storeTune } from '../../../src/daemon/store-settings.js'
import type { Happening } from '../../../src/events/feed.js'
import type { Outcome } from '../../../src/model/types.js'
import { baseOf, fileService } from './given.js'

const WEB = 'tcp 192.0.2.10:80'
const ADDED = 'tcp 192.0.2.11:80'
const start: Store = { base: baseOf(), runtime: NO_RUNTIME, observed: NOTHING_OBSERVED }

function done(outcome: Outcome<Edited>): Store {
  if (!outcome.ok) throw new Error(outcome.problems.map(({ reason }) => reason).join())
  return outcome.value.store
}

/** text and reason of all that a change came to */
function told(from: Store, outcome: Outcome<Edited>): [readonly string[], Store] {
  const to = done(outcome)
  return [happened(from, to).map(({ text, reason }) => `${text} (${reason})`), to]
}

describe('a change is told', () => {
  it('of services and real servers that come, change and go', () => {
    const spec = { vip: '192.0.2.11', port: 80, reals: [{ address: '192.0.2.21' }] }
    const [added, one] = told(start, storeAddService(start, spec))
    expect(added).toEqual([`service ${ADDED} added: wlc, 1 real server (by request)`])
    const [edited, two] = told(one, storeSetService(one, ADDED, { scheduler: 'mh' }))
    expect(edited).toEqual([`service ${ADDED}: scheduler wlc -> mh (by request)`])
    const [real, three] = told(two, storeAddReal(two, ADDED, { address: '192.0.2.22', weight: 4 }))
    expect(real).toEqual([`real server 192.0.2.22 of ${ADDED} added: weight 4 (by request)`])
    const [set, four] = told(three, storeSetReal(three, ADDED, '192.0.2.22', { weight: 5, upper: 9 }))
    expect(set).toEqual([
      `weight of 192.0.2.22 of ${ADDED}: 4 -> 5 (by request)`,
      `real server 192.0.2.22 of ${ADDED}: upper none -> 9 (by request)`,
    ])
    const [gone, five] = told(four, storeRemoveReal(four, ADDED, '192.0.2.22'))
    expect(gone).toEqual([`real server 192.0.2.22 of ${ADDED} removed (by request)`])
    expect(told(five, storeRemoveService(five, ADDED))[0]).toEqual([`service ${ADDED} removed (by request)`])
  })

  it('of overrides, which a reload ends', () => {
    const [set, overridden] = told(start, storeSetReal(start, WEB, '192.0.2.22', { weight: 7 }))
    expect(set).toEqual([`weight of 192.0.2.22 of ${WEB}: 3 -> 7 (by request)`])
    const again = baseOf({ services: [fileService({ scheduler: 'mh' })] })
    expect(told(overridden, storeReload(overridden, again))[0]).toEqual([
      `service ${WEB}: scheduler wrr -> mh (the file was read again)`,
      `weight of 192.0.2.22 of ${WEB}: 7 -> 3 (the file was read again)`,
    ])
  })

  it('of drains, in each service', () => {
    const both = { ...start, base: baseOf({ services: [fileService(), fileService({ port: 81 })] }) }
    const [begun, drained] = told(both, storeDrain(both, { address: '192.0.2.21' }, 1_000))
    expect(begun).toHaveLength(2)
    expect(begun[0]).toMatch(
      /^drain of real server 192\.0\.2\.21 of tcp 192\.0\.2\.10:80 begun: until its last/,
    )
    const [again, later] = told(drained, storeDrain(drained, { address: '192.0.2.21', within: 60 }, 1_000))
    expect(again[0]).toMatch(/ changed: what is left moves at 1970-01-01T00:01:01\.000Z /)
    expect(told(later, storeUndrain(later, { address: '192.0.2.21' }, 2_000))[0]).toEqual([
      'drain of real server 192.0.2.21 of tcp 192.0.2.10:80 ended (by request)',
      'drain of real server 192.0.2.21 of tcp 192.0.2.10:81 ended (by request)',
    ])
  })

  it('of interfaces, marks and settings', () => {
    const [attached, one] = told(start, storeAttach(start, { name: 'eth1', mode: 'generic' }))
    expect(attached).toEqual(['interface eth1 attached in generic mode (by request)'])
    expect(told(one, storeDetach(one, 'eth0'))[0]).toEqual(['interface eth0 detached (by request)'])
    const rule = { vip: '192.0.2.10', protocol: 'tcp' as const, ports: [[80, 81]] as const, mark: 6 }
    expect(told(start, storeAddMark(start, rule))[0]).toEqual([
      expect.stringMatching(/^mark tcp 192\.0\.2\.10:80[-:]81 = 6 added \(by request\)$/),
    ])
    expect(told(start, storeTune(start, { sloppy_tcp: 1 }))[0]).toEqual([
      'setting: tunables.sloppy_tcp 0 -> 1 (by request)',
    ])
  })

  it('of nothing when nothing is another', () => {
    expect(happened(start, { ...start, base: baseOf() })).toEqual([])
    expect(happened(start, { ...start, observed: { ...start.observed, now: 5 } })).toEqual([])
  })

  it('once for each up to a hundred of a kind, and then how many more', () => {
    const many = Array.from(
      { length: 250 },
      (_, i): Happening => ({ kind: 'real', severity: 'warning', text: `${i}` }),
    )
    const one: Happening = { kind: 'quorum', severity: 'error', text: 'lost' }
    const told = capped([...many, one])
    expect(told).toHaveLength(102)
    expect(told).toContain(one)
    expect(told.at(-1)?.text).toBe('150 more changed; see: xlvs show health')
  })
})

describe('the daemon', () => {
  it('says at its start whether the one before was killed', () => {
    const at = { adopted: true, effective: start.base }
    expect(startHappened({ ...at, before: undefined })).toMatchObject({ severity: 'notice', to: 'adopted' })
    const before = { id: 1, at: 1, kind: 'daemon', severity: 'notice', text: '' } as const
    expect(startHappened({ ...at, before: { ...before, to: 'ended' } }).reason).toBeUndefined()
    expect(startHappened({ ...at, before: { ...before, to: 'started' } })).toMatchObject({
      severity: 'warning',
      from: 'killed',
      text: expect.stringMatching(/, services: 1, real servers: 2; the one before did not end by itself$/),
    })
  })

  it('says of a reload that was refused all that was wrong', () => {
    const problems = [{ reason: 'one' }, { reason: 'two', fix: 'mend it' }]
    expect(reloadHappened({ ok: false, problems })).toMatchObject({
      text: 'reload refused, nothing changed: one; two; mend it',
    })
  })

  it('tells of next hops what changes; that one can be reached at the start is only a line', () => {
    const events: Happening[] = []
    const lines: string[] = []
    const hop = createHopTeller(
      (event) => void events.push(event),
      (line) => void lines.push(line),
    )
    const up = { address: '192.0.2.21', state: 'up', interface: 'eth0', mac: '02:00:00:00:00:21' } as const
    hop(up)
    expect([lines.length, events.length]).toEqual([1, 0])
    hop({ address: '192.0.2.21', state: 'unresolved', why: 'no route' })
    hop(up)
    hop({ ...up, mac: '02:00:00:00:00:22' })
    hop({ address: '192.0.2.22', state: 'unresolved', why: 'no route' })
    expect(events.map(({ from, to, reason }) => [from, to, reason])).toEqual([
      ['up', 'unresolved', 'no route'],
      ['unresolved', 'up', undefined],
      ['up through eth0 02:00:00:00:00:21', 'up through eth0 02:00:00:00:00:22', undefined],
      ['unknown', 'unresolved', 'no route'],
    ])
  })
})
