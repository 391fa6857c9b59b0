// SPDX-License-Identifier: Apache-2.0
// Health checking in requests: defaults filled in, edits of the whole, and refusals that name the value.
import { describe, expect, it } from 'vitest'
import * as change from '../../../src/model/change.js'
import { briefCheck, completeCheck } from '../../../src/model/check-specs.js'
import { checksText, healthText } from '../../../src/model/check-text.js'
import { DEFAULT_HEALTH, DEFAULT_PASSIVE, DEFAULT_TIMING } from '../../../src/model/checks.js'
import { formatProblems } from '../../../src/model/describe.js'
import { readRealEdit, readServiceEdit, readServiceSpec } from '../../../src/model/request.js'
import {
  DEFAULT_LIMITS,
  DEFAULT_TIMEOUTS,
  DEFAULT_TUNABLES,
  type Desired,
  type Outcome,
  type Service,
} from '../../../src/model/types.js'

const EMPTY: Desired = {
  interfaces: [],
  services: [],
  peers: [],
  marks: [],
  timeouts: DEFAULT_TIMEOUTS,
  tunables: DEFAULT_TUNABLES,
  limits: DEFAULT_LIMITS,
}
const WEB = 'tcp 192.0.2.10:80'
const OF = { vip: '192.0.2.10', port: 80, protocol: 'tcp' } as const
const TCP = { kind: 'tcp', ...DEFAULT_TIMING, via: 'vip' }

function done<T>(outcome: Outcome<T>): T {
  if (!outcome.ok) throw new Error(formatProblems(outcome.problems))
  return outcome.value
}

/** As the socket does it: the body's shape, then the change. */
function added(more: object): Outcome<Desired> {
  const spec = readServiceSpec({ ...OF, reals: [{ address: '192.0.2.21' }], ...more })
  return spec.ok ? change.addService(EMPTY, spec.value) : spec
}

function edited(desired: Desired, body: object): Outcome<Desired> {
  const edit = readServiceEdit(body)
  return edit.ok ? change.setService(desired, WEB, edit.value) : edit
}

function editedReal(desired: Desired, body: object): Outcome<Desired> {
  const edit = readRealEdit(body)
  return edit.ok ? change.setReal(desired, WEB, '192.0.2.21', edit.value) : edit
}

const first = (outcome: Outcome<Desired>) => done(outcome).services[0] as Service
const said = (outcome: Outcome<Desired>) => (outcome.ok ? 'accepted' : formatProblems(outcome.problems))

describe('a service that is asked for', () => {
  it('has its checks and its health with every default filled in', () => {
    const service = first(
      added({
        checks: [{ kind: 'tcp' }, { kind: 'grpc', tls: false }],
        health: { alpha: true, passive: true },
      }),
    )
    expect(service.checks).toEqual([TCP, { ...TCP, kind: 'grpc', service: '' }])
    expect(service.health).toEqual({ ...DEFAULT_HEALTH, alpha: true, passive: DEFAULT_PASSIVE })
  })

  it('without any has none', () => {
    expect(first(added({ checks: [] }))).not.toHaveProperty('checks')
    expect(first(added({}))).not.toHaveProperty('health')
  })

  it.each<[object, string]>([
    [{ checks: 'tcp' }, 'checks: checks is the text "tcp"; send a list'],
    [{ checks: ['tcp'] }, 'checks[0]: check is the text "tcp"; send a JSON object like {"kind": "tcp"}'],
    [{ health: [] }, 'health: health is a list; send a map'],
    [
      { checks: [{ kind: 'ping' }] },
      'checks[0].kind: unknown check "ping"; use tcp, http, https, tls, dns, udp, icmp, grpc or script',
    ],
    [{ checks: [{ kind: 'tcp', prot: 1 }] }, 'checks[0]: unknown key "prot" of tcp check; write port'],
    [
      { checks: [{ kind: 'tcp', interval: '2s' }] },
      'checks[0].interval: interval is the text "2s", not a time; use 0.1..86400 seconds',
    ],
    [
      { checks: [{ kind: 'tcp', via: 'vip', address: '192.0.2.9' }] },
      'checks[0].address: a question that goes by way of the VIP cannot go to another host; write via: real, or leave the address out',
    ],
    [
      { checks: [{ kind: 'script', command: ['check'], via: 'real' }] },
      'checks[0].command[0]: program "check" is not an absolute path; begin with /',
    ],
    [
      { checks: [{ kind: 'script', command: ['/a'], via: 'vip' }] },
      'checks[0].via: a script finds its own way, not by the VIP; write via: real',
    ],
    [{ checks: [{ kind: 'icmp', port: 80 }] }, 'checks[0].port: ICMP has no ports; leave it out'],
    [
      { checks: [{ kind: 'http', asks: [{ path: '/', body: { contains: 'a', matches: 'b' } }] }] },
      'checks[0].asks[0].body: body has to contain and to match; keep one of them',
    ],
    [
      { checks: [{ kind: 'http', asks: [{ path: '/', status: [[299, 200]] }] }] },
      'checks[0].asks[0].status[0]: range 299-200 ends before it begins; write 200-299',
    ],
    [
      { checks: [{ kind: 'http', headers: { 'A b': '1' } }] },
      'checks[0].headers.A b: header "A b" is not the name of a header; write it like X-Check',
    ],
    [
      { checks: [{ kind: 'http', headers: { a: '1', A: '2' } }] },
      'checks[0].headers.A: header "A" is there twice; keep one of them',
    ],
    [{ health: { quorum: 0 } }, 'health.quorum: quorum 0 is below 1; use 1..4294967295'],
    [
      { health: { sorry: { address: '192.0.2.21' } } },
      'health.sorry: sorry server 192.0.2.21 is a real server of the service too; name another server',
    ],
    [
      { health: { sorry: { address: '192.0.2.10' } } },
      "tcp 192.0.2.10:80: real 192.0.2.10 is also a VIP; use the real server's own address; a VIP would lead its packets back to the director",
    ],
    [{ health: { notify: { up: [] } } }, 'health.notify.up: up is an empty list; give at least one'],
    [
      { reals: [{ address: '192.0.2.21', onDown: 'drop' }] },
      'reals[0].onDown: unknown on-down "drop"; use quiesce or remove',
    ],
  ])('%j is refused', (more, sentence) => expect(said(added(more))).toBe(sentence))
})

describe('an edit', () => {
  const web = done(added({ checks: [{ kind: 'tcp' }], health: { quorum: 2, alpha: true } }))

  it('gives all checks and all of the policy anew; null takes them away', () => {
    const next = first(edited(web, { checks: [{ kind: 'icmp' }], health: { failOpen: true } }))
    expect(next.checks).toEqual([{ ...TCP, kind: 'icmp' }])
    expect(next.health).toEqual({ ...DEFAULT_HEALTH, failOpen: true })
    const bare = first(edited(web, { checks: null, health: null }))
    expect([bare.checks, bare.health]).toEqual([undefined, undefined])
    expect(first(edited(web, { scheduler: 'rr' })).checks).toEqual([TCP])
  })

  it('of a real server has its own checks, none of them, or those of the service', () => {
    const next = done(
      editedReal(web, { checks: [], passive: false, onDown: 'remove', notify: { up: ['/a'] } }),
    )
    expect(next.services[0]?.reals).toEqual([
      {
        address: '192.0.2.21',
        weight: 1,
        checks: [],
        passive: false,
        onDown: 'remove',
        notify: { up: ['/a'] },
      },
    ])
    const back = done(editedReal(next, { checks: null, passive: true, onDown: null, notify: null }))
    expect(back.services[0]?.reals).toEqual([{ address: '192.0.2.21', weight: 1 }])
  })

  it('is refused when it does not fit what is there', () => {
    expect(said(edited(web, { health: { sorry: { address: '192.0.2.21' } } }))).toContain('is a real server')
    expect(said(edited(web, { health: { sorry: { address: '192.0.2.10' } } }))).toContain('is also a VIP')
    expect(said(editedReal(web, { checks: [{ kind: 'tcp', bind: '2001:db8::1' }] }))).toContain('is IPv6')
    const sorry = done(edited(web, { health: { sorry: { address: '192.0.2.99' } } }))
    const clash = change.addService(sorry, { vip: '192.0.2.99', port: 80 })
    expect(said(clash)).toContain('real 192.0.2.99 is also a VIP')
    const mark = change.addMark(sorry, { vip: '192.0.2.99', ports: '80', mark: 6 })
    expect(mark.ok ? 'accepted' : formatProblems(mark.problems)).toContain('real 192.0.2.99 is also a VIP')
  })
})

describe('a check in few words', () => {
  it('says only what is not the default, and stands for the same', () => {
    const whole = completeCheck({ kind: 'http', asks: [{ path: '/a' }], interval: 5 }, OF)
    expect(briefCheck(whole, OF)).toEqual({ kind: 'http', asks: [{ path: '/a' }], interval: 5 })
    expect(completeCheck(briefCheck(whole, OF), OF)).toEqual(whole)
  })

  it('as text is harmless to a terminal', () => {
    const check = completeCheck({ kind: 'script', command: ['/a', '\u202e'] }, OF)
    expect(checksText([check])).toBe('script command=["/a","\\u202e"]')
    expect(healthText({ ...DEFAULT_HEALTH, quorum: 2, failOpen: true })).toBe('fail-open=true quorum=2')
    expect(healthText(DEFAULT_HEALTH)).toBe('')
  })
})
