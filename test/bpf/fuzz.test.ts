// SPDX-License-Identifier: Apache-2.0
import { expect, onTestFinished, test } from 'vitest'
import { addressToBytes } from '../../src/abi/address.js'
import { VIP, VIP6 } from '../packets/case.js'
import { mac, realMac } from '../packets/frames.js'
import { complaint, hex, type Target, type World } from '../packets/judge.js'
import { type Draft, MAX_FRAME, nextFrame, seeds } from '../packets/mutate.js'
import { type Chance, chance, freshSeed } from '../packets/random.js'
import { census, counters, misjudged } from './census.js'
import { type HopWords, Rig, type RuleWords, type ServiceWords } from './rig.js'

const FRAMES = 2_000_000

const MTU = 1000
const HOPS: Readonly<Record<string, HopWords>> = {
  '10.0.2.1': {},
  '10.0.2.2': { tags: [{ tpid: 0x8100, vid: 7 }], mtu: MTU },
  '10.0.2.3': {
    tags: [
      { tpid: 0x88a8, vid: 100 },
      { tpid: 0x8100, vid: 200 },
    ],
  },
  '10.0.2.4': { kind: 'local' },
  '10.0.2.5': { kind: 'unresolved' },
  '10.0.2.6': {},
  'fd00:2::1': {},
  'fd00:2::2': { tags: [{ tpid: 0x8100, vid: 7 }], mtu: MTU },
  'fd00:2::3': {
    tags: [
      { tpid: 0x88a8, vid: 100 },
      { tpid: 0x8100, vid: 200 },
    ],
  },
  'fd00:2::4': { kind: 'local' },
}
const REALS4 = Object.keys(HOPS).filter((address) => !address.includes(':'))
const REALS6 = Object.keys(HOPS).filter((address) => address.includes(':'))
const VIP2 = '10.0.1.2'
const crowded = (address: string) => ({ address, weight: 2, upper: 40, lower: 10 })
const SERVICES: readonly ServiceWords[] = [
  { vip: VIP, reals: REALS4.slice(0, 5).map(crowded), scheduler: 'wlc' },
  {
    vip: VIP,
    port: 53,
    protocol: 'udp',
    reals: REALS4.slice(0, 3),
    persistence: { timeout: 20, prefix: 30 },
  },
  { vip: VIP, port: 500, protocol: 'udp', reals: REALS4.slice(0, 3), scheduler: 'twos' },
  {
    vip: VIP,
    port: 38_412,
    protocol: 'sctp',
    reals: REALS4.slice(0, 3).map(crowded),
    scheduler: 'mh',
    flags: [1],
  },
  { vip: VIP2, reals: REALS4.slice(0, 3), scheduler: 'lblcr' },
  { vip: VIP6, reals: REALS6, persistence: { timeout: 20, prefix: 124 } },
  { vip: VIP6, port: 53, protocol: 'udp', reals: REALS6, scheduler: 'sh' },
  { vip: VIP6, port: 38_412, protocol: 'sctp', reals: [] },
  { mark: 6, onePacket: true, reals: REALS4.slice(0, 3), scheduler: 'wrr' },
  { mark: 7, family: 6, reals: [] },
]
const MARKS: readonly RuleWords[] = [
  { vip: VIP, mark: 6, protocol: 'udp', ports: [443] },
  { vip: VIP6, mark: 7, protocol: 'udp', ports: [443] },
]
/** Now and then a real server is taken away, and comes back. */
const FEWER = SERVICES.map((service) => ({ ...service, reals: service.reals.slice(1) }))

const inHex = (address: string) => hex(addressToBytes(address).slice(0, address.includes(':') ? 16 : 4))

const NUMBER = { tcp: 6, udp: 17, sctp: 132 } as const

/** 'VIP protocol port' of every service that has the real server, and of what carries its mark. */
function namesOf(services: readonly ServiceWords[], address: string): Set<string> {
  const having = services.filter(({ reals }) =>
    reals.some((real) => (typeof real === 'string' ? real : real.address) === address),
  )
  const names = having.flatMap((service) =>
    service.mark === undefined
      ? [`${inHex(service.vip)} ${NUMBER[service.protocol ?? 'tcp']} ${service.port ?? 80}`]
      : MARKS.filter(({ mark }) => mark === service.mark).map(({ vip }) => `${inHex(vip)} 17 443`),
  )
  return new Set(names)
}

function worldOf(services: readonly ServiceWords[]): World {
  const targets = Object.entries(HOPS).map(([address, hop]): [string, Target] => {
    const [now, ever] = [namesOf(services, address), namesOf(SERVICES, address)]
    return [hex(mac(realMac(address))), { address, hop, services: now, ever }]
  })
  return { vips: new Set([inHex(VIP), inHex(VIP2), inHex(VIP6)]), targets: new Map(targets) }
}

async function director(): Promise<Rig> {
  const rig = await Rig.open({ limits: { connections: 2000, templates: 40 } })
  onTestFinished(() => rig.close())
  rig.apply(SERVICES, MARKS)
  for (const [address, hop] of Object.entries(HOPS)) rig.setHop(address, hop)
  return rig
}

/** Another mood of the defence and of the tunables. */
function disturb(rig: Rig, { int, once }: Chance): void {
  rig.datapath.setDefence({ secureTcp: once(2), dropRate: int(3) * 7, dropCounter: 0 })
  rig.setTunables({
    cache_bypass: 1,
    conn_reuse_mode: int(4),
    expire_nodest_conn: int(2),
    expire_quiescent_template: int(2),
    schedule_icmp: int(2),
    sloppy_sctp: int(2),
    sloppy_tcp: int(2),
  })
}

const sum = (reasons: Record<string, bigint>) => Object.values(reasons).reduce((a, b) => a + b, 0n)

/** Every reason that needs no broken interface and no full machine. */
const MUST_COME = [
  'not_ip',
  'not_my_mac',
  'malformed',
  'not_vip',
  'no_service',
  'no_conn',
  'local_real',
  'icmp_query',
  'icmp_no_flow',
  'fragment_first_unseen',
  'ftp_data',
  'ext_headers',
  'bypass',
]
  .map((name) => `pass_${name}`)
  .concat(
    ['conn', 'new', 'template', 'fragment', 'icmp', 'one_packet', 'ipsec'].map((name) => `forward_${name}`),
    ['real_gone', 'ttl', 'truncated', 'nexthop', 'defence', 'icmp_fragment'].map((name) => `drop_${name}`),
    ['no_real', 'ttl', 'mtu'].map((name) => `answer_${name}`),
  )

test('two million frames nobody should send: none is forwarded wrongly, none is changed that is not forwarded', {
  timeout: 240_000,
}, async () => {
  const rig = await director()
  const dice = chance(freshSeed())
  console.info(`XLVS_SEED=${dice.seed}`)
  const [all, draft] = [seeds(), { bytes: new Uint8Array(MAX_FRAME + 4096), length: 0 } as Draft]
  const worlds = [worldOf(SERVICES), worldOf(FEWER)]
  let world = worlds[0] as World
  for (let i = 0; i < FRAMES; i++) {
    nextFrame(draft, all, dice)
    const data = draft.bytes.subarray(0, draft.length)
    const { returnValue, data: out } = rig.run(data)
    const wrong = complaint(data, returnValue, out, world)
    if (wrong !== undefined) {
      expect.fail(`seed ${dice.seed}, frame ${i}: ${wrong}\n in ${hex(data)}\nout ${hex(out)}`)
    }
    if (i % 997 === 0) rig.advance(dice.int(8))
    if (i % 9973 === 0) rig.datapath.sweep({ sets: 200 })
    if (i % 50_021 === 0) {
      const fewer = dice.once(2)
      rig.apply(fewer ? FEWER : SERVICES, MARKS)
      world = worlds[fewer ? 1 : 0] as World
      disturb(rig, dice)
    }
  }
  const reasons = rig.reasons()
  expect(sum(reasons)).toBe(BigInt(FRAMES))
  expect(
    MUST_COME.filter((reason) => (reasons[reason] ?? 0n) < 100n),
    `seed ${dice.seed}`,
  ).toEqual([])
  expect(counters(rig), `seed ${dice.seed}`).toEqual(census(rig))
  expect(misjudged(rig), `seed ${dice.seed}`).toEqual([])
})
