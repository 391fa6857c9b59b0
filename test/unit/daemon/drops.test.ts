// SPDX-License-Identifier: Apache-2.0
import { describe, expect, it } from 'vitest'
import { PLAIN } from '../../../src/cli/look.js'
import { dropsLines } from '../../../src/cli/views/drops.js'
import { Drops } from '../../../src/daemon/drops.js'
import { serviceOf, snapshotOf } from '../metrics/given.js'

type Counts = Readonly<Record<string, number>>

interface Given {
  readonly [key: string]: Counts
}
const WEB = 'tcp 192.0.2.10:80'
const DNS = 'udp 192.0.2.10:53'
const IDS: Readonly<Record<string, number>> = { [WEB]: 1, [DNS]: 2 }

/** Services with what they counted; `more`: what nobody of them has, but the interfaces do. */
function counted(services: Given, more: Counts = {}) {
  const all: Record<string, number> = { ...more }
  for (const counts of Object.values(services))
    for (const [reason, packets] of Object.entries(counts)) all[reason] = (all[reason] ?? 0) + packets
  const big = (counts: Counts) =>
    Object.fromEntries(Object.entries(counts).map(([reason, packets]) => [reason, BigInt(packets)]))
  return snapshotOf({
    services: Object.entries(services).map(([key, counts]) =>
      serviceOf({ id: IDS[key] ?? 9, key, reasons: big(counts) }),
    ),
    reasons: Object.fromEntries(
      Object.entries(all).map(([reason, packets]) => [
        reason,
        { packets: BigInt(packets), bytes: BigInt(packets) * 60n },
      ]),
    ),
  })
}

function begun(services: Given = {}, more: Counts = {}): Drops {
  const drops = new Drops()
  drops.prime(counted(services, more))
  return drops
}

const brief = (drops: Drops, services: Given, more: Counts = {}) =>
  drops
    .rows(counted(services, more), {})
    .map(({ reason, service, packets, rate }) => [reason, service ?? '-', packets, rate])

describe('drops', () => {
  it('come worst rate first, then by packets; what the host got comes after them', () => {
    const before = { [WEB]: { drop_no_real: 9000 }, [DNS]: { drop_no_real: 50, drop_mtu: 10 } }
    const drops = begun(before)
    const now = {
      [WEB]: { drop_no_real: 9000, pass_no_conn: 5000 },
      [DNS]: { drop_no_real: 130, drop_mtu: 10, answer_ttl: 10 },
    }
    drops.tick(counted(now))
    expect(brief(drops, now)).toEqual([
      ['drop_no_real', DNS, 130, 10],
      ['answer_ttl', DNS, 10, 1.3],
      ['drop_no_real', WEB, 9000, 0],
      ['drop_mtu', DNS, 10, 0],
      ['pass_no_conn', WEB, 5000, 625],
    ])
  })

  it('are what clients miss: nothing that is forwarded, served here or not for a service', () => {
    const fine = { forward_conn: 7, forward_new: 7, pass_local_real: 7, pass_peer: 7, pass_bypass: 7 }
    expect(brief(begun(), { [WEB]: fine }, { pass_not_vip: 9, pass_not_ip: 9, pass_icmp_query: 9 })).toEqual(
      [],
    )
  })

  it('of one service are those of that service', () => {
    const now = { [WEB]: { drop_no_real: 1 }, [DNS]: { drop_no_real: 2 } }
    const rows = begun().rows(counted(now, { drop_truncated: 3 }), { service: DNS })
    expect(rows.map(({ service, packets }) => [service, packets])).toEqual([[DNS, 2]])
    expect(rows[0]?.about).toContain('xlvs show reals')
  })

  it('that no service has counted stand without one', () => {
    const now = { [WEB]: { drop_no_real: 4 } }
    const drops = begun({ [WEB]: {} })
    drops.tick(counted(now, { drop_truncated: 8, pass_no_service: 16 }))
    expect(brief(drops, now, { drop_truncated: 8, pass_no_service: 16 })).toEqual([
      ['drop_truncated', '-', 8, 1],
      ['drop_no_real', WEB, 4, 0.5],
      ['pass_no_service', '-', 16, 2],
    ])
  })

  it('of a service that is deleted go with it; what comes for it later stands without one', () => {
    const drops = begun({ [WEB]: {} })
    drops.tick(counted({ [WEB]: { drop_no_real: 100 } }))
    expect(brief(drops, {}, { drop_no_real: 100 })).toEqual([])
    drops.tick(counted({}, { drop_no_real: 100, drop_real_gone: 8 }))
    expect(brief(drops, {}, { drop_no_real: 100, drop_real_gone: 8 })).toEqual([
      ['drop_real_gone', '-', 8, 1],
    ])
  })

  it('of a service whose id is another one now are not its own', () => {
    const drops = begun({ [WEB]: {} })
    drops.tick(counted({ [WEB]: { drop_no_real: 100 } }))
    const other = snapshotOf({
      services: [serviceOf({ id: 1, key: DNS, reasons: { drop_no_real: 120n } })],
      reasons: { drop_no_real: { packets: 220n, bytes: 0n } },
    })
    drops.tick(other)
    expect(drops.rows(other, {})).toMatchObject([{ service: DNS, packets: 120, rate: 15 }])
  })

  it("of a service that counts from zero again do not become nobody's", () => {
    const drops = begun({ [WEB]: {} })
    drops.tick(counted({ [WEB]: { drop_no_real: 100 } }))
    const anew = { [WEB]: { drop_no_real: 8 } }
    drops.tick(counted(anew, { drop_no_real: 100 }))
    expect(brief(drops, anew, { drop_no_real: 100 })).toEqual([['drop_no_real', WEB, 8, 1]])
  })

  it("that were counted before the daemon started are no rate, and those of services of before are nobody's", () => {
    const drops = begun({ [WEB]: { drop_no_real: 1000 } }, { drop_no_real: 500, drop_truncated: 9 })
    drops.tick(counted({ [WEB]: { drop_no_real: 1000 } }, { drop_no_real: 500, drop_truncated: 9 }))
    expect(brief(drops, { [WEB]: { drop_no_real: 1000 } }, { drop_no_real: 500, drop_truncated: 9 })).toEqual(
      [
        ['drop_no_real', WEB, 1000, 0],
        ['drop_truncated', '-', 9, 0],
      ],
    )
  })
})

describe('rates', () => {
  it('go a quarter of the way every two seconds, up and down', () => {
    const drops = begun({ [WEB]: {} })
    const now = { [WEB]: { drop_no_real: 160 } }
    const seen: number[] = []
    for (let i = 0; i < 4; i++) {
      drops.tick(counted(now))
      seen.push(drops.rows(counted(now), {})[0]?.rate ?? -1)
    }
    expect(seen).toEqual([20, 15, 11.3, 8.4])
  })

  it('are not moved by looking', () => {
    const drops = begun({ [WEB]: {} })
    const now = { [WEB]: { drop_no_real: 80 } }
    for (let i = 0; i < 5; i++) brief(drops, now)
    drops.tick(counted(now))
    expect(brief(drops, now)).toEqual([['drop_no_real', WEB, 80, 10]])
  })
})

describe('show drops', () => {
  it('says of each what it means, and keeps apart what the host got', () => {
    const now = { [WEB]: { drop_defence: 1234, pass_ftp_data: 2 } }
    const drops = begun({ [WEB]: {} })
    drops.tick(counted(now))
    expect(`\n${dropsLines(drops.rows(counted(now), {}), PLAIN).join('\n')}\n`).toBe(`
REASON         SERVICE            RATE/S  PACKETS  WHAT IT MEANS
drop_defence   tcp 192.0.2.10:80     154    1,234  a defence mode is on; with mode 1 or 2 memory is short (amemthresh): xlvs tune shows it, xlvs tune drop_packet=0 ends it
not dropped, left to this host's stack:
pass_ftp_data  tcp 192.0.2.10:80     0.3        2  active FTP, which IPVS never schedules either
`)
  })

  it('has no lines when nothing ended badly', () => expect(dropsLines([], PLAIN)).toEqual([]))
})
