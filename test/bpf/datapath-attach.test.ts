// SPDX-License-Identifier: Apache-2.0
// Interfaces and next hops, on real devices in namespaces of the test's own.
import { existsSync, rmSync } from 'node:fs'
import { setTimeout as sleep } from 'node:timers/promises'
import { afterEach, beforeEach, describe, expect, test, vi } from 'vitest'
import { type Lab, openLab } from '../../src/demo/lab/lab.js'
import { OBJECT, reals, SMALL, wish } from './datapath.js'
import { controllerIn } from './inside.js'

const PASS = new URL('../../build/bpf/lab/pass.bpf.o', import.meta.url).pathname
const WEB = wish([{ scheduler: 'wrr', reals: reals(3, 2) }])

let lab: Lab
let director: string
let real: string

/** eth0 10.0.2.254 -- eth0 10.0.2.1, .2 */
beforeEach(async () => {
  lab = openLab('xlvs-dp')
  ;[director, real] = (await lab.namespaces(['director', 'real'])) as [string, string]
  await ip(
    '',
    `link add eth0 netns ${director} address 02:00:00:00:00:fe type veth peer name eth0 netns ${real}`,
  )
  for (const ns of [director, real]) for (const dev of ['lo', 'eth0']) await ip(ns, `link set ${dev} up`)
  await ip(real, 'link set eth0 address 02:00:00:00:00:01')
  await ip(director, 'address add 10.0.2.254/24 dev eth0')
  await ip(real, 'address add 10.0.2.1/24 dev eth0')
})

afterEach(() => lab.close())

async function ip(namespace: string, words: string): Promise<string> {
  return lab.must(namespace === '' ? undefined : namespace, ['ip', ...words.split(' ')])
}

async function controller(limits = SMALL) {
  const inside = controllerIn(director)
  const outcome = await inside.do('open', { pinRoot: lab.pinRoot, object: OBJECT, limits })
  if (!outcome.ok) throw new Error(JSON.stringify(outcome.problems))
  return { ...inside, adopted: outcome.value as boolean }
}

/** Next hops resolve when neighbours answer, in whichever controller's life that is. */
function sameButHops(actual: unknown): unknown {
  return JSON.parse(JSON.stringify(actual), (key, value) => (key === 'nexthop' ? undefined : value))
}

async function xdpOf(namespace: string, device: string): Promise<number> {
  const [link] = JSON.parse(await ip(namespace, `-json link show dev ${device}`)) as [
    { xdp?: { prog?: { id: number } } },
  ]
  return link.xdp?.prog?.id ?? 0
}

const soon = { timeout: 8_000, interval: 50 }

describe('attach', () => {
  test('native mode by link, said back with interface, MAC and program, and taken off without a trace', async () => {
    const it = await controller()
    const attached = await it.call('attach', 'eth0', 'native')
    expect(attached).toMatchObject({
      ok: true,
      value: { interface: 'eth0', mac: '02:00:00:00:00:fe', mode: 'native', slot: 0 },
    })
    expect(await xdpOf(director, 'eth0')).toBe(attached.value.programId)
    expect(await it.call('attach', 'eth0', 'native')).toEqual(attached)
    expect(await it.call('detach', 'eth0')).toEqual({ ok: true })
    expect(await xdpOf(director, 'eth0')).toBe(0)
    expect(await it.call('detach', 'eth0')).toMatchObject({ ok: false, problems: [{ subject: 'eth0' }] })
  })

  test('a missing interface is answered with the name that was probably meant', async () => {
    const it = await controller()
    expect(await it.call('attach', 'eth1', 'native')).toMatchObject({
      ok: false,
      problems: [{ reason: 'there is no interface eth1', fix: 'did you mean eth0?' }],
    })
  })

  test('a driver without native XDP is answered with the mode that works', async () => {
    await ip(director, 'link add br0 type bridge')
    const it = await controller()
    expect(await it.call('attach', 'br0', 'native')).toMatchObject({
      ok: false,
      problems: [
        { reason: 'the driver of br0 has no native XDP', fix: expect.stringContaining('--mode generic') },
      ],
    })
    expect(await it.call('attach', 'br0', 'generic')).toMatchObject({ ok: true, value: { mode: 'generic' } })
    const [{ ifindex }] = await it.call('attachments')
    // GRO has merged the frames that come in generic mode: none of them is too large
    expect(await it.do('iface', ifindex)).toMatchObject({ attached: 1, merged: 1 })
  })

  test('another XDP program is named and stays', async () => {
    await ip(director, `link set dev eth0 xdpdrv obj ${PASS} sec xdp`)
    const there = await xdpOf(director, 'eth0')
    const it = await controller()
    const refused = await it.call('attach', 'eth0', 'native')
    expect(refused).toMatchObject({
      ok: false,
      problems: [{ fix: expect.stringContaining('ip link set eth0 xdp off') }],
    })
    expect(refused.problems[0].reason).toContain(`pass" (id ${there}, native mode)`)
    expect(await xdpOf(director, 'eth0')).toBe(there)
  })

  test('a device whose name has dots is attached, adopted and detached', async () => {
    await ip(director, 'link add v.10 type veth peer name v.20')
    const first = await controller()
    expect(await first.call('attach', 'v.10', 'native')).toMatchObject({ ok: true })
    await first.kill()
    const second = await controller()
    expect((await second.call('attachments')).map((each: { interface: string }) => each.interface)).toEqual([
      'v.10',
    ])
    expect(await second.call('detach', 'v.10')).toEqual({ ok: true })
  })

  test('an interface that gets another MAC is still ours, one that is deleted is forgotten', async () => {
    await ip(director, 'link add va type veth peer name vb')
    const it = await controller()
    await it.call('attach', 'va', 'native')
    await ip(director, 'link set va address 02:00:00:00:aa:aa')
    await vi.waitFor(
      async () => expect((await it.call('attachments'))[0].mac).toBe('02:00:00:00:aa:aa'),
      soon,
    )
    await ip(director, 'link del va')
    await vi.waitFor(async () => expect(await it.call('attachments')).toEqual([]), soon)
    expect(existsSync(`${lab.pinRoot}/links/va`)).toBe(false)
  })

  test('more interfaces than the maps have room for are refused, with the limit to raise', async () => {
    const it = await controller()
    for (let i = 0; i < SMALL.interfaces; i++) {
      await ip(director, `link add a${i} type veth peer name b${i}`)
      await vi.waitFor(
        async () => expect(await it.call('attach', `a${i}`, 'native')).toMatchObject({ ok: true }),
        soon,
      )
    }
    expect(await it.call('attach', 'eth0', 'native')).toMatchObject({
      ok: false,
      problems: [{ fix: expect.stringContaining('limits.interfaces') }],
    })
  })
})

describe('open', () => {
  test('without privilege names the capabilities it needs, and makes nothing', async () => {
    const powerless = controllerIn(director, ['setpriv', '--inh-caps=-all', '--bounding-set=-all'])
    const refused = await powerless.do('open', { pinRoot: lab.pinRoot, object: OBJECT, limits: SMALL })
    expect(refused).toMatchObject({ ok: false, problems: [{ fix: expect.stringContaining('root') }] })
    expect(refused.problems[0].reason).toContain('CAP_BPF + CAP_NET_ADMIN + CAP_PERFMON')
    expect(existsSync(lab.pinRoot)).toBe(false)
  })

  test('needs no more than three capabilities once the file system is there', async () => {
    const caps = '-all,+bpf,+net_admin,+perfmon'
    const some = controllerIn(director, ['setpriv', `--inh-caps=${caps}`, `--bounding-set=${caps}`])
    expect(await some.do('open', { pinRoot: lab.pinRoot, object: OBJECT, limits: SMALL })).toMatchObject({
      ok: true,
    })
    expect(await some.call('attach', 'eth0', 'native')).toMatchObject({ ok: true })
  })
})

describe('kill -9', () => {
  test('leaves the program on and the maps as they were; the next controller takes over and changes nothing', async () => {
    const first = await controller()
    await first.call('attach', 'eth0', 'native')
    await first.call('resolveNextHops', ['10.0.2.1'], 3000)
    await first.do('settle', WEB)
    const before = await first.do('actual')
    const [held] = await first.call('attachments')
    await first.kill()
    expect(await xdpOf(director, 'eth0')).toBe(held.programId)
    const second = await controller()
    expect(second.adopted).toBe(true)
    expect(await second.call('attachments')).toEqual([held])
    expect(sameButHops(await second.do('actual'))).toEqual(sameButHops(before))
    expect(await second.do('settle', WEB)).toEqual({ ok: true, value: [] })
    await vi.waitFor(async () => expect((await second.call('nextHop', '10.0.2.1')).state).toBe('up'), soon)
    expect(sameButHops(await second.do('actual'))).toEqual(sameButHops(before))
  })

  test('in the middle of a thousand changes is made good by the next controller, whatever was half-done', async () => {
    // what a controller that died had placed keeps its id for two minutes
    const roomy = { ...SMALL, reals: 2_048 }
    const many = (from: number, scheduler: 'wrr' | 'wlc' | 'sh') => ({
      ...{
        scheduler,
        reals: Array.from({ length: 40 }, (_, i) => ({ address: `10.0.3.${from + i}`, weight: 1 + (i % 5) })),
      },
    })
    const wishes = [
      wish([many(1, 'wrr'), { port: 81, ...many(1, 'wlc') }, { vip: '10.0.1.2', ...many(7, 'sh') }]),
      wish([many(21, 'sh'), { port: 82, ...many(3, 'wrr') }, { vip: '10.0.1.3', ...many(9, 'wlc') }]),
      wish([many(41, 'wlc')]),
    ]
    for (let round = 0; round < 5; round++) {
      const victim = await controller(roomy)
      void victim.do('churn', wishes).catch(() => undefined)
      await sleep(20 + 7 * round)
      await victim.kill()
      const heir = await controller(roomy)
      expect(heir.adopted).toBe(true)
      expect(await heir.do('settle', wishes[round % 3])).toMatchObject({ ok: true })
      await heir.kill()
      const judge = await controller(roomy)
      expect(await judge.do('settle', wishes[round % 3])).toEqual({ ok: true, value: [] })
      await judge.kill()
    }
  })

  test('another version of the program takes over the interface and the maps', async () => {
    const first = await controller()
    await first.call('attach', 'eth0', 'native')
    await first.do('settle', WEB)
    const before = await first.do('actual')
    const [held] = await first.call('attachments')
    await first.kill()
    const digest = await lab.must(undefined, ['find', lab.pinRoot, '-name', 'object-*'])
    rmSync(digest.trim(), { recursive: true })
    const second = await controller()
    expect(second.adopted).toBe(true)
    const [now] = await second.call('attachments')
    expect(now).toEqual({ ...held, programId: now.programId })
    expect(now.programId).not.toBe(held.programId)
    expect(await xdpOf(director, 'eth0')).toBe(now.programId)
    expect(sameButHops(await second.do('actual'))).toEqual(sameButHops(before))
  })

  test('destroy takes the program off and leaves no pin', async () => {
    const it = await controller()
    await it.call('attach', 'eth0', 'native')
    await it.call('destroy')
    expect(await xdpOf(director, 'eth0')).toBe(0)
    expect(existsSync(lab.pinRoot)).toBe(false)
  })
})

describe('next hops', () => {
  test('a neighbour is asked for, kept by the kernel, and followed when it changes', async () => {
    const it = await controller()
    expect(await it.call('resolveNextHops', ['10.0.2.1'], 5000)).toEqual([
      { address: '10.0.2.1', state: 'up', mac: '02:00:00:00:00:01', interface: 'eth0' },
    ])
    await it.do('settle', wish([{ reals: reals(1) }]))
    const before = (await it.do('actual')).services[0][1].reals[0].nexthop
    expect(before).toBeGreaterThan(0)
    await ip(director, 'neighbour replace 10.0.2.1 lladdr 02:00:00:00:00:77 dev eth0 nud permanent')
    await vi.waitFor(
      async () => expect((await it.call('nextHop', '10.0.2.1')).mac).toBe('02:00:00:00:00:77'),
      soon,
    )
    const after = (await it.do('actual')).services[0][1].reals[0].nexthop
    expect(after).toBeGreaterThan(0)
    expect(after).not.toBe(before)
    expect((await it.do('changes')).at(-1)).toMatchObject({ address: '10.0.2.1', mac: '02:00:00:00:00:77' })
  })

  test('a neighbour nobody needs any more is not kept by the kernel for us', async () => {
    const it = await controller()
    const managed = async () => (await ip(director, 'neighbour show 10.0.2.1')).includes('managed')
    await it.call('resolveNextHops', ['10.0.2.1'], 5000)
    expect(await managed()).toBe(true)
    await it.call('destroy')
    expect(await managed()).toBe(false)
  })

  test('one that does not answer is said by name, and is up when it does', async () => {
    const it = await controller()
    const [state] = await it.call('resolveNextHops', ['10.0.2.2'], 500)
    expect(state).toMatchObject({
      state: 'unresolved',
      why: 'neighbour 10.0.2.2 has not answered yet on eth0',
    })
    await it.do('settle', wish([{ reals: reals(1, 1).slice(1) }]))
    await ip(real, 'address add 10.0.2.2/24 dev eth0')
    await vi.waitFor(async () => expect((await it.call('nextHop', '10.0.2.2')).state).toBe('up'), soon)
    expect((await it.do('actual')).services[0][1].reals[0].nexthop).toBeGreaterThan(0)
  })

  test('behind a gateway, on this host, or nowhere: each is what the route says, now and after it changes', async () => {
    const it = await controller()
    const far = ['10.9.0.1', '10.0.2.254']
    expect(await it.call('resolveNextHops', far, 2000)).toMatchObject([
      { state: 'unresolved', why: 'no route to 10.9.0.1' },
      { state: 'local' },
    ])
    await it.do('settle', wish([{ reals: far.map((address) => ({ address, weight: 1 })) }]))
    await ip(director, 'route add 10.9.0.0/16 via 10.0.2.1')
    await vi.waitFor(
      async () =>
        expect(await it.call('nextHop', '10.9.0.1')).toMatchObject({ state: 'up', mac: '02:00:00:00:00:01' }),
      soon,
    )
    await ip(director, 'route del 10.9.0.0/16')
    await vi.waitFor(
      async () => expect((await it.call('nextHop', '10.9.0.1')).why).toBe('no route to 10.9.0.1'),
      soon,
    )
    await ip(director, 'address del 10.0.2.254/24 dev eth0')
    await ip(director, 'address add 10.0.2.253/24 dev eth0')
    await vi.waitFor(
      async () => expect((await it.call('nextHop', '10.0.2.254')).state).toBe('unresolved'),
      soon,
    )
  })

  test('a link that goes down and up again takes its next hops with it', async () => {
    const it = await controller()
    await it.call('resolveNextHops', ['10.0.2.1'], 5000)
    await it.do('settle', wish([{ reals: reals(1) }]))
    await ip(director, 'link set eth0 down')
    await vi.waitFor(
      async () => expect((await it.call('nextHop', '10.0.2.1')).state).toBe('unresolved'),
      soon,
    )
    await ip(director, 'link set eth0 up')
    await vi.waitFor(async () => expect((await it.call('nextHop', '10.0.2.1')).state).toBe('up'), soon)
  })

  test('its MTU is that of its device, or of its route when that is less, now and after either changes', async () => {
    await ip(real, 'address add 10.0.2.2/24 dev eth0')
    const it = await controller()
    await it.do('settle', WEB)
    const mtus = async () => (await it.do('mtus', ['10.0.2.1', '10.0.2.2'])) as number[]
    await vi.waitFor(async () => expect(await mtus()).toEqual([1500, 1500]), soon)
    await ip(director, 'link set eth0 mtu 1400')
    await vi.waitFor(async () => expect(await mtus()).toEqual([1400, 1400]), soon)
    await ip(director, 'route add 10.0.2.2/32 dev eth0 mtu 1300')
    await vi.waitFor(async () => expect(await mtus()).toEqual([1400, 1300]), soon)
    await ip(director, 'route del 10.0.2.2/32 dev eth0')
    await vi.waitFor(async () => expect(await mtus()).toEqual([1400, 1400]), soon)
  })

  test('two real servers of one address share a slot, and IPv6 is as good as IPv4', async () => {
    await ip(director, 'address add 2001:db8::fe/64 dev eth0 nodad')
    await ip(real, 'address add 2001:db8::1/64 dev eth0 nodad')
    const it = await controller()
    const [state] = await it.call('resolveNextHops', ['2001:db8::1'], 5000)
    expect(state).toMatchObject({ state: 'up', mac: '02:00:00:00:00:01' })
    const six = { vip: '2001:db8:1::1', reals: [{ address: '2001:db8::1', weight: 1 }] }
    await it.do('settle', wish([six, { ...six, port: 443 }]))
    const slots = (await it.do('actual')).services.map(
      ([, service]: [string, { reals: { nexthop: number }[] }]) => {
        return service.reals[0]?.nexthop
      },
    )
    expect(slots[0]).toBeGreaterThan(0)
    expect(slots[1]).toBe(slots[0])
  })
})
