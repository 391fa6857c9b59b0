// SPDX-License-Identifier: Apache-2.0
// Every step of a packet's way has its sentence.
import { describe, expect, it } from 'vitest'
import { type Scene, stepsOf } from '../../../src/daemon/explain-steps.js'
import { NO_STANDINGS } from '../../../src/daemon/standings.js'
import type { Placed, Told, ToldFlow } from '../../../src/datapath/told.js'
import type { SchedulerName } from '../../../src/model/types.js'
import type { ActualReal, ActualService } from '../../../src/plan/actual.js'

const REAL: ActualReal = {
  ...{ id: 1, address: '192.0.2.22', port: 80, service: 1, weight: 3, lastWeight: 3, upper: 0, lower: 0 },
  ...{ overloaded: false, order: 1, nexthop: 1, state: 'linked', referenced: true, trashSince: 0 },
}
const serviceBy = (scheduler: SchedulerName): ActualService => ({
  ...{ id: 1, key: 'tcp 192.0.2.10:80', vipId: 1, match: { vip: '192.0.2.10', port: 80, protocol: 'tcp' } },
  ...{ scheduler, generation: 1, listed: true, stale: false, reals: [REAL], trash: [] },
})
const SERVICE = serviceBy('wrr')
const TO: Placed = { service: SERVICE, real: REAL }
const FLOW: ToldFlow = {
  client: '198.51.100.7',
  clientPort: 40_000,
  port: 80,
  l4: 6,
  protocol: 'tcp',
  tcpFlags: 2,
  fragment: 'no',
  about: 'own',
}
const TOLD: Told = {
  action: 'tx',
  reason: 'forward_new',
  frame: Uint8Array.from([2, 0, 0, 0, 0, 0x22, 2, 0, 0, 0, 0, 0xfe, 0x81, 0, 0, 7, 8, 0]),
  vip: '192.0.2.10',
  flow: FLOW,
  service: SERVICE,
  choice: { to: TO, byHash: false, near: false, pick: 16, of: 60 },
  real: TO,
  load: () => ({ active: 12, inactive: 4 }),
}
const HOP = {
  kind: 'ethernet',
  destination: '02:00:00:00:00:22',
  source: '02:00:00:00:00:fe',
  ifindex: 2,
  vlan: [7],
  mtu: 1500,
} as const
const SCENE: Scene = {
  told: TOLD,
  attachment: {
    interface: 'eth0',
    ifindex: 2,
    mac: '02:00:00:00:00:fe',
    mode: 'native',
    slot: 0,
    linkId: 1,
    programId: 1,
  },
  notes: [],
  standings: NO_STANDINGS,
  nextHop: (address) => ({
    address,
    state: 'unresolved',
    why: `neighbour ${address} does not answer on eth0`,
  }),
  interfaceName: (index) => `if${index}`,
  runnerUp: { real: 'tcp 192.0.2.10:80 > 192.0.2.21' },
  bytes: 54,
}
const say = (step: string, told: Partial<Told> = {}, scene: Partial<Scene> = {}) =>
  stepsOf({ ...SCENE, ...scene, told: { ...TOLD, ...told } }).find((one) => one.step === step)?.text
const CONN = {
  state: 'ESTABLISHED',
  to: TO,
  expiresIn: 812,
  expired: false,
  givesWay: false,
  controlled: false,
}
const choice = (rest: Partial<NonNullable<Told['choice']>>) => ({
  ...(TOLD.choice as NonNullable<Told['choice']>),
  ...rest,
})

describe('the steps', () => {
  it('stand in the order of the datapath, and those it did not come to are left out', () => {
    const steps = ['interface', 'packet', 'vip', 'connection', 'service', 'scheduler', 'real', 'verdict']
    expect(stepsOf(SCENE).map(({ step }) => step)).toEqual(steps)
    const { vip, flow, service, choice: chosen, real, ...rest } = TOLD
    const none = { ...rest, reason: 'pass_not_ip', action: 'pass' } as const
    expect([vip, flow, service, chosen, real].every(Boolean)).toBe(true)
    expect(stepsOf({ ...SCENE, told: none }).map(({ step }) => step)).toEqual([
      'interface',
      'packet',
      'verdict',
    ])
  })

  it('tell the packet and what of it is not as it came', () => {
    expect(say('packet', {}, { notes: ['made up'] })).toBe(
      'tcp SYN 198.51.100.7:40000 -> 192.0.2.10:80, 54 bytes; made up',
    )
    expect(say('packet', { flow: { ...FLOW, about: 'icmp' } })).toMatch(/^ICMP error about tcp /)
    expect(say('packet', { flow: { ...FLOW, fragment: 'later', l4: 17 } })).toBe(
      'later fragment of IP protocol 17 198.51.100.7 -> 192.0.2.10, 54 bytes',
    )
  })

  it('tell the connection, and whether it counts', () => {
    expect(say('connection')).toBe('no connection of 198.51.100.7:40000 with 192.0.2.10:80')
    expect(say('connection', { conn: CONN })).toBe('ESTABLISHED to 192.0.2.22, expires in 812 s')
    expect(say('connection', { conn: { ...CONN, expired: true } })).toMatch(
      /; its time is over, so it is as if/,
    )
    expect(say('connection', { conn: { ...CONN, givesWay: true } })).toMatch(
      /does not follow it but chooses anew$/,
    )
  })

  it.each<[SchedulerName, string]>([
    ['wrr', 'wrr: pick 17 of 60'],
    ['sh', 'sh: slot 16 of 60'],
    ['wlc', 'wlc: the lowest score'],
    ['lblc', 'lblc: the lowest score'],
    ['fo', 'fo: the heaviest that is usable'],
    ['twos', 'twos: two draws by weight, the less loaded of them; a packet draws anew'],
  ])('tell how %s chose', (scheduler, how) => {
    expect(say('scheduler', { service: serviceBy(scheduler) })).toBe(
      `${how} -> 192.0.2.22; without it 192.0.2.21`,
    )
  })

  it('tell when the scheduler had nobody, was not free to choose, or has no second', () => {
    const { to, ...nobody } = choice({})
    expect(to).toBeDefined()
    expect(say('scheduler', { choice: nobody })).toBe('wrr: no real server is usable')
    expect(say('scheduler', { choice: choice({ byHash: true }) })).toMatch(
      /^no room in the connection table, so by a/,
    )
    expect(say('scheduler', {}, { runnerUp: {} })).toBe('wrr: pick 17 of 60 -> 192.0.2.22; without it nobody')
    expect(say('scheduler', {}, { runnerUp: undefined })).toBe('wrr: pick 17 of 60 -> 192.0.2.22')
    const near = { service: serviceBy('lblcr'), choice: choice({ near: true }) }
    expect(say('scheduler', near)).toMatch(/^lblcr: remembered for 192\.0\.2\.10 -> /)
  })

  it('tell the template of a persistent service', () => {
    const template = { found: 'used', to: TO, timeout: 300, expiresIn: 120 } as const
    expect(say('template', { template })).toBe('template of 300 s to 192.0.2.22, expires in 120 s')
    expect(say('template', { template: { ...template, expiresIn: -1 } })).toMatch(/held by its connections$/)
    expect(say('template', { template: { ...template, found: 'invalid' } })).toMatch(/takes nothing new$/)
    expect(say('template', { template: { found: 'none', timeout: 0, expiresIn: 0 } })).toBe(
      'no template of this client',
    )
  })

  it('tell the real server and its next hop', () => {
    expect(say('real')).toBe('192.0.2.22: weight 3, 12 active and 4 inactive connections')
    expect(say('nexthop', { hop: HOP })).toBe('02:00:00:00:00:22 on if2, VLAN 7, MTU 1500')
    expect(say('nexthop', { hop: { ...HOP, kind: 'unresolved' } })).toBe(
      'unresolved: neighbour 192.0.2.22 does not answer on eth0',
    )
    expect(say('nexthop', { hop: { ...HOP, kind: 'local' } })).toBe('this host itself')
  })

  it('end with the MACs and VLANs written, or with what the reason means', () => {
    expect(say('verdict')).toBe('forward_new, XDP_TX: from 02:00:00:00:00:fe to 02:00:00:00:00:22, VLAN 7')
    expect(say('verdict', { action: 'drop', reason: 'drop_nexthop' })).toMatch(
      /^drop_nexthop, XDP_DROP: the real server's next hop is not resolved; the client: /,
    )
  })
})
