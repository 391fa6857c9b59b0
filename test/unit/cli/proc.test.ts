// SPDX-License-Identifier: Apache-2.0
// The files of /proc/net, line by line as Linux 6.1 wrote them for the same services and connections.
import { describe, expect, it } from 'vitest'
import type { ConnRow, RealRow, ServiceRow, TemplateRow } from '../../../src/api/contract.js'
import { ipVsConnLines, ipVsLines, ipVsStatsLines } from '../../../src/cli/views/proc.js'
import { serviceKey } from '../../../src/model/keys.js'
import type { ServiceMatch } from '../../../src/model/types.js'

const NONE = { active: 0, inactive: 0, persistent: 0, connections: 0, packets: 0, bytes: 0 }
const STILL = {
  rates: { cps: 0, inPps: 0, inBps: 0 },
  sinceZero: { connections: 0, packets: 0, bytes: 0 },
}

function service(match: ServiceMatch, given: Partial<ServiceRow> = {}): ServiceRow {
  const fixed = { scheduler: 'rr', reals: 1, drained: 0, down: 0, quiesced: 0, ...NONE, ...STILL } as const
  return { service: serviceKey(match), match, ...fixed, ...given }
}

function real(of: ServiceRow, address: string, port: number, given: Partial<RealRow> = {}): RealRow {
  const [weight, effectiveWeight] = [1, given.effectiveWeight ?? 1]
  const limits = { upper: 0, lower: 0, overloaded: false }
  const name = { service: of.service, real: `${of.service} > ${address}`, address, port }
  return {
    ...name,
    weight,
    effectiveWeight,
    ...limits,
    ...NONE,
    ...STILL,
    nexthop: { state: 'up' },
    ...given,
  }
}

const at = (port: number, protocol: 'tcp' | 'udp' | 'sctp' = 'tcp') => ({ vip: '10.0.1.1', port, protocol })

describe('ip_vs', () => {
  const sctp = service(at(99, 'sctp'))
  const https = service(at(443), { scheduler: 'wlc', persistence: { timeout: 100, prefix: 24 } })
  const six = service(
    { vip: 'fd00:1::1', port: 80, protocol: 'tcp' },
    { persistence: { timeout: 50, prefix: 64 } },
  )
  const web = service(at(80), { scheduler: 'sh', flags: [1, 2] })
  const any = service(at(0), { persistence: { timeout: 88, prefix: 32 } })
  const dns = service(at(53, 'udp'), { onePacket: true })
  const mark6 = service({ mark: 6, family: 6 }, { persistence: { timeout: 77, prefix: 64 } })
  const mark4 = service({ mark: 6, family: 4 }, { persistence: { timeout: 77, prefix: 32 } })
  const bare = service({ mark: 0xffffffff, family: 4 }, { scheduler: 'none', onePacket: true })

  it('has services of addresses first, then those of marks, real servers under each', () => {
    const services = [mark6, sctp, https, mark4, six, web, bare, any, dns]
    const reals = [
      real(sctp, '10.0.2.1', 99),
      real(https, '10.0.2.1', 443, { active: 1 }),
      real(six, 'fd00:2::1', 80, { active: 1, effectiveWeight: 100_000 }),
      real(web, '10.0.2.2', 80, { effectiveWeight: 2 }),
      real(web, '10.0.2.1', 80, { effectiveWeight: 3, active: 1 }),
      real(any, '10.0.2.1', 0, { active: 1 }),
      real(dns, '10.0.2.1', 53),
      real(mark6, 'fd00:2::1', 80),
      real(mark4, '10.0.2.1', 80, { inactive: 1_234_567_890 }),
    ]
    expect(ipVsLines(services, reals, { size: 4096 })).toEqual([
      'IP Virtual Server version 1.2.1 (size=4096)',
      'Prot LocalAddress:Port Scheduler Flags',
      '  -> RemoteAddress:Port Forward Weight ActiveConn InActConn',
      'SCTP  0A000101:0063 rr  ',
      '  -> 0A000201:0063      Route   1      0          0         ',
      'TCP  0A000101:01BB wlc  persistent 10000 FFFFFF00',
      '  -> 0A000201:01BB      Route   1      1          0         ',
      'TCP  [fd00:0001:0000:0000:0000:0000:0000:0001]:0050 rr persistent 5000 40000000',
      '  -> [fd00:0002:0000:0000:0000:0000:0000:0001]:0050      Route   100000 1          0         ',
      'TCP  0A000101:0050 sh  ',
      '  -> 0A000202:0050      Route   2      0          0         ',
      '  -> 0A000201:0050      Route   3      1          0         ',
      'TCP  0A000101:0000 rr  persistent 8800 FFFFFFFF',
      '  -> 0A000201:0000      Route   1      1          0         ',
      'UDP  0A000101:0035 rr ops  ',
      '  -> 0A000201:0035      Route   1      0          0         ',
      'FWM  00000006 rr persistent 7700 40000000',
      '  -> [fd00:0002:0000:0000:0000:0000:0000:0001]:0050      Route   1      0          0         ',
      'FWM  00000006 rr persistent 7700 FFFFFFFF',
      '  -> 0A000201:0050      Route   1      0          1234567890',
      'FWM  FFFFFFFF none ops ',
    ])
  })

  it('keeps a netmask with holes', () => {
    const holes = { timeout: 1, prefix: 9, mask: '255.0.0.1' }
    expect(ipVsLines([service(at(80), { persistence: holes })], [], { size: 1 })[3]).toBe(
      'TCP  0A000101:0050 rr  persistent 100 FF000001',
    )
  })
})

describe('ip_vs_conn', () => {
  it('has connections and templates alike', () => {
    const conn: ConnRow = {
      ...{ protocol: 'tcp', client: '192.168.0.1', clientPort: 1000, vip: '10.0.1.1', virtualPort: 80 },
      ...{ real: '10.0.2.1', realPort: 80, state: 'ESTABLISHED', expiresIn: 894, controlled: false },
    }
    const udp: ConnRow = {
      ...conn,
      ...{ protocol: 'udp', clientPort: 1001, virtualPort: 54, realPort: 54, state: 'UDP', expiresIn: 294 },
    }
    const template: TemplateRow = {
      ...{ protocol: 'tcp', clientNet: '192.168.0.0', vip: '10.0.1.1', virtualPort: 443, real: '10.0.2.1' },
      ...{ realPort: 443, assured: true, controls: 1, timeout: 100, expiresIn: 94 },
    }
    const six: TemplateRow = {
      ...template,
      ...{ clientNet: 'fc00::', vip: 'fd00:1::1', virtualPort: 80, real: 'fd00:2::1', realPort: 80 },
      ...{ assured: false, expiresIn: 44 },
    }
    const mark: TemplateRow = {
      ...template,
      protocol: 'ip',
      vip: '0.0.0.5',
      virtualPort: 0,
      realPort: 65_535,
    }
    expect(ipVsConnLines([conn, udp], [template, six, mark])).toEqual([
      'Pro FromIP   FPrt ToIP     TPrt DestIP   DPrt State       Expires PEName PEData',
      'TCP C0A80001 03E8 0A000101 0050 0A000201 0050 ESTABLISHED     894',
      'UDP C0A80001 03E9 0A000101 0036 0A000201 0036 UDP             294',
      'TCP C0A80000 0000 0A000101 01BB 0A000201 01BB ASSURED          94',
      'TCP fc00:0000:0000:0000:0000:0000:0000:0000 0000 fd00:0001:0000:0000:0000:0000:0000:0001 0050 fd00:0002:0000:0000:0000:0000:0000:0001 0050 NONE             44',
      'IP  C0A80000 0000 00000005 0000 0A000201 FFFF ASSURED          94',
    ])
  })
})

describe('ip_vs_stats', () => {
  it('has what came in since zero and per second, in hexadecimal', () => {
    const sinceZero = { connections: 6, packets: 9, bytes: 0x17c }
    expect(ipVsStatsLines({ sinceZero, rates: { cps: 0, inPps: 1, inBps: 0x1b }, size: 4096 })).toEqual([
      '   Total Incoming Outgoing         Incoming         Outgoing',
      '   Conns  Packets  Packets            Bytes            Bytes',
      '       6        9        0              17C                0',
      '',
      ' Conns/s   Pkts/s   Pkts/s          Bytes/s          Bytes/s',
      '       0        1        0               1B                0',
    ])
  })
})
