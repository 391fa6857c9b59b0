// SPDX-License-Identifier: Apache-2.0
// A trace records what its filter says, as it arrived, and changes nothing of what becomes of packets.
import { createHash } from 'node:crypto'
import { possibleCpus } from 'libbpf-ts'
import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest'
import { Settings_OFFSETS, TraceFilter_OFFSETS } from '../../src/abi/generated.js'
import type { Tracing } from '../../src/datapath/trace.js'
import type { Traced } from '../../src/datapath/trace-record.js'
import { parseTraceFilter } from '../../src/model/trace.js'
import { TRACE_DEFAULTS, type TraceWish } from '../../src/model/trace-wish.js'
import { until } from '../lab/until.js'
import { VIP as FUZZED, VIP6 as FUZZED6 } from '../packets/case.js'
import { type FrameWords, frame, icmp, ipPacket, tcp, udp } from '../packets/frames.js'
import { type Draft, MAX_FRAME, nextFrame, seeds } from '../packets/mutate.js'
import { chance, freshSeed } from '../packets/random.js'
import { Rig, unwrap } from './rig.js'

const [VIP, VIP6, CLIENT, CLIENT6] = [
  '192.0.2.10',
  '2001:db8:ffff::10',
  '198.51.100.7',
  '2001:db8:c::7',
] as const
const [ONE, TWO, SIX] = ['192.0.2.21', '192.0.2.22', '2001:db8:1::21'] as const

let rig: Rig
let tracing: Tracing | undefined
let records: Traced[] = []

beforeAll(async () => {
  rig = await Rig.open()
  rig.apply([
    { vip: VIP, reals: [ONE] },
    { vip: VIP, protocol: 'udp', port: 53, reals: [TWO] },
    { vip: VIP, port: 81, reals: [] },
    { vip: VIP6, reals: [SIX] },
  ])
})
afterAll(() => rig?.close())
afterEach(() => {
  tracing?.close()
  rig.reset()
})

/** Nothing limits it unless told. */
function trace(filter: string, how: Partial<TraceWish> = {}): Tracing {
  records = []
  const wish = { ...TRACE_DEFAULTS, limit: 0, head: 256, ...how, filter: unwrap(parseTraceFilter([filter])) }
  tracing = unwrap(
    rig.datapath.trace(wish, (record) => records.push({ ...record, head: record.head.slice() })),
  )
  return tracing
}

/** All that the datapath says it has recorded. */
async function recorded(): Promise<readonly Traced[]> {
  const want = Number(tracing?.counters().recorded)
  return until(`${want} records`, () => records.length >= want && records)
}

const packet = (words: Partial<FrameWords> & Pick<FrameWords, 'payload'>) =>
  frame({ src: CLIENT, dst: VIP, ...words })
const SYN = packet({ payload: tcp(4711, 80, 'S') })
const FRAMES: Readonly<Record<string, Uint8Array>> = {
  syn: SYN,
  ack: packet({ src: '198.51.100.8', payload: tcp(4712, 80, 'A') }),
  dns: packet({ payload: udp(4711, 53) }),
  none: packet({ payload: tcp(4711, 81, 'S') }),
  closed: packet({ payload: tcp(4711, 82, 'S') }),
  other: packet({ dst: '192.0.2.99', payload: tcp(4711, 80, 'S') }),
  six: packet({ src: CLIENT6, dst: VIP6, payload: tcp(4711, 80, 'S') }),
  tagged: packet({ src: '198.51.100.9', tags: [{ vid: 7 }, { vid: 8 }], payload: tcp(4713, 80, 'S') }),
  first: packet({
    src: '198.51.100.10',
    fragment: { id: 9, offset: 0, more: true },
    payload: tcp(4714, 80, 'S'),
  }),
  later: packet({
    src: '198.51.100.10',
    fragment: { id: 9, offset: 24, more: false },
    payload: { protocol: 6, bytes: new Uint8Array(40) },
  }),
  // from a router, about what the real server sent to the first client as the VIP
  error: packet({
    src: '203.0.113.1',
    payload: icmp(3, 4, ipPacket({ src: VIP, dst: CLIENT, payload: tcp(80, 4711, 'A') })),
  }),
  ping: packet({ payload: icmp(8, 0, new Uint8Array(8)) }),
  arp: Uint8Array.from([...SYN.subarray(0, 12), 0x08, 0x06, ...new Uint8Array(46)]),
}
const NAMES = Object.keys(FRAMES)
const nameOf = ({ head }: Traced) =>
  NAMES.find((name) => Buffer.compare(FRAMES[name] as Uint8Array, head) === 0) ?? '?'

describe('a filter', () => {
  it.each([
    ['', NAMES],
    ['client 198.51.100.0/24', NAMES.filter((name) => !['six', 'error', 'arp'].includes(name))],
    ['client 198.51.100.8', ['ack']],
    ['client 2001:db8:c::/48', ['six']],
    ['client 2001:db8:d::/48', []],
    ['client-port 4711', ['syn', 'dns', 'none', 'closed', 'six', 'error']],
    ['vip 192.0.2.99', ['other']],
    ['port 80', ['syn', 'ack', 'six', 'tagged', 'first', 'error']],
    ['192.0.2.10:80 client-port 4714', ['first']],
    ['proto udp', ['dns']],
    ['proto icmp', ['ping']],
    ['family ipv6', ['six']],
    ['family ipv4 proto tcp vip 192.0.2.99', ['other']],
    ['flags syn,!ack', ['syn', 'none', 'closed', 'six', 'tagged', 'first']],
    ['flags ack', ['ack']],
    ['iface lo client-port 4713', ['tagged']],
    ['real 192.0.2.22', ['dns']],
    [`real ${SIX}`, ['six']],
    [`service [${VIP6}]:80`, ['six']],
    ['service 192.0.2.10:81', ['none']],
    ['reason forward_fragment', ['later']],
    ['reason forward_icmp,pass_no_*', ['ack', 'closed', 'error']],
    ['reason pass_not_vip', ['other']],
    ['reason answer_*,pass_icmp_query', ['none', 'ping']],
  ])('"%s" lets through what it says', async (filter, expected) => {
    trace(filter)
    for (const name of NAMES) rig.send(FRAMES[name] as Uint8Array)
    expect((await recorded()).map(nameOf)).toEqual(expected)
  })

  it('of another interface lets nothing through', async () => {
    trace('')
    rig.memory('trace_filter').setUint32(TraceFilter_OFFSETS.ifindex, 2, true)
    for (const name of NAMES) rig.send(FRAMES[name] as Uint8Array)
    expect(tracing?.counters()).toEqual({ recorded: 0n, limited: 0n, lost: 0n })
  })

  it.each([
    ['iface eth99', 'there is no interface "eth99"'],
    ['service 192.0.2.10:8080', 'there is no service "tcp 192.0.2.10:8080"'],
    ['real 192.0.2.77', 'no service has the real server 192.0.2.77'],
    ['service 192.0.2.10:80 real 192.0.2.22', 'tcp 192.0.2.10:80 has no real server 192.0.2.22'],
  ])('that names what is not there is refused, and nobody traces: %s', (words, reason) => {
    const filter = unwrap(parseTraceFilter([words]))
    const outcome = rig.datapath.trace({ ...TRACE_DEFAULTS, filter }, () => undefined)
    expect(outcome).toMatchObject({ ok: false, problems: [{ reason }] })
    expect(rig.memory('settings').getUint32(Settings_OFFSETS.trace, true)).toBe(0)
  })
})

describe('a record', () => {
  it('says what became of the packet, and has its beginning as it arrived', async () => {
    const before = process.hrtime.bigint()
    trace('', { head: 40 })
    const { action, reason } = rig.send(SYN)
    rig.send(FRAMES['none'] as Uint8Array)
    rig.send(FRAMES['arp'] as Uint8Array)
    const [one, two, three] = await recorded()
    const web = `tcp ${VIP}:80`
    expect(one).toMatchObject({ interface: 'lo', action, reason, service: web, real: `${web} > ${ONE}` })
    expect(one).toMatchObject({ length: SYN.length, head: SYN.slice(0, 40) })
    expect(one?.at).toBeGreaterThan(before)
    expect(two?.at).toBeGreaterThan(one?.at ?? 0n)
    expect(two).toMatchObject({ reason: 'answer_no_real', action: 'tx', service: `tcp ${VIP}:81` })
    expect(two).not.toHaveProperty('real')
    expect(three).toMatchObject({ reason: 'pass_not_ip', action: 'pass' })
    expect(three).not.toHaveProperty('service')
  })

  it('of a known connection names its service too', async () => {
    rig.send(SYN)
    trace('')
    rig.send(packet({ payload: tcp(4711, 80, 'A') }))
    expect(await recorded()).toMatchObject([{ reason: 'forward_conn', service: `tcp ${VIP}:80` }])
  })

  it.each([14, 60, 255, 256])('keeps at most %i bytes of a frame, and its whole length', async (head) => {
    const long = packet({
      payload: udp(
        4711,
        53,
        Uint8Array.from({ length: 900 }, (_, i) => i & 255),
      ),
    })
    trace('', { head })
    rig.send(long)
    rig.send(SYN)
    expect(await recorded()).toMatchObject([
      { length: long.length, head: long.slice(0, head) },
      { length: SYN.length, head: SYN.slice(0, head) },
    ])
  })
})

describe('what it may cost', () => {
  it('one of N is exactly that', () => {
    trace('proto udp', { sample: 7 })
    for (let i = 0; i < 70; i++) {
      rig.run(FRAMES['dns'] as Uint8Array)
      rig.run(SYN)
    }
    expect(tracing?.counters()).toEqual({ recorded: 10n, limited: 0n, lost: 0n })
  })

  it('so many a second are recorded, the others counted', () => {
    trace('', { limit: 5 })
    const second = () => process.hrtime.bigint() / 1_000_000_000n
    const first = second()
    for (let i = 0; i < 200; i++) rig.run(SYN)
    const { recorded: kept = 0n, limited = 0n, lost } = tracing?.counters() ?? {}
    expect(kept + limited).toBe(200n)
    expect(lost).toBe(0n)
    expect(kept).toBeGreaterThanOrEqual(5n)
    expect(kept).toBeLessThanOrEqual(5n * (second() - first + 1n))
  })

  it('a full ring loses records and counts them, and what is in it still comes', async () => {
    trace('')
    tracing?.pause()
    const most = 1 << 14
    for (let i = 0; i < most; i++) rig.run(SYN)
    const { recorded: kept = 0n, lost = 0n } = tracing?.counters() ?? {}
    expect(kept + lost).toBe(BigInt(most))
    expect(lost).toBeGreaterThan(0n)
    expect(kept).toBeGreaterThan(1000n)
    tracing?.resume()
    expect(await recorded()).toHaveLength(Number(kept))
  })

  it('what one trace left in the ring neither comes nor takes room in the next one', async () => {
    trace('')
    tracing?.pause()
    for (let i = 0; i < 1 << 14; i++) rig.run(SYN)
    expect(tracing?.counters().lost).toBeGreaterThan(0n)
    tracing?.close()
    trace('proto udp')
    rig.run(FRAMES['dns'] as Uint8Array)
    expect(tracing?.counters()).toEqual({ recorded: 1n, limited: 0n, lost: 0n })
    expect((await recorded()).map(nameOf)).toEqual(['dns'])
  })

  it('at its end all that was recorded is handed over at once', () => {
    trace('')
    for (let i = 0; i < 1000; i++) rig.run(SYN)
    tracing?.drain()
    expect(records).toHaveLength(1000)
    rig.run(SYN)
    expect(tracing?.counters().recorded).toBe(1000n)
  })

  it('after its lease nothing is recorded, until it is renewed', () => {
    trace('')
    rig.memory('trace_filter').setBigUint64(TraceFilter_OFFSETS.until, process.hrtime.bigint() - 1n, true)
    rig.run(SYN)
    expect(tracing?.counters().recorded).toBe(0n)
    tracing?.renew()
    rig.run(SYN)
    expect(tracing?.counters().recorded).toBe(1n)
  })

  it('nobody pays when it is over, and the settings are its controller’s own', () => {
    rig.datapath.mend()
    trace('')
    expect(rig.memory('settings').getUint32(Settings_OFFSETS.trace, true)).toBe(1)
    expect(rig.datapath.mend()).toEqual([])
    tracing?.close()
    expect(rig.memory('settings').getUint32(Settings_OFFSETS.trace, true)).toBe(0)
    expect(rig.datapath.mend()).toEqual([])
    rig.run(SYN)
    tracing?.renew()
    expect(tracing?.counters().recorded).toBe(0n)
  })
})

describe('whoever looks on', () => {
  const FRAMES_EACH = 4_000
  const COUNTED = ['verdicts', 'real_stats', 'totals', 'service_reasons'] as const
  const KEPT = ['conns4', 'conns6', 'templates', 'loads', 'persistents', 'tables', 'reals', 'tokens'] as const
  const bytesOf = (name: string) => {
    const { buffer, byteOffset, byteLength } = rig.memory(name)
    return new Uint8Array(buffer, byteOffset, byteLength)
  }
  /** Which CPU it was is nobody's affair. */
  const overCpus = (name: string) => {
    const words = new BigUint64Array(bytesOf(name).slice().buffer)
    const row = words.length / possibleCpus()
    return Array.from({ length: row }, (_, i) => {
      let sum = 0n
      for (let at = i; at < words.length; at += row) sum += words[at] ?? 0n
      return sum
    })
  }

  /** All that came of the frames: what each became, every counter, every table. */
  function came(seed: number, before: readonly Uint8Array[]): string {
    const [hash, dice, all] = [createHash('sha256'), chance(seed), seeds()]
    const draft: Draft = { bytes: new Uint8Array(MAX_FRAME + 4096), length: 0 }
    rig.reset()
    for (const [i, name] of KEPT.entries()) bytesOf(name).set(before[i] as Uint8Array)
    for (const name of COUNTED) bytesOf(name).fill(0)
    for (let i = 0; i < FRAMES_EACH; i++) {
      nextFrame(draft, all, dice)
      const { returnValue, data } = rig.run(draft.bytes.subarray(0, draft.length))
      hash.update(`${returnValue} `).update(data)
    }
    for (const name of COUNTED) hash.update(overCpus(name).join())
    for (const name of KEPT) hash.update(bytesOf(name))
    return hash.digest('hex')
  }

  it('changes no verdict, no frame, no counter, no table', async () => {
    rig.apply([
      { vip: FUZZED, reals: ['10.0.2.1', '10.0.2.2'], scheduler: 'wlc' },
      {
        vip: FUZZED,
        port: 53,
        protocol: 'udp',
        reals: ['10.0.2.1'],
        persistence: { timeout: 20, prefix: 30 },
      },
      { vip: FUZZED, port: 38_412, protocol: 'sctp', reals: ['10.0.2.2'] },
      { vip: FUZZED6, reals: ['fd00:2::1', 'fd00:2::2'] },
    ])
    const seed = freshSeed()
    const before = KEPT.map((name) => bytesOf(name).slice())
    const untraced = came(seed, before)
    expect(came(seed, before), `XLVS_SEED=${seed}`).toBe(untraced)
    for (const [filter, how] of [
      ['', {}],
      ['', { sample: 3 }],
      [`vip ${FUZZED} proto tcp flags !ack`, { limit: 100, head: 14 }],
      ['reason forward_*', {}],
    ] as const) {
      const one = trace(filter, how)
      expect(came(seed, before), `XLVS_SEED=${seed} ${filter}`).toBe(untraced)
      const { recorded: kept, limited, lost } = one.counters()
      expect(kept).toBeGreaterThan(0n)
      if (filter === '' && !('sample' in how)) expect(kept + limited + lost).toBe(BigInt(FRAMES_EACH))
      one.drain()
      one.close()
    }
  })
})
