// SPDX-License-Identifier: Apache-2.0
// Edits at run time: what they give, what they refuse, and that nothing else moves.
import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import * as change from '../../../src/model/change.js'
import { formatProblems } from '../../../src/model/describe.js'
import { serviceKey } from '../../../src/model/keys.js'
import {
  DEFAULT_LIMITS,
  DEFAULT_TIMEOUTS,
  DEFAULT_TUNABLES,
  type Desired,
  type Outcome,
} from '../../../src/model/types.js'
import { validateDesired } from '../../../src/model/validate.js'
import { desired } from '../config/arbitrary.js'

const EMPTY: Desired = {
  interfaces: [],
  services: [],
  peers: [],
  marks: [],
  timeouts: DEFAULT_TIMEOUTS,
  tunables: DEFAULT_TUNABLES,
  limits: { ...DEFAULT_LIMITS, services: 2, reals: 3 },
}
const VIP = '192.0.2.10'
const WEB = 'tcp 192.0.2.10:80'

function done(outcome: Outcome<Desired>): Desired {
  if (!outcome.ok) throw new Error(formatProblems(outcome.problems))
  return outcome.value
}

function said(outcome: Outcome<Desired>): string {
  return outcome.ok ? 'accepted' : formatProblems(outcome.problems)
}

const web = done(
  change.addService(EMPTY, {
    vip: '192.0.2.10',
    port: 80,
    reals: [{ address: '192.0.2.21' }, { address: '192.0.2.22', weight: 3 }],
  }),
)

describe('adding a service', () => {
  it('fills in the defaults and makes it the property of the run time', () => {
    expect(web.services).toEqual([
      {
        vip: '192.0.2.10',
        port: 80,
        protocol: 'tcp',
        scheduler: 'wlc',
        owner: 'api',
        reals: [
          { address: '192.0.2.21', weight: 1 },
          { address: '192.0.2.22', weight: 3 },
        ],
      },
    ])
  })

  it('puts it last, with canonical addresses and a persistence that fits the family', () => {
    const both = done(
      change.addService(web, {
        vip: '2001:DB8:0::1',
        port: 53,
        protocol: 'udp',
        persistence: { timeout: 60 },
        reals: [{ address: '2001:db8::0:2', name: 'ns' }],
      }),
    )
    expect(both.services[0]).toBe(web.services[0])
    expect(both.services[1]).toMatchObject({
      vip: '2001:db8::1',
      persistence: { timeout: 60, prefix: 128 },
      reals: [{ address: '2001:db8::2', weight: 1, name: 'ns' }],
    })
  })

  it('takes a netmask, and knows when it is a plain prefix', () => {
    const stay = (mask: string) =>
      done(change.addService(EMPTY, { vip: '192.0.2.1', port: 1, persistence: { timeout: 9, mask } }))
        .services[0]?.persistence
    expect(stay('255.255.255.0')).toEqual({ timeout: 9, prefix: 24 })
    expect(stay('255.0.255.0')).toEqual({ timeout: 9, prefix: 16, mask: '255.0.255.0' })
  })

  it.each([
    [
      { vip: '192.0.2.10', port: 80 },
      `${WEB}: service ${WEB} exists already; change it with \`xlvs set service\`, or see \`xlvs show services\``,
    ],
    [
      { vip: '192.0.2.21', port: 80 },
      "tcp 192.0.2.21:80: real 192.0.2.21 is also a VIP; use the real server's own address; a VIP would lead its packets back to the director",
    ],
    [
      { vip: '192.0.2.11', port: 80, reals: [{ address: '192.0.2.10' }] },
      "tcp 192.0.2.11:80: real 192.0.2.10 is also a VIP; use the real server's own address; a VIP would lead its packets back to the director",
    ],
    [
      { vip: '192.0.2.11', port: 80, reals: [{ address: '192.0.2.11' }] },
      "tcp 192.0.2.11:80: real 192.0.2.11 is also a VIP; use the real server's own address; a VIP would lead its packets back to the director",
    ],
    [
      { vip: '192.0.2.11', port: 80, reals: [{ address: '192.0.2.31' }, { address: '192.0.2.32' }] },
      'tcp 192.0.2.11:80: limits.reals 3 is reached; raise limits.reals in the file and start the daemon again, or remove some',
    ],
    [
      { vip: '127.0.0.1', port: 0 },
      'vip: VIP 127.0.0.1 is a loopback address; use the unicast address of one host\nvip: port 0 stands for all ports, which only a persistent service can have; give persistence, or one port',
    ],
    [
      { vip: '192.0.2.11', port: 80, persistence: { timeout: 0, prefix: 33 } },
      'persistence: persistence timeout 0 is below 1; use 1..2678400\npersistence: IPv4 prefix 33 is above 32; use 1..32',
    ],
  ] as const)('refuses %j', (spec, expected) => {
    const before = structuredClone(web)
    expect(said(change.addService(web, spec))).toBe(expected)
    expect(web).toEqual(before)
  })

  it('is refused when the limits are reached', () => {
    const full = done(change.addService(web, { vip: '192.0.2.11', port: 80 }))
    expect(said(change.addService(full, { vip: '192.0.2.12', port: 80 }))).toBe(
      'tcp 192.0.2.12:80: limits.services 2 is reached; raise limits.services in the file and start the daemon again, or remove some',
    )
  })
})

describe('setting a service', () => {
  it('changes only what is given, null takes away, and the real servers stay the same objects', () => {
    const named = done(
      change.setService(web, WEB, { scheduler: 'sh', persistence: { timeout: 300 }, name: 'web' }),
    )
    expect(named.services[0]).toMatchObject({
      scheduler: 'sh',
      persistence: { timeout: 300, prefix: 32 },
      name: 'web',
    })
    expect(named.services[0]?.reals).toBe(web.services[0]?.reals)
    const plain = done(change.setService(named, WEB, { persistence: null, name: null }))
    expect(plain.services).toEqual([{ ...web.services[0], scheduler: 'sh' }])
  })

  it('never moves it to another address, whatever else the edit holds', () => {
    const edit = { vip: '192.0.2.99', reals: [], owner: 'file', scheduler: 'rr' } as change.ServiceEdit
    expect(done(change.setService(web, WEB, edit)).services).toEqual([
      { ...web.services[0], scheduler: 'rr' },
    ])
  })

  it.each([
    [
      'tcp 192.0.2.99:80',
      {},
      'tcp 192.0.2.99:80: there is no service "tcp 192.0.2.99:80"; see `xlvs show services`, or add it with `xlvs add service`',
    ],
    [
      'udp 192.0.2.10:80',
      {},
      'udp 192.0.2.10:80: there is no service "udp 192.0.2.10:80"; see `xlvs show services`, or add it with `xlvs add service`',
    ],
    [
      WEB,
      { scheduler: 'lcr' as never },
      'scheduler: unknown scheduler "lcr"; use rr, wrr, lc, wlc, lblc, lblcr, dh, sh, sed, nq, fo, ovf, mh, twos or none',
    ],
    [
      WEB,
      { persistence: { timeout: 1, mask: '0.0.0.0' } },
      'persistence: netmask 0.0.0.0 would make all clients one; use 128.0.0.0 or narrower',
    ],
    ['web', {}, 'VIP "web" is a name; names are not looked up; write it like 192.0.2.10 or 2001:db8::1'],
  ])('refuses %s %j', (name, edit, expected) =>
    expect(said(change.setService(web, name, edit))).toBe(expected),
  )
})

describe('real servers', () => {
  it('are added last, re-weighted in place, and removed without moving the others', () => {
    const three = done(change.addReal(web, WEB, { address: '192.0.2.20', weight: 0 }))
    const order = (of: Desired) => of.services[0]?.reals.map((real) => `${real.address}=${real.weight}`)
    expect(order(three)).toEqual(['192.0.2.21=1', '192.0.2.22=3', '192.0.2.20=0'])
    const changed = done(change.setReal(three, WEB, '192.0.2.22', { weight: 7, name: 'b' }))
    expect(order(changed)).toEqual(['192.0.2.21=1', '192.0.2.22=7', '192.0.2.20=0'])
    expect(changed.services[0]?.reals[1]?.name).toBe('b')
    expect(order(done(change.removeReal(changed, WEB, '192.0.2.22')))).toEqual([
      '192.0.2.21=1',
      '192.0.2.20=0',
    ])
  })

  it('are found by any spelling of service and address', () => {
    const id = { protocol: 'tcp', vip: '192.0.2.10', port: 80 } as const
    expect(said(change.setReal(web, id, '192.0.2.21', { weight: 2 }))).toBe('accepted')
    expect(said(change.setReal(web, '192.0.2.10:80', '192.0.2.21:80', { weight: 2 }))).toBe('accepted')
  })

  it.each([
    [
      () => change.addReal(web, WEB, { address: '192.0.2.21' }),
      `${WEB} > 192.0.2.21: real 192.0.2.21 is in ${WEB} already; change it with \`xlvs set real\``,
    ],
    [
      () => change.addReal(web, WEB, { address: '2001:db8::1' }),
      `${WEB} > 2001:db8::1: real 2001:db8::1 is IPv6 but VIP 192.0.2.10 is IPv4; direct routing cannot translate; use an IPv4 address of the real server`,
    ],
    [
      () => change.addReal(web, WEB, { address: '192.0.2.10' }),
      `${WEB} > 192.0.2.10: real 192.0.2.10 is also a VIP; use the real server's own address; a VIP would lead its packets back to the director`,
    ],
    [
      () => change.addReal(web, WEB, { address: '192.0.2.23', weight: 2_147_483_648 }),
      'weight: weight 2147483648 is above 2147483647; use 0..2147483647',
    ],
    [
      () => change.addReal(web, WEB, { address: 'x' }),
      'address: real "x" is a name; names are not looked up; write it like 192.0.2.10 or 2001:db8::1',
    ],
    [
      () => change.setReal(web, WEB, '192.0.2.29', { weight: 1 }),
      `${WEB} > 192.0.2.29: ${WEB} has no real 192.0.2.29; see \`xlvs show reals\`, or add it with \`xlvs add real\``,
    ],
    [
      () => change.setReal(web, WEB, '192.0.2.21:81', { weight: 1 }),
      'real 192.0.2.21 has port 81 but the service has 80; direct routing cannot change ports; write 192.0.2.21 and let the real server listen on 80',
    ],
    [
      () => change.setReal(web, WEB, '192.0.2.21', { weight: -1 }),
      'weight: weight -1 is below 0; use 0..2147483647',
    ],
    [
      () => change.removeReal(web, WEB, '192.0.2.29'),
      `${WEB} > 192.0.2.29: ${WEB} has no real 192.0.2.29; see \`xlvs show reals\`, or add it with \`xlvs add real\``,
    ],
    [
      () => change.removeReal(web, 'tcp 192.0.2.9:1', '192.0.2.29'),
      'tcp 192.0.2.9:1: there is no service "tcp 192.0.2.9:1"; see `xlvs show services`, or add it with `xlvs add service`',
    ],
  ])('refuse %s', (edit, expected) => expect(said(edit())).toBe(expected))

  it('are 4096 in a service at most', () => {
    const reals = Array.from({ length: 4_096 }, (_, i) => ({
      address: `10.0.${i >> 8}.${i & 255}`,
      weight: 1,
    }))
    const full = {
      ...web,
      limits: DEFAULT_LIMITS,
      services: web.services.map((service) => ({ ...service, reals })),
    }
    expect(said(change.addReal(full, WEB, { address: '10.1.0.0' }))).toContain(
      'the service has 4096 reals already',
    )
    const over = { vip: '192.0.2.11', port: 80, reals: [...reals, { address: '10.1.0.0' }] }
    expect(said(change.addService({ ...EMPTY, limits: DEFAULT_LIMITS }, over))).toContain(
      '4097 reals, more than 4096',
    )
  })
})

it('removing a service leaves the others as they are', () => {
  const two = done(change.addService(web, { vip: '192.0.2.11', port: 80 }))
  expect(done(change.removeService(two, WEB)).services).toEqual([two.services[1]])
  expect(said(change.removeService(two, 'tcp 192.0.2.9:80'))).toContain('there is no service')
})

describe('what IPVS knows of a service', () => {
  const only = (desired: Desired) => desired.services[0]
  const set = (edit: change.ServiceEdit, of = web) => change.setService(of, WEB, edit)

  it('flags belong to their scheduler: another one begins without, unless it is given some', () => {
    const sh = done(set({ scheduler: 'sh', flags: [2, 1, 2] }))
    expect(only(sh)).toMatchObject({ scheduler: 'sh', flags: [1, 2] })
    expect(only(done(set({ scheduler: 'sh', name: 'x' }, sh)))?.flags).toEqual([1, 2])
    expect(only(done(set({ scheduler: 'mh' }, sh)))).not.toHaveProperty('flags')
    expect(only(done(set({ scheduler: 'mh', flags: [2] }, sh)))?.flags).toEqual([2])
    expect(only(done(set({ flags: null }, sh)))).not.toHaveProperty('flags')
    expect(only(done(set({ flags: [] }, sh)))).not.toHaveProperty('flags')
    expect(said(set({ flags: [4 as never] }))).toBe(
      'flags: scheduler flag is the number 4; use 1, 2 or 3, ascending and each once',
    )
  })

  it('one-packet is for UDP', () => {
    const dns = done(change.addService(EMPTY, { vip: VIP, port: 53, protocol: 'udp', onePacket: true }))
    expect(only(dns)?.onePacket).toBe(true)
    const off = done(change.setService(dns, 'udp 192.0.2.10:53', { onePacket: false }))
    expect(only(off)).not.toHaveProperty('onePacket')
    expect(said(set({ onePacket: true }))).toBe(
      'onePacket: one-packet scheduling is for UDP and for marks, not for tcp; leave it out, or use protocol udp',
    )
  })

  it('port 0 is for persistent services, and they cannot stop being persistent', () => {
    const all = done(change.addService(EMPTY, { vip: VIP, port: 0, persistence: { timeout: 60 } }))
    const wrong =
      'vip: port 0 stands for all ports, which only a persistent service can have; give persistence, or one port'
    expect(said(change.addService(EMPTY, { vip: VIP, port: 0 }))).toBe(wrong)
    expect(said(change.setService(all, 'tcp 192.0.2.10:0', { persistence: null }))).toBe(wrong)
    expect(said(change.setService(all, 'tcp 192.0.2.10:0', { scheduler: 'dh' }))).toBe('accepted')
  })

  it('thresholds are a pair: 0 and null are none, and the lower one goes with the upper one', () => {
    const real = (edit: change.RealEdit, of = web) => change.setReal(of, WEB, '192.0.2.21', edit)
    const both = done(real({ upper: 10, lower: 4 }))
    expect(only(both)?.reals[0]).toEqual({ address: '192.0.2.21', weight: 1, upper: 10, lower: 4 })
    expect(only(done(real({ lower: 0 }, both)))?.reals[0]).not.toHaveProperty('lower')
    for (const upper of [0, null])
      expect(only(done(real({ upper }, both)))?.reals[0]).toEqual({ address: '192.0.2.21', weight: 1 })
    const spec = { address: '192.0.2.23', upper: 0, lower: 0, port: 80 }
    expect(only(done(change.addReal(web, WEB, spec)))?.reals[2]).toEqual({ address: '192.0.2.23', weight: 1 })
    expect(said(real({ upper: 3 }, both))).toBe(
      'lower: lower threshold 4 is above upper threshold 3; use 0..3, or raise upper',
    )
  })

  it.each([
    [() => change.addService(web, { vip: VIP, port: 80 }), 'service-exists'],
    [() => change.setService(web, 'tcp 192.0.2.9:1', {}), 'no-service'],
    [() => change.addReal(web, WEB, { address: '192.0.2.21' }), 'real-exists'],
    [() => change.removeReal(web, WEB, '192.0.2.29'), 'no-real'],
    [() => change.addReal(web, WEB, { address: '192.0.2.29', lower: 1 }), 'range'],
    [() => change.setReal(web, WEB, '192.0.2.21', { weight: -1 }), 'range'],
    [() => change.setReal(web, WEB, '192.0.2.21', { upper: 3, lower: 4 }), 'range'],
  ])('refusals that programs must tell apart have a code: %#', (edit, code) => {
    const outcome = edit()
    expect(outcome.ok ? [] : outcome.problems.map((problem) => problem.code)).toEqual([code])
  })

  it('time-outs and tunables change by name', () => {
    const changed = done(change.tune(done(change.setTimeouts(web, { tcpfin: 30 })), { secure_tcp: 3 }))
    expect(changed.timeouts).toEqual({ ...DEFAULT_TIMEOUTS, tcpfin: 30 })
    expect(changed.tunables).toEqual({ ...DEFAULT_TUNABLES, secure_tcp: 3 })
    expect(said(change.setTimeouts(web, { udp: 0 }))).toBe(
      'timeouts.udp: timeout udp 0 is below 1; use 1..2678400',
    )
    expect(said(change.tune(web, { secure_tcp: 9 }))).toBe('secure_tcp: secure_tcp 9 is above 3; use 0..3')
  })
})

it('whatever is accepted is valid, and what was there before is untouched', () => {
  const pick = fc.constantFrom('192.0.2.1', '10.0.0.1', '2001:db8::5', '127.0.0.1', 'x')
  fc.assert(
    fc.property(
      desired,
      fc.nat(),
      pick,
      fc.oneof(fc.integer({ min: -1, max: 65_536 }), fc.integer({ min: 0, max: 3 })),
      (config, n, address, number) => {
        const before = structuredClone(config)
        const at = config.services[n % (config.services.length || 1)]
        const key = at ? serviceKey(at) : WEB
        const real = at?.reals[n % (at.reals.length || 1)]?.address ?? address
        const outcomes = [
          change.addService(config, { vip: address, port: number, reals: [{ address: real }] }),
          change.addReal(config, key, { address, weight: number }),
          change.setReal(config, key, real, { weight: number }),
          change.setReal(config, key, real, { upper: number }),
          change.setService(config, key, { scheduler: 'mh', flags: [3], onePacket: true }),
          change.setService(config, key, { persistence: null }),
          change.addMark(config, { vip: address, ports: String(number), mark: number }),
          change.removeMark(config, { vip: address, ports: String(number) }),
          change.removeReal(config, key, real),
          change.setService(config, key, { persistence: { timeout: number } }),
          change.removeService(config, key),
        ]
        for (const outcome of outcomes) if (outcome.ok) expect(validateDesired(outcome.value)).toEqual([])
        expect(config).toEqual(before)
      },
    ),
    { numRuns: 300 },
  )
})
