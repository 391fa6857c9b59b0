// SPDX-License-Identifier: Apache-2.0
import { existsSync, mkdirSync, readdirSync } from 'node:fs'
import { openMap, u32 } from 'libbpf-ts'
import { describe, expect, test } from 'vitest'
import { Settings_OFFSETS } from '../../src/abi/generated.js'
import { clearDatapath, openDatapath } from '../../src/datapath/open.js'
import { DEFAULT_TUNABLES } from '../../src/model/types.js'
import { OBJECT, opened, opsFor, pinRoot, reals, SMALL, settle, wish } from './datapath.js'

const WEB = wish(
  [
    { scheduler: 'wrr', reals: reals(3, 2, 1), persistence: { timeout: 300, prefix: 24 } },
    { vip: '2001:db8::1', port: 443, scheduler: 'sh', reals: [{ address: '2001:db8:2::1', weight: 1 }] },
    { protocol: 'udp', port: 53, scheduler: 'rr', reals: reals(1, 0) },
    { port: 81, persistence: { timeout: 60, prefix: 32, mask: '255.0.255.0' } },
  ],
  { timeouts: { tcp: 901, tcpfin: 1, udp: 2_678_400 }, peers: ['02:00:00:00:00:09', '02:00:00:00:00:01'] },
)

describe('apply', () => {
  test('what was applied is read back, and needs nothing more', async () => {
    const datapath = await opened(pinRoot())
    settle(datapath, WEB)
    expect(opsFor(datapath, WEB)).toEqual([])
    const actual = datapath.actual()
    expect(actual.timeouts).toEqual(WEB.timeouts)
    expect(actual.peers).toEqual(['02:00:00:00:00:01', '02:00:00:00:00:09'])
    expect([...actual.services.keys()].sort()).toEqual([
      'tcp 10.0.1.1:80',
      'tcp 10.0.1.1:81',
      'tcp [2001:db8::1]:443',
      'udp 10.0.1.1:53',
    ])
    expect(actual.services.get('tcp 10.0.1.1:80')).toMatchObject({
      scheduler: 'wrr',
      persistence: { timeout: 300, prefix: 24 },
      reals: [{ address: '10.0.2.3' }, { address: '10.0.2.2' }, { address: '10.0.2.1', weight: 3 }],
    })
    expect(actual.services.get('tcp 10.0.1.1:81')?.persistence?.mask).toBe('255.0.255.0')
  })

  test('every kind of service is read back by the next controller, and needs nothing more', async () => {
    const root = pinRoot()
    const port = { address: '10.0.2.1', port: 8080, weight: 2, upper: 9, lower: 3 }
    const six = { address: '2001:db8:2::1', weight: 0 }
    const kinds = wish(
      [
        { port: 0, persistence: { timeout: 60, prefix: 32 }, scheduler: 'lblcr', reals: reals(1, 0) },
        { protocol: 'sctp', port: 2905, scheduler: 'mh', flags: [1, 2], reals: reals(3, 0) },
        { protocol: 'udp', port: 53, scheduler: 'fo', onePacket: true, reals: reals(1, 9) },
        {
          ...{ vip: undefined, port: undefined, protocol: undefined },
          mark: 2 ** 32 - 1,
          family: 4,
          reals: [port],
        },
        { ...{ vip: undefined, port: undefined, protocol: undefined }, mark: 6, family: 6, reals: [six] },
      ] as Parameters<typeof wish>[0],
      {
        marks: [
          { vip: '10.0.1.2', protocol: 'udp', ports: [[1, 2]], mark: 2 ** 32 - 1, owner: 'file' },
          { vip: '2001:db8::1', protocol: 'sctp', ports: [[0, 65_535]], mark: 6, owner: 'file' },
        ],
        tunables: { ...DEFAULT_TUNABLES, sloppy_sctp: 1 },
      },
    )
    const first = await opened(root)
    settle(first, kinds)
    expect(opsFor(first, kinds)).toEqual([])
    const second = await opened(root)
    expect([second.adopted, opsFor(second, kinds)]).toEqual([true, []])
    const { services, tunables } = second.actual()
    expect([...services.values()].some(({ stale }) => stale)).toBe(false)
    expect(services.get('fwm 4294967295')?.reals).toMatchObject([port])
    expect(tunables.sloppy_sctp).toBe(1)
  })

  test('a thousand changes of a service use no more of the arena than a few', async () => {
    const datapath = await opened(pinRoot())
    for (let i = 1; i <= 1000; i++) settle(datapath, wish([{ scheduler: 'sh', reals: reals(i, 1) }]))
    expect(datapath.actual().services.get('tcp 10.0.1.1:80')?.generation).toBe(1000)
  })

  test('what has no room is refused as a whole, with a reason', async () => {
    const datapath = await opened(pinRoot(), { ...SMALL, reals: 5000 })
    settle(datapath, WEB)
    const before = datapath.actual()
    const many = Array.from({ length: 4096 }, (_, i) => ({
      address: `10.1.${i >> 8}.${i & 255}`,
      weight: i + 1,
    }))
    const huge = wish([...WEB.services, { port: 82, scheduler: 'wrr', reals: many }], WEB)
    const refused = datapath.apply(opsFor(datapath, huge))
    expect(refused).toMatchObject({
      ok: false,
      problems: [{ reason: expect.stringContaining('tcp 10.0.1.1:82') }],
    })
    expect(datapath.actual()).toEqual(before)
    settle(datapath, wish([{ reals: reals(1) }]))
  })

  test('a real server that is gone leaves its counts to its service', async () => {
    const root = pinRoot()
    const datapath = await opened(root)
    settle(datapath, wish([{ reals: reals(1, 1) }]))
    const stats = openMap(`${root}/maps/real_stats`)
    const row = new BigUint64Array([7n, 700n, 3n, 0n])
    stats.update(u32(2), new Uint8Array(row.buffer))
    const one = wish([{ reals: reals(1) }])
    settle(datapath, one, 1000)
    expect(settle(datapath, one, 1200)).toEqual(['real-free'])
    expect(datapath.snapshot(one).services[0]).toMatchObject({ packets: 7n, bytes: 700n, connections: 3n })
    expect(new BigUint64Array((stats.lookup(u32(2)) as Uint8Array).buffer)[0]).toBe(0n)
    stats.close()
  })
})

describe('open', () => {
  test('a second controller adopts what the first has pinned', async () => {
    const root = pinRoot()
    const first = await opened(root)
    settle(first, WEB)
    const before = first.actual()
    first.close()
    const second = await opened(root)
    expect(second.adopted).toBe(true)
    expect(second.actual()).toEqual(before)
    expect(opsFor(second, WEB)).toEqual([])
  })

  test.each([1, 3, 5, 7, 9, 11, 13])(
    'a controller that dies after %i operations is made good by the next',
    async (cut) => {
      const root = pinRoot()
      const first = await opened(root)
      settle(
        first,
        wish([
          { scheduler: 'wrr', reals: reals(1, 1) },
          { port: 444, reals: reals(1) },
        ]),
      )
      first.apply(opsFor(first, WEB).slice(0, cut))
      first.close()
      const second = await opened(root)
      expect(settle(second, WEB)).not.toEqual([])
      expect(opsFor(second, WEB)).toEqual([])
      second.close()
      const third = await opened(root)
      expect(opsFor(third, WEB)).toEqual([])
    },
  )

  test.each([
    ['a real server was placed', reals(1, 1, 5), 1, ['service-publish']],
    ['a weight was noted', reals(1, 7), 1, ['service-publish']],
    ['a list was published without the one to be removed', reals(1), 1, ['service-publish', 'real-trash']],
  ])('a death after %s, and before what follows, is noticed', async (_, list, cut, wanted) => {
    const root = pinRoot()
    const first = await opened(root)
    settle(first, wish([{ scheduler: 'wrr', reals: reals(1, 1) }]))
    const after = wish([{ scheduler: 'wrr', reals: list }])
    first.apply(opsFor(first, after).slice(0, cut))
    first.close()
    const second = await opened(root)
    expect(settle(second, after)).toEqual(wanted)
    expect(opsFor(second, after)).toEqual([])
  })

  test('adopted maps keep their sizes', async () => {
    const root = pinRoot()
    const first = await opened(root)
    expect(first.limits).toEqual(SMALL)
    first.close()
    const second = await opened(root, { ...SMALL, services: 5, reals: 9 })
    expect(second.limits).toMatchObject({ services: SMALL.services, reals: SMALL.reals })
  })

  test('a half-made set of maps is made anew', async () => {
    const root = pinRoot()
    const first = await opened(root)
    first.close()
    const settings = openMap(`${root}/maps/settings`)
    new DataView(settings.mmap({ writable: true })).setUint32(Settings_OFFSETS.abi, 0, true)
    settings.close()
    expect((await opened(root)).adopted).toBe(false)
  })

  test('pins of another ABI are refused by number, left alone, and cleared when told to', async () => {
    const root = pinRoot()
    const first = await opened(root)
    first.close()
    const settings = openMap(`${root}/maps/settings`)
    new DataView(settings.mmap({ writable: true })).setUint32(Settings_OFFSETS.abi, 999, true)
    settings.close()
    const refused = await openDatapath({ pinRoot: root, object: OBJECT, limits: SMALL })
    expect(refused).toMatchObject({
      ok: false,
      problems: [
        { reason: expect.stringContaining('999'), fix: expect.stringContaining('xlvs detach --all') },
      ],
    })
    expect(readdirSync(`${root}/maps`)).toContain('settings')
    expect(clearDatapath(root)).toEqual({ ok: true, value: undefined })
    expect(existsSync(root)).toBe(false)
  })

  test('a place that is no BPF file system is refused with the command that mounts one', async () => {
    const outcome = await openDatapath({
      pinRoot: `/tmp/xlvs-test-${process.pid}`,
      object: OBJECT,
      limits: SMALL,
    })
    expect(outcome).toMatchObject({ ok: false, problems: [{ fix: expect.stringContaining('mount -t bpf') }] })
  })

  test('a missing object file is named', async () => {
    const outcome = await openDatapath({ pinRoot: pinRoot(), object: '/nowhere/xlvs.bpf.o', limits: SMALL })
    expect(outcome).toMatchObject({ ok: false, problems: [{ subject: '/nowhere/xlvs.bpf.o' }] })
  })

  test('destroy leaves nothing', async () => {
    const root = pinRoot()
    mkdirSync(root)
    const datapath = await opened(root)
    await datapath.destroy()
    expect(existsSync(root)).toBe(false)
  })
})

describe('sweep', () => {
  test('goes round all tables in slices and counts what is there', async () => {
    const datapath = await opened(pinRoot())
    let sets = 0
    for (let i = 0; i < 1000; i++) {
      const slice = datapath.sweep({ sets: 100 })
      sets += slice.sets
      expect(slice.sets).toBeLessThanOrEqual(100)
      if (slice.roundComplete) break
    }
    const { tables } = datapath.snapshot(WEB)
    expect(sets).toBe(tables.conn4.capacity / 4 + tables.conn6.capacity / 4 + tables.template.capacity / 2)
    expect(tables.conn4.entries).toBe(0)
  })
})
