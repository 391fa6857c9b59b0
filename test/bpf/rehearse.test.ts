// SPDX-License-Identifier: Apache-2.0
// A rehearsal says what the packet then does, and changes nothing; packets.test.ts holds it to its table of cases too.
import fc from 'fast-check'
import { beforeAll, describe, expect, onTestFinished, test } from 'vitest'
import type { Real, SchedulerName } from '../../src/model/types.js'
import { VIP, VIP6 } from '../packets/case.js'
import { frame, sctp, type Transport, tcp, udp } from '../packets/frames.js'
import { type Draft, MAX_FRAME, nextFrame, seeds } from '../packets/mutate.js'
import { chance, freshSeed } from '../packets/random.js'
import { asksFirst, changed, contents, told } from './agree.js'
import { Rig, type ServiceWords, unwrap } from './rig.js'

const SCHEDULERS: readonly SchedulerName[] = [
  ...(['rr', 'wrr', 'lc', 'wlc', 'lblc', 'lblcr', 'sh', 'dh', 'sed', 'nq', 'fo', 'ovf', 'mh'] as const),
  'twos',
]

/** Every scheduler, protocol and family; thresholds that are reached, persistence, marks, tables that are full. */
const real = (n: number, rest: Partial<Real> = {}): Real => ({ address: `10.0.2.${n}`, weight: 1, ...rest })
const crowd = [real(1, { weight: 3, upper: 30, lower: 8 }), real(2, { upper: 20 }), real(3, { weight: 0 })]
const BUSY: readonly ServiceWords[] = [
  ...SCHEDULERS.map((scheduler, i) => ({ vip: `10.0.1.${i + 1}`, scheduler, reals: [...crowd, real(4)] })),
  ...SCHEDULERS.map((scheduler, i) => ({
    ...{ vip: `10.0.1.${i + 1}`, port: 53, protocol: 'udp' as const, scheduler, reals: crowd },
    ...(i % 3 === 0 && { persistence: { timeout: 20, prefix: 28 } }),
  })),
  { vip: VIP, port: 38_412, protocol: 'sctp', reals: crowd, scheduler: 'mh', flags: [1] },
  { vip: VIP, port: 500, protocol: 'udp', reals: crowd, scheduler: 'sh', flags: [2] },
  { vip: VIP6, reals: ['fd00:2::1', 'fd00:2::2', 'fd00:2::3'], persistence: { timeout: 20, prefix: 124 } },
  { vip: VIP6, port: 53, protocol: 'udp', reals: ['fd00:2::1', 'fd00:2::2'], scheduler: 'sh' },
  { vip: VIP6, port: 38_412, protocol: 'sctp', reals: [] },
  { mark: 6, onePacket: true, reals: [real(1), real(2)], scheduler: 'wrr' },
]
const MARKS = [{ vip: VIP, mark: 6, protocol: 'udp' as const, ports: [443] }]
/** A drain in each stage. */
const STAGES = ['soft', 'move', 'reset'] as const
const drained = (stage: (typeof STAGES)[number]): readonly ServiceWords[] =>
  BUSY.map((service) => ({
    ...service,
    reals: service.reals.map((one, i) =>
      i === 0 && typeof one !== 'string' ? { ...one, weight: 0, drain: stage } : one,
    ),
  }))

async function busy(): Promise<Rig> {
  const rig = await Rig.open({ limits: { connections: 600, templates: 40, reals: 256, services: 64 } })
  onTestFinished(() => rig.close())
  rig.apply(BUSY, MARKS)
  rig.setHop('10.0.2.2', { tags: [{ tpid: 0x8100, vid: 7 }], mtu: 1000 })
  rig.setHop('10.0.2.4', { kind: 'local' })
  rig.setHop('fd00:2::3', { kind: 'unresolved' })
  return rig
}

/** Frames like those of test/bpf/fuzz.test.ts: mostly of flows that meet, some that nobody would send. */
function frames(seed: number) {
  const dice = chance(seed)
  const [all, draft] = [seeds(), { bytes: new Uint8Array(MAX_FRAME + 4096), length: 0 } as Draft]
  const next = () => {
    nextFrame(draft, all, dice)
    const data = draft.bytes.slice(0, draft.length)
    // another VIP, so that each scheduler has its turn
    if (data[14] === 0x45 && data[30] === 10 && data[33] === 1 && dice.once(2)) data[33] = 1 + dice.int(14)
    return data
  }
  return { dice, next }
}

describe('over a busy datapath', () => {
  const seed = freshSeed()
  beforeAll(() => console.info(`XLVS_SEED=${seed}`))

  test('what it says of frames of all kinds is what they then do', async () => {
    const rig = await busy()
    const { dice, next } = frames(seed)
    const wrong: string[] = []
    asksFirst(rig, wrong)
    for (let i = 0; i < 2_500 && wrong.length === 0; i++) {
      rig.send(next())
      if (i % 97 === 0) rig.advance(dice.int(8))
      if (i % 401 === 400) rig.apply(dice.once(2) ? BUSY : drained(dice.pick(STAGES)), MARKS)
      if (i % 503 === 502) rig.datapath.setDefence({ secureTcp: dice.once(2), dropRate: dice.int(3) * 7 })
      if (i % 307 === 306)
        rig.setTunables({
          conn_reuse_mode: dice.int(4),
          expire_nodest_conn: dice.int(2),
          expire_quiescent_template: dice.int(2),
          schedule_icmp: dice.int(2),
          sloppy_tcp: dice.int(2),
        })
    }
    expect(wrong, `seed ${seed}`).toEqual([])
    expect(Object.keys(rig.reasons()).length).toBeGreaterThan(15)
  })

  test('not one byte of any map is another afterwards, whatever was asked', async () => {
    const rig = await busy()
    const { dice, next } = frames(seed)
    for (let round = 0; round < 8; round++) {
      for (let i = 0; i < 1_500; i++) rig.run(next())
      rig.advance(dice.int(4))
      if (round > 3) rig.apply(drained(STAGES[round % 3] ?? 'soft'), MARKS)
      told(rig, next())
      const before = contents(rig)
      const ids = [...rig.datapath.actual().services.values()].flatMap(({ reals }) =>
        reals.map(({ id }) => id),
      )
      for (let i = 0; i < 120; i++) {
        const data = next()
        told(rig, data)
        if (i % 8 === 0) rig.datapath.rehearse(data, 1, [{ real: dice.pick(ids), weight: dice.int(4) }])
      }
      expect(changed(before, contents(rig)), `seed ${seed}, round ${round}`).toEqual([])
    }
  })
})

const CLIENTS = 6
const address = (n: number, six: boolean) => (six ? `fd00:9::${n + 1}` : `198.51.100.${n + 1}`)
const reals = fc.array(
  fc.record({ weight: fc.integer({ min: 0, max: 4 }), upper: fc.constantFrom(0, 2, 5) }),
  { minLength: 1, maxLength: 5 },
)
const scenario = fc.record({
  six: fc.boolean(),
  protocol: fc.constantFrom('tcp' as const, 'udp' as const, 'sctp' as const),
  scheduler: fc.constantFrom(...SCHEDULERS),
  persistent: fc.boolean(),
  reals,
  packets: fc.array(
    fc.record({
      client: fc.integer({ min: 0, max: CLIENTS - 1 }),
      port: fc.integer({ min: 1024, max: 1026 }),
      flags: fc.constantFrom('S', 'S', 'A', 'FA', 'R', 'SA', ''),
      wait: fc.constantFrom(0, 0, 0, 1, 70),
    }),
    { minLength: 1, maxLength: 25 },
  ),
})
type Scenario = typeof scenario extends fc.Arbitrary<infer T> ? T : never
type Packet = Scenario['packets'][number]

function serviceOf({ six, protocol, scheduler, persistent, reals: list }: Scenario): ServiceWords {
  return {
    ...{ vip: six ? VIP6 : VIP, port: 80, protocol, scheduler },
    ...(persistent && { persistence: { timeout: 50, prefix: six ? 128 : 32 } }),
    reals: list.map((terms, i) => ({ address: six ? `fd00:2::${i + 1}` : `10.0.2.${i + 1}`, ...terms })),
  }
}

function frameOf({ six, protocol }: Scenario, { client, port, flags }: Packet): Uint8Array {
  const payload: Transport =
    protocol === 'tcp' ? tcp(port, 80, flags) : protocol === 'udp' ? udp(port, 80) : sctp(port, 80, ['init'])
  return frame({ src: address(client, six), dst: six ? VIP6 : VIP, payload })
}

describe('of services that nobody has thought of', () => {
  test('it says what packets of any flow then do', async () => {
    const rig = await Rig.open({ limits: { connections: 64, templates: 16, reals: 256, services: 64 } })
    onTestFinished(() => rig.close())
    const wrong: string[] = []
    asksFirst(rig, wrong)
    fc.assert(
      fc.property(scenario, (given) => {
        rig.reset()
        rig.apply([serviceOf(given)])
        for (const packet of given.packets) {
          rig.advance(packet.wait)
          rig.send(frameOf(given, packet))
        }
        expect(wrong.splice(0)).toEqual([])
      }),
      { numRuns: 120 },
    )
  })

  test('what if is what comes of the change, and without the chosen one the runner-up is chosen', async () => {
    const rig = await Rig.open({ limits: { connections: 64, templates: 16, reals: 256, services: 64 } })
    onTestFinished(() => rig.close())
    const which = fc.record({ at: fc.nat(), weight: fc.integer({ min: 0, max: 4 }), chosen: fc.boolean() })
    fc.assert(
      fc.property(scenario, which, (given, { at, weight, chosen }) => {
        fc.pre(given.scheduler !== 'twos')
        rig.reset()
        rig.apply([])
        rig.apply([serviceOf(given)])
        for (const packet of given.packets) rig.send(frameOf(given, packet))
        const asked = frameOf(given, { client: CLIENTS, port: 2000, flags: 'S', wait: 0 })
        const first = unwrap(rig.datapath.rehearse(asked, 1))
        const list = rig.datapath.actual().services.values().next().value?.reals ?? []
        const subject = (chosen ? first.choice?.to?.real : undefined) ?? list[at % list.length]
        const change = { real: subject?.id ?? 0, weight: chosen ? 0 : weight }
        const said = unwrap(rig.datapath.rehearse(asked, 1, [change]))
        const service = serviceOf(given)
        const done = service.reals.map((one) =>
          typeof one !== 'string' && one.address === subject?.address
            ? { ...one, weight: change.weight }
            : one,
        )
        rig.apply([{ ...service, reals: done }])
        const then = unwrap(rig.datapath.rehearse(asked, 1))
        const of = (one: typeof then) => [one.reason, one.real?.real.address, one.choice?.pick, one.action]
        expect(of(said)).toEqual(of(then))
        if (chosen && first.choice?.to) expect(said.choice?.to?.real.id).not.toBe(first.choice.to.real.id)
      }),
      { numRuns: 80 },
    )
  })
})
