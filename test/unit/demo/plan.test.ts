// SPDX-License-Identifier: Apache-2.0
import { describe, expect, it } from 'vitest'
import { type HostPlan, planLab } from '../../../src/demo/lab/plan.js'
import { hostScript, linkBatch, wireScript } from '../../../src/demo/lab/wiring.js'
import { between, NOTHING } from '../../../src/demo/traffic/report.js'

const host = (plan: ReturnType<typeof planLab>, role: string) =>
  plan.hosts.find((one) => one.role === role) as HostPlan

describe('a planned lab', () => {
  it('has one client, a director and three real servers on one segment unless told otherwise', () => {
    const plan = planLab()
    expect(plan.hosts.map((one) => one.role)).toEqual(['client', 'director', 'web1', 'web2', 'web3'])
    expect(plan.segments).toHaveLength(1)
    expect(host(plan, 'web2').legs[0].addresses4).toEqual(['192.0.2.22'])
    expect(host(plan, 'web2').legs[0].addresses6).toEqual(['2001:db8::22'])
  })

  it('puts the director between two segments, with a router for the replies', () => {
    const plan = planLab({ shape: 'two-arm', reals: 1 })
    expect(host(plan, 'director').legs.map((leg) => leg.segment.name)).toEqual(['front', 'back'])
    expect(host(plan, 'web1').routes).toContainEqual({ to: '192.0.2.0/24', via: '198.51.100.1' })
    expect(host(plan, 'client').routes).toContainEqual({ to: '2001:db8:b::/64', via: '2001:db8::1' })
  })

  it('gives every client addresses of its own', () => {
    const plan = planLab({ clients: 3, extraSources: 4 })
    const all = ['client', 'client2', 'client3'].flatMap((role) => host(plan, role).legs[0].addresses4)
    expect(new Set(all).size).toBe(15)
  })

  it('refuses more hosts than a segment has addresses for', () => {
    expect(() => planLab({ reals: 80 })).toThrow('79 real servers')
    expect(() => planLab({ clients: 155 })).toThrow('154 client addresses')
  })

  it('names interfaces that fit in 15 characters', () => {
    for (const shape of ['one-arm', 'two-arm', 'routed'] as const)
      for (const { legs } of planLab({ shape }).hosts)
        for (const leg of legs) expect(leg.port.length).toBeLessThan(16)
  })
})

describe('wiring', () => {
  const plan = planLab({ shape: 'two-arm' })

  it("runs a pass program on the ports of the director's interfaces only", () => {
    const script = wireScript(plan, '/pass.o', '/sys/fs/bpf/lab')
    expect(script.match(/dev \S+ xdpdrv/g)).toEqual(['dev director-front xdpdrv', 'dev director-back xdpdrv'])
  })

  it('keeps real servers silent about the VIPs they have', () => {
    const script = hostScript(plan, host(plan, 'web1'))
    expect(script).toContain('echo 1 >/proc/sys/net/ipv4/conf/all/arp_ignore')
    expect(script).toContain('echo 2 >/proc/sys/net/ipv4/conf/all/arp_announce')
    expect(script).toContain('ip address add 192.0.2.10/32 dev lo')
    expect(hostScript(plan, host(plan, 'director'))).not.toContain('arp_ignore')
  })

  it('makes a wire for every leg of every host', () => {
    const batch = linkBatch(plan, (role) => `lab-${role}`)
    expect(batch.trim().split('\n')).toHaveLength(plan.hosts.flatMap((one) => one.legs).length)
    expect(batch).toContain(
      'link add eth1 netns lab-director type veth peer name director-back netns lab-wire',
    )
  })
})

describe('reports', () => {
  it('tell what happened between two of them, servers that were not seen before included', () => {
    const first = { ...NOTHING, t: 100, done: 3, by: { web1: 3 } }
    const second = { ...NOTHING, t: 300, done: 8, failed: 1, by: { web1: 5, web2: 3 }, failures: { CUT: 1 } }
    expect(between(first, second)).toMatchObject({
      t: 200,
      done: 5,
      failed: 1,
      by: { web1: 2, web2: 3 },
      failures: { CUT: 1 },
    })
  })
})
