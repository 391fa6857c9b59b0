// SPDX-License-Identifier: Apache-2.0
// Real servers asked through VIPs: who is asked, how many at once, and what follows from each answer.
import { once } from 'node:events'
import { type AddressInfo, createServer } from 'node:net'
import { openSocket } from 'libbpf-ts'
import { describe, expect, it } from 'vitest'
import type { HealthRow } from '../../../src/api/contract.js'
import { askThrough, type ProbePath } from '../../../src/doctor/ask.js'
import type { Pair, Through } from '../../../src/doctor/facts.js'
import { gather } from '../../../src/doctor/gather.js'
import { pairsOf } from '../../../src/doctor/pairs.js'
import { judgeThrough } from '../../../src/doctor/through.js'
import type { Answer } from '../../../src/model/checks.js'
import { fail, succeed } from '../../../src/model/describe.js'
import type { Desired } from '../../../src/model/types.js'
import { answering, desired, facts, NO_DAEMON, real, VIP } from './given.js'
import { WISH, world } from './world.js'

const PAIR: Pair = { service: `tcp ${VIP}:80`, protocol: 'tcp', vip: VIP, port: 80, real: '192.0.2.21' }

function row(answer: Answer | undefined, via: 'vip' | 'real' = 'vip'): HealthRow {
  const check: HealthRow['checks'][number] = {
    kind: 'tcp',
    via,
    target: '',
    state: 'up',
    doing: 'resting',
    inARow: 1,
    nextIn: 0,
    ...(answer && { last: answer }),
  }
  return {
    ...{ service: PAIR.service, real: `${PAIR.service} > ${PAIR.real}`, address: PAIR.real, weight: 1 },
    ...{ standing: { up: true, reason: 'healthy' }, effectiveWeight: 1, passive: false, checks: [check] },
  }
}

const BAD = { good: false, took: 1, detail: 'why' } as const

describe('who is asked', () => {
  it('is every real server with weight of a service with a VIP', () => {
    const reals = [
      { address: PAIR.real, weight: 1 },
      { address: '192.0.2.22', weight: 0 },
    ]
    const common = { scheduler: 'rr', owner: 'file', reals } as const
    const services: Desired['services'] = [
      { ...common, vip: VIP, port: 80, protocol: 'tcp' },
      { ...common, mark: 6, family: 4 },
    ]
    const all = { ...desired, services }
    expect(pairsOf(all, NO_DAEMON)).toEqual({ known: [], unknown: [PAIR] })
    expect(pairsOf(undefined, NO_DAEMON)).toEqual({ known: [], unknown: [] })
  })

  it.each([
    [{ good: true, took: 1 } as Answer, 'answers'],
    [{ ...BAD, reason: 'status' } as Answer, 'answers'],
    [{ ...BAD, reason: 'vip-missing' } as Answer, 'vip-missing'],
    [{ ...BAD, reason: 'refused' } as Answer, 'refused'],
    [{ ...BAD, reason: 'timeout' } as Answer, 'silent'],
    [{ ...BAD, reason: 'unreachable' } as Answer, 'unreachable'],
    [{ ...BAD, reason: 'cannot-check' } as Answer, 'not-asked'],
  ])('is not who the daemon asks through the VIP: %j is %s', (answer, said) => {
    const daemon = { ...answering(), health: [row(answer)] }
    expect(pairsOf(desired, daemon)).toMatchObject({ known: [{ ...PAIR, said }], unknown: [] })
  })

  it('is who the daemon asks elsewhere, or has not asked yet', () => {
    for (const health of [[row({ good: true, took: 1 }, 'real')], [row(undefined)], []])
      expect(pairsOf(desired, { ...answering(), health })).toEqual({ known: [], unknown: [PAIR] })
  })
})

/** Sockets of this host: a marked one comes to the real server's own address, for nothing carries it. */
function path(
  different: Partial<ProbePath> = {},
): ProbePath & { readonly held: Set<number>; readonly most: () => number } {
  const held = new Set<number>()
  let [next, most] = [1, 0]
  return {
    held,
    most: () => most,
    target: () => {
      held.add(next)
      most = Math.max(most, held.size)
      return succeed(next++)
    },
    release: (mark) => void held.delete(mark),
    attach: () => succeed(undefined),
    socket: (spec) => succeed(openSocket(spec)),
    displaced: () => false,
    close: () => {},
    ...different,
  }
}

describe('asking', () => {
  const TERMS = { atOnce: 4, patience: 20_000, total: 60_000 }

  it('goes so many at once and no more, keeps the order, and gives back every mark', async () => {
    const server = createServer((socket) => void socket.on('error', () => {})).listen(0, '127.0.0.1')
    await once(server, 'listening')
    const { port } = server.address() as AddressInfo
    const pairs = Array.from({ length: 30 }, (_, i) => ({ ...PAIR, port, real: `127.0.0.${i + 1}` }))
    const listens = (address: string) => address === '127.0.0.1'
    const one = path()
    const asked = await askThrough(one, pairs, TERMS)
    server.close()
    expect(asked.map(({ real: address }) => address)).toEqual(pairs.map(({ real: address }) => address))
    expect(
      asked.every(({ said, real: address }) => said === (listens(address) ? 'answers' : 'refused')),
    ).toBe(true)
    expect([one.held.size, one.most()]).toEqual([0, 4])
  })

  it('ends in time: who is left is not asked', async () => {
    const asked = await askThrough(path(), [PAIR, PAIR], { ...TERMS, total: 0 })
    expect(asked).toMatchObject([
      { said: 'not-asked' },
      { said: 'not-asked', detail: 'there was no time left' },
    ])
  })

  it('believes no silence and no refusal when another process has taken its place', async () => {
    const asked = await askThrough(
      path({ displaced: () => true }),
      [{ ...PAIR, real: '127.0.0.9', port: 1 }],
      TERMS,
    )
    expect(asked).toMatchObject([{ said: 'not-asked', detail: expect.stringContaining('daemon') }])
  })

  it('tells what is in the way of a question', async () => {
    const full = path({ target: () => fail({ reason: 'full' }) })
    expect(await askThrough(full, [PAIR], TERMS)).toEqual([{ ...PAIR, said: 'not-asked', detail: 'full' }])
  })

  it('is not done unless it is wished, and tells where it is not possible', async () => {
    const daemon = async () => answering()
    expect((await gather(world({ daemon }), WISH)).through).toBeUndefined()
    const { through } = await gather(world({ daemon }), { ...WISH, probe: true })
    expect(through).toEqual([{ ...PAIR, said: 'not-asked', detail: 'there is no kernel here' }])
  })

  it('closes what it opened, also where no interface takes it', async () => {
    const closed: string[] = []
    const probes = async () =>
      succeed(path({ attach: () => fail({ reason: 'no tc' }), close: () => void closed.push('closed') }))
    const { through } = await gather(world({ daemon: async () => answering(), probes }), {
      ...WISH,
      probe: true,
    })
    expect(through).toMatchObject([{ said: 'not-asked', detail: 'no tc' }])
    expect(closed).toEqual(['closed'])
  })
})

describe('a real server', () => {
  const judged = (through: readonly Partial<Through>[], rows = [real()]) =>
    judgeThrough(
      facts({
        through: through.map((one) => ({ ...PAIR, said: 'answers', ...one })),
        daemon: answering({}, rows),
      }),
    ).map(({ level, subject, says, advice }) => [level, subject, says, advice])

  it('that answers is green', () => {
    expect(judged([{}, {}])).toEqual([['green', undefined, '2 of 2 answer at the VIP', undefined]])
    expect(judgeThrough(facts())).toEqual([])
  })

  it('that lacks VIPs is red once, with the command for all of them', () => {
    const other = '192.0.2.11'
    expect(
      judged([{ said: 'vip-missing' }, { said: 'vip-missing', vip: other }, { said: 'vip-missing' }]),
    ).toEqual([
      [
        'red',
        PAIR.real,
        `answers at its own address, not at ${VIP}, ${other}: the VIP is not on its loopback`,
        `there: xlvs realserver setup --vip ${VIP},${other} --apply`,
      ],
    ])
  })

  it('that refuses is red while clients are sent there', () => {
    const says = `refuses tcp ${VIP}:80: nothing listens there`
    const level = (rows: Parameters<typeof judged>[1]) => judged([{ said: 'refused' }], rows)[0]?.slice(0, 3)
    expect(level([real()])).toEqual(['red', PAIR.real, says])
    expect(level([])).toEqual(['red', PAIR.real, says])
    const out = [real({ effectiveWeight: 0 })]
    expect(level(out)).toEqual(['yellow', PAIR.real, `${says}, and no new clients are sent`])
  })

  it('that is silent is yellow, unless it is known as lost, or UDP', () => {
    const silent: Partial<Through> = { said: 'silent', detail: 'no answer' }
    expect(judged([silent])).toMatchObject([
      ['yellow', PAIR.real, expect.stringContaining('no answer'), expect.stringContaining('look')],
    ])
    expect(judged([silent], [real({ nexthop: { state: 'unresolved', why: 'x' } })])).toEqual([])
    expect(judged([{ ...silent, protocol: 'udp' }, {}])).toEqual([
      ['green', undefined, '1 of 2 answer at the VIP; 1 of UDP say nothing, which tells nothing', undefined],
    ])
  })

  it('that is not asked is yellow, once for each reason', () => {
    const because = (detail: string): Partial<Through> => ({ said: 'not-asked', detail })
    expect(judged([because('a'), because('b'), because('a'), {}])).toEqual([
      ['yellow', undefined, '2 of 4 are not asked: a', undefined],
      ['yellow', undefined, '1 of 4 are not asked: b', undefined],
      ['green', undefined, '1 of 4 answer at the VIP', undefined],
    ])
  })
})
