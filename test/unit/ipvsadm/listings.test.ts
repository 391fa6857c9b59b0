// SPDX-License-Identifier: Apache-2.0
// Lines that carry numbers, as ipvsadm prints them: what an idle table cannot show.
import { describe, expect, it } from 'vitest'
import { connLines, connOf } from '../../../src/cli/ipvsadm/list/conns.js'
import { endpointTexts } from '../../../src/cli/ipvsadm/list/endpoints.js'
import { large } from '../../../src/cli/ipvsadm/list/large.js'
import { compareReals, compareServices, inOrder } from '../../../src/cli/ipvsadm/list/order.js'
import { saveLines } from '../../../src/cli/ipvsadm/list/save.js'
import { tableLines } from '../../../src/cli/ipvsadm/list/table.js'
import { viewOf } from '../../../src/cli/ipvsadm/list/views.js'
import { systemNames } from '../../../src/cli/ipvsadm/names.js'
import type { OptionName } from '../../../src/cli/ipvsadm/words.js'
import type { ServiceMatch } from '../../../src/model/types.js'
import { connRow, realRow, serviceRow, templateRow, WEB } from './rows.js'

const numeric = await endpointTexts([], true, systemNames())

function listed(service = serviceRow(), reals = [realRow('10.0.2.1')], ...options: OptionName[]) {
  return tableLines([{ service, reals }], viewOf(new Set(options)), numeric)
}

const BUSY = {
  sinceZero: { connections: 10, packets: 123_456_789, bytes: 1_234_567_890 },
  rates: { cps: 12, inPps: 123_456_789, inBps: 123_456_789_012 },
}

describe('large numbers', () => {
  it.each([
    [0, '        0'],
    [99_999_999, ' 99999999'],
    [100_000_000, '  100000K'],
    [999_999_999, '  999999K'],
    [1_000_000_000, '    1000M'],
    [99_999_999_999, '   99999M'],
    [100_000_000_000, '     100G'],
    [99_999_999_999_999, '   99999G'],
    [100_000_000_000_000, '     100T'],
    [9_007_199_254_740_991, '    9007T'],
  ])('%d is cut to %j', (value, text) => {
    expect(large(value, false)).toBe(text)
  })

  it.each([
    [7, '        7'],
    [99_999_999, ' 99999999'],
    [123_456_789, ' 123456789'],
    [9_007_199_254_740_991, ' 9007199254740991'],
  ])('%d stays whole when it shall be exact', (value, text) => {
    expect(large(value, true)).toBe(text)
  })
})

describe('the table', () => {
  it('shows weights and connections in columns, with blanks behind the last', () => {
    const reals = [realRow('10.0.2.1', { effectiveWeight: 65_536, active: 12, inactive: 3 })]
    expect(listed(serviceRow(), reals)).toEqual([
      'Prot LocalAddress:Port Scheduler Flags',
      '  -> RemoteAddress:Port           Forward Weight ActiveConn InActConn',
      'TCP  10.0.1.1:80 rr',
      '  -> 10.0.2.1:80                  Route   65536  12         3         ',
    ])
  })

  it('shows persistent connections and thresholds', () => {
    const reals = [
      realRow('10.0.2.3', { persistent: 2, active: 6, upper: 3, lower: 2 }),
      realRow('10.0.2.4', { effectiveWeight: 0, weight: 1 }),
    ]
    expect(listed(serviceRow(), reals, 'persistent-conn').slice(3)).toEqual([
      '  -> 10.0.2.3:80                  1         2           6          0         ',
      '  -> 10.0.2.4:80                  0         0           0          0         ',
    ])
    expect(listed(serviceRow(), reals, 'thresholds').at(3)).toBe(
      '  -> 10.0.2.3:80                  3          2          6          0         ',
    )
  })

  it('shows what came in since -Z, and nothing that goes out', () => {
    const [service, reals] = [serviceRow(WEB, BUSY), [realRow('10.0.2.1', BUSY)]]
    expect(listed(service, reals, 'stats')).toEqual([
      'Prot LocalAddress:Port               Conns   InPkts  OutPkts  InBytes OutBytes',
      '  -> RemoteAddress:Port',
      'TCP  10.0.1.1:80                        10  123456K        0    1234M        0',
      '  -> 10.0.2.1:80                        10  123456K        0    1234M        0',
    ])
    expect(listed(service, reals, 'stats', 'exact').at(2)).toBe(
      'TCP  10.0.1.1:80                        10 123456789        0 1234567890        0',
    )
  })

  it('cuts rates of packets of a service, but not of a real server', () => {
    const [service, reals] = [serviceRow(WEB, BUSY), [realRow('10.0.2.1', BUSY)]]
    expect(listed(service, reals, 'rate').slice(2)).toEqual([
      'TCP  10.0.1.1:80                        12  123456K        0     123G        0',
      '  -> 10.0.2.1:80                        12 123456789        0     123G        0',
    ])
  })
})

describe('connections', () => {
  it('stand among templates as the kernel lists them', () => {
    const rows = [
      connOf(templateRow()),
      connOf(templateRow({ assured: true, expiresIn: 6_005 })),
      connOf(templateRow({ protocol: 'ip', vip: '0.0.0.5', virtualPort: 0, realPort: 0 })),
      connRow({ client: 'fd01::1', vip: 'fd00:1::1', real: 'fd00:2::1' }),
      connRow({ protocol: 'sctp', state: 'ESTABLISHED', expiresIn: 899.9 }),
    ]
    expect(connLines(rows, false, numeric)).toEqual([
      'IPVS connection entries',
      'pro expire state       source             virtual            destination',
      'TCP 01:39  NONE        192.168.0.1:0      10.0.1.1:80        10.0.2.1:80',
      'TCP 100:05 ASSURED     192.168.0.1:0      10.0.1.1:80        10.0.2.1:80',
      'IP  01:39  NONE        192.168.0.1:0      0.0.0.5:0          10.0.2.1:0',
      'TCP 00:59  SYN_RECV    [fd01::1]:1000     [fd00:1::1]:80     [fd00:2::1]:80',
      'SCTP 14:59  ESTABLISHED 192.168.0.1:1000   10.0.1.1:80        10.0.2.1:80',
    ])
  })

  it('have two columns more with --persistent-conn, empty where there is no engine', () => {
    expect(connLines([connRow()], true, numeric).slice(1)).toEqual([
      'pro expire state       source             virtual            destination        pe name          pe_data',
      'TCP 00:59  SYN_RECV    192.168.0.1:1000   10.0.1.1:80        10.0.2.1:80',
    ])
  })
})

describe('the order', () => {
  it('is mark, family, protocol, address, port, by the sign of unsigned differences', () => {
    const matches: readonly ServiceMatch[] = [
      { mark: 4_294_967_295, family: 4 },
      { vip: '255.255.255.255', port: 81, protocol: 'tcp' },
      { vip: '10.0.0.1', port: 83, protocol: 'tcp' },
      { vip: '10.0.1.1', port: 80, protocol: 'tcp' },
      { vip: '10.0.1.1', port: 443, protocol: 'tcp' },
      { vip: '10.0.0.1', port: 53, protocol: 'udp' },
      { vip: '10.0.0.1', port: 53, protocol: 'sctp' },
      { vip: 'fd00:1::1', port: 0, protocol: 'tcp' },
      { vip: 'ff02::1', port: 81, protocol: 'tcp' },
      { vip: '::1', port: 81, protocol: 'tcp' },
      { mark: 6, family: 4 },
      { mark: 6, family: 6 },
      { mark: 7, family: 4 },
    ]
    const rows = matches.map((match) => serviceRow(match))
    expect(inOrder([...rows].reverse(), compareServices).map(({ match }) => match)).toEqual(matches)
  })

  it('of real servers is address, port', () => {
    const rows = [realRow('10.0.2.9', { port: 1 }), realRow('10.0.2.10'), realRow('10.0.2.10', { port: 81 })]
    expect(inOrder([...rows].reverse(), compareReals)).toEqual(rows)
  })
})

describe('what is saved', () => {
  it('says the weight that is in force, under the options of each kind of service', () => {
    const groups = [
      {
        service: serviceRow(WEB, {
          scheduler: 'sh',
          flags: [1, 2],
          persistence: { timeout: 360, prefix: 24 },
        }),
        reals: [realRow('10.0.2.1', { weight: 5, effectiveWeight: 0 })],
      },
      {
        service: serviceRow(
          { mark: 4_294_967_295, family: 6 },
          { onePacket: true, persistence: { timeout: 9, prefix: 64 } },
        ),
        reals: [realRow('fd00:2::1', { port: 0 })],
      },
    ]
    expect(saveLines(groups, numeric)).toEqual([
      '-A -t 10.0.1.1:80 -s sh -p 360 -M 255.255.255.0 -b sh-fallback,sh-port',
      '-a -t 10.0.1.1:80 -r 10.0.2.1:80 -g -w 0',
      '-A -f -1 -6 -s rr -p 9 -M 64 -o',
      '-a -f -1 -6 -r [fd00:2::1]:0 -g -w 1',
    ])
  })
})
