// SPDX-License-Identifier: Apache-2.0
import { expect, onTestFinished, test } from 'vitest'
import { addressToBytes } from '../../src/abi/address.js'
import { VIP, VIP6 } from '../packets/case.js'
import { mac, realMac } from '../packets/frames.js'
import { complaint, hex, type Target, type World } from '../packets/judge.js'
import { type Draft, MAX_FRAME, nextFrame, seeds } from '../packets/mutate.js'
import { chance, freshSeed } from '../packets/random.js'
import { census, counters } from './census.js'
import { type AddressWords, type HopWords, Rig } from './rig.js'

const FRAMES = 2_000_000

const HOPS: Readonly<Record<string, HopWords>> = {
  '10.0.2.1': {},
  '10.0.2.2': { tags: [{ tpid: 0x8100, vid: 7 }] },
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
  'fd00:2::2': { tags: [{ tpid: 0x8100, vid: 7 }] },
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
const SERVICES: readonly AddressWords[] = [
  { vip: VIP, reals: REALS4.slice(0, 5), scheduler: 'wlc' },
  {
    vip: VIP,
    port: 53,
    protocol: 'udp',
    reals: REALS4.slice(0, 3),
    persistence: { timeout: 20, prefix: 30 },
  },
  { vip: VIP6, reals: REALS6, persistence: { timeout: 20, prefix: 124 } },
  { vip: VIP6, port: 53, protocol: 'udp', reals: REALS6, scheduler: 'sh' },
]
/** Now and then a real server is taken away, and comes back. */
const FEWER = SERVICES.map((service) => ({ ...service, reals: service.reals.slice(1) }))

const inHex = (address: string) => hex(addressToBytes(address).slice(0, address.includes(':') ? 16 : 4))

function worldOf(services: readonly AddressWords[]): World {
  const targets = Object.entries(HOPS).map(([address, hop]): [string, Target] => {
    const having = services.filter(({ reals }) => reals.includes(address))
    const names = having.map(
      ({ vip, protocol, port }) => `${inHex(vip)} ${protocol === 'udp' ? 17 : 6} ${port ?? 80}`,
    )
    return [hex(mac(realMac(address))), { address, hop, services: new Set(names) }]
  })
  return { vips: new Set([inHex(VIP), inHex(VIP6)]), targets: new Map(targets) }
}

async function director(): Promise<Rig> {
  const rig = await Rig.open({ limits: { connections: 2000, templates: 40 } })
  onTestFinished(() => rig.close())
  rig.apply(SERVICES)
  for (const [address, hop] of Object.entries(HOPS)) rig.setHop(address, hop)
  return rig
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
]
  .map((name) => `pass_${name}`)
  .concat(
    ['conn', 'new', 'template', 'fragment', 'icmp'].map((name) => `forward_${name}`),
    ['real_gone', 'ttl', 'truncated', 'nexthop'].map((name) => `drop_${name}`),
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
      rig.apply(fewer ? FEWER : SERVICES)
      world = worlds[fewer ? 1 : 0] as World
    }
  }
  const reasons = rig.reasons()
  expect(sum(reasons)).toBe(BigInt(FRAMES))
  expect(
    MUST_COME.filter((reason) => (reasons[reason] ?? 0n) < 100n),
    `seed ${dice.seed}`,
  ).toEqual([])
  expect(counters(rig), `seed ${dice.seed}`).toEqual(census(rig))
})
