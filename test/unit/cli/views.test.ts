// SPDX-License-Identifier: Apache-2.0
// What people see, whole, as text: a change of these pictures is a change of the product.

import { describe, expect, it } from 'vitest'
import type {
  ConnRow,
  DrainRow,
  InterfaceRow,
  RealRow,
  ServiceRow,
  Status,
  TemplateRow,
  TunableRow,
} from '../../../src/api/contract.js'
import { PLAIN } from '../../../src/cli/look.js'
import { drainsLines } from '../../../src/cli/views/drains.js'
import {
  connsLines,
  interfacesLines,
  nexthopsLines,
  reasonsLines,
  templatesLines,
} from '../../../src/cli/views/listings.js'
import { planLines } from '../../../src/cli/views/plan.js'
import {
  realRatesLines,
  realsLines,
  serviceRatesLines,
  servicesLines,
} from '../../../src/cli/views/services.js'
import { marksLines, tunablesLines } from '../../../src/cli/views/settings.js'
import { statusLines } from '../../../src/cli/views/status.js'
import type { Preview } from '../../../src/model/preview.js'
import type { MarkRule } from '../../../src/model/types.js'

const look = { ...PLAIN, columns: 80 }
const text = (lines: readonly string[]) => `\n${lines.join('\n')}\n`

const WEB = 'tcp 192.0.2.10:80'

const real = (given: Partial<RealRow>): RealRow => ({
  service: WEB,
  address: '192.0.2.21',
  port: 80,
  weight: 1,
  effectiveWeight: 1,
  upper: 0,
  lower: 0,
  overloaded: false,
  rates: { cps: 1, inPps: 12_345, inBps: 98_765_432 },
  sinceZero: { connections: 1, packets: 2, bytes: 3 },
  active: 12,
  inactive: 345,
  persistent: 0,
  connections: 12_345,
  packets: 9_876_543,
  bytes: 12_345_678_901,
  nexthop: { state: 'up', mac: '02:00:00:00:00:21', interface: 'eth0' },
  ...given,
  real: given.real ?? `${given.service ?? WEB} > ${given.address ?? '192.0.2.21'}`,
})

const service = {
  service: 'tcp 192.0.2.10:80',
  match: { vip: '192.0.2.10', port: 80, protocol: 'tcp' },
  rates: { cps: 3, inPps: 37_035, inBps: 296_296_296 },
  sinceZero: { connections: 1, packets: 2, bytes: 3 },
  scheduler: 'wrr',
  persistence: { timeout: 300, prefix: 24 },
  name: 'web',
  owner: 'file',
  reals: 3,
  drained: 0,
  down: 0,
  quiesced: 0,
  active: 36,
  inactive: 1035,
  persistent: 0,
  connections: 37_035,
  packets: 29_629_629,
  bytes: 37_037_036_703,
} as const

const eth0: InterfaceRow = {
  name: 'eth0',
  ifindex: 2,
  mac: '02:00:00:00:00:01',
  mode: 'native',
  driver: 'virtio_net',
  programId: 9,
  packets: { pass: 1_234, tx: 29_000_000, redirect: 629_629, drop: 7 },
  bytes: { pass: 1, tx: 2, redirect: 3, drop: 4 },
}

const status: Status = {
  version: '0.1.0',
  pid: 4711,
  startedAt: 1_000_000,
  file: '/etc/xlvs/lb.yaml',
  reload: { at: 1_000_000 + 60_000, ok: true, problems: [] },
  generation: 3,
  vrrp: [],
  adopted: true,
  pinRoot: '/sys/fs/bpf/xlvs',
  stateDir: '/var/lib/xlvs',
  metrics: 'http://127.0.0.1:9612/metrics',
  services: 2,
  reals: 5,
  quiesced: 1,
  drained: 0,
  down: 0,
  unresolved: 0,
  interfaces: [eth0],
  tables: [
    { name: 'conn4', entries: 1_071, capacity: 1_048_576 },
    { name: 'conn6', entries: 0, capacity: 1_048_576 },
    { name: 'template', entries: 65_000, capacity: 65_536 },
  ],
  totals: {},
  limits: { connections: 1, templates: 1, services: 1, reals: 1, interfaces: 1, ifindex: 1 },
}

describe('status', () => {
  it('says who runs, on what, how much room is left, and what needs attention', () => {
    expect(text(statusLines(status, look, 1_000_000 + 11_520_000))).toBe(`
xlvs 0.1.0 has been running for 3 h 12 min (pid 4711)
from       /etc/xlvs/lb.yaml, read 3 h 11 min ago
serving    2 services, 5 real servers (1 with weight 0)
maps       /sys/fs/bpf/xlvs, taken over at the start
metrics    http://127.0.0.1:9612/metrics
attention  table template is almost full; raise limits in the file

INTERFACE  MODE    DRIVER      MAC                FORWARDED  PASSED  DROPPED
eth0       native  virtio_net  02:00:00:00:00:01      29.6M   1,234        7

TABLE     IN USE   ROOM FOR   FULL
conn4      1,071  1,048,576  0.1 %
conn6          0  1,048,576    0 %
template  65,000     65,536   99 %
`)
  })

  it('names what is missing when nothing is balanced', () => {
    const { file: _, reload: __, metrics: ___, ...rest } = status
    const bare = { ...rest, adopted: false, services: 0, reals: 0, quiesced: 0, interfaces: [], tables: [] }
    expect(text(statusLines(bare, look, 1_000_000))).toBe(`
xlvs 0.1.0 has been running for 0 s (pid 4711)
from       the command line
serving    0 services, 0 real servers
maps       /sys/fs/bpf/xlvs
attention  no interface is attached: nothing is balanced; xlvs attach IFACE
attention  there is no service; xlvs add service VIP:PORT --to REALS

`)
  })

  it('shows why the last reload was refused', () => {
    const problems = [
      { place: { file: 'lb.yaml', line: 7, column: 15 }, reason: 'weight 70000 is above 65535' },
    ]
    const lines = statusLines({ ...status, reload: { at: 0, ok: false, problems } }, look, 0)
    expect(lines).toContain(
      'attention  the last reload was refused: lb.yaml:7:15: weight 70000 is above 65535',
    )
  })
})

describe('listings', () => {
  it('show services', () => {
    expect(text(servicesLines([service], look))).toBe(`
SERVICE            NAME  SCHED  PERSIST    REALS  ACTIVE  INACT   CONNS  BYTES
tcp 192.0.2.10:80  web   wrr    300 s /24      3      36  1,035  37,035  37.0G
left out: OWNER, PACKETS (a wider terminal or --json has them)
`)
  })

  it('show reals under their services', () => {
    const rows = [
      real({}),
      real({
        address: '192.0.2.22',
        weight: 3,
        effectiveWeight: 0,
        active: 0,
        nexthop: { state: 'unresolved' },
      }),
      real({ service: 'udp [2001:db8::1]:53', address: '2001:db8::21', nexthop: { state: 'local' } }),
    ]
    expect(text(realsLines(rows, look))).toBe(`
  REAL          NAME  WEIGHT  ACTIVE  INACT  PERSIST   CONNS  BYTES  NEXT HOP
tcp 192.0.2.10:80
  192.0.2.21    -          1      12    345        0  12,345  12.3G  up, eth0
  192.0.2.22    -     0 of 3       0    345        0  12,345  12.3G  unresolved
udp [2001:db8::1]:53
  2001:db8::21  -          1      12    345        0  12,345  12.3G  this host
left out: PACKETS (a wider terminal or --json has them)
`)
  })

  it('show who is drained and who is down, where anybody is', () => {
    const out = { ...service, drained: 1, down: 1, quiesced: 0 }
    expect(servicesLines([out], PLAIN)[1]).toContain('  3 (1 drained, 1 down)  ')
    const rows = [
      real({ standing: { up: true, reason: 'unchecked' } }),
      real({ address: '192.0.2.22', effectiveWeight: 0, standing: { up: false, reason: 'drained' } }),
      real({ address: '192.0.2.23', effectiveWeight: 0, standing: { up: false, reason: 'timeout' } }),
      real({ address: '192.0.2.24', standing: { up: true, reason: 'healthy' } }),
      real({ address: '192.0.2.25', standing: { up: true, reason: 'slow-start' } }),
    ]
    expect(realsLines(rows, PLAIN).map((line) => line.replace(/ +(12 |ACTIVE).*/, ''))).toEqual([
      '  REAL        NAME  WEIGHT  STANDING',
      'tcp 192.0.2.10:80',
      '  192.0.2.21  -          1  -',
      '  192.0.2.22  -     0 of 1  drained',
      '  192.0.2.23  -     0 of 1  down: timeout',
      '  192.0.2.24  -          1  up',
      '  192.0.2.25  -          1  up: slow-start',
    ])
    expect(realsLines(rows.slice(0, 1), PLAIN)[0]).not.toContain('STANDING')
  })

  it('show drains with what is left and what comes', () => {
    const row = {
      service: 'tcp 192.0.2.10:80',
      real: 'tcp 192.0.2.10:80 > 192.0.2.21',
      address: '192.0.2.21',
      everywhere: true,
      since: 0,
      end: 'move',
      stage: 'soft',
      ...{ active: 3, inactive: 2, persistent: 1 },
    } as const
    const rows: DrainRow[] = [
      row,
      { ...row, real: 'tcp 192.0.2.10:80 > 192.0.2.22', deadline: 600_000, everywhere: false },
      { ...row, real: 'tcp 192.0.2.10:80 > 192.0.2.23', deadline: 9_000, end: 'reset', stage: 'reset' },
    ]
    expect(text(drainsLines(rows, { ...look, columns: 120 }, 10_000))).toBe(`
SERVICE            REAL         FOR  ACTIVE  INACT  PERSIST  DEADLINE                  WHERE
tcp 192.0.2.10:80  192.0.2.21  10 s       3      2        1  none                      all services
tcp 192.0.2.10:80  192.0.2.22  10 s       3      2        1  in 9 min 50 s, then move  this service
tcp 192.0.2.10:80  192.0.2.23  10 s       3      2        1  over: reset               all services
`)
  })

  it('show thresholds where there are any, and who is full', () => {
    const rows = [
      real({ service: 'fwm 6', real: 'fwm 6 > 192.0.2.21:8080', upper: 400, overloaded: true }),
      real({ service: 'fwm 6', real: 'fwm 6 > 192.0.2.22', upper: 400, lower: 300 }),
      real({ service: 'fwm 6', real: 'fwm 6 > 192.0.2.23' }),
    ]
    expect(text(realsLines(rows, { ...look, columns: 120 }))).toBe(`
  REAL             NAME  WEIGHT     LIMIT  ACTIVE  INACT  PERSIST   CONNS  PACKETS  BYTES  NEXT HOP
fwm 6
  192.0.2.21:8080  -          1  400 full      12    345        0  12,345    9.87M  12.3G  up, eth0
  192.0.2.22       -          1  300..400      12    345        0  12,345    9.87M  12.3G  up, eth0
  192.0.2.23       -          1         -      12    345        0  12,345    9.87M  12.3G  up, eth0
`)
  })

  it('show rates', () => {
    expect(text(serviceRatesLines([service], look))).toBe(`
SERVICE            NAME  CONNS/S  PACKETS/S  BYTES/S
tcp 192.0.2.10:80  web         3     37,035     296M
`)
    expect(text(realRatesLines([real({})], look))).toBe(`
  REAL        NAME  CONNS/S  PACKETS/S  BYTES/S
tcp 192.0.2.10:80
  192.0.2.21  -           1     12,345    98.7M
`)
  })

  it('show the flags of a scheduler and what goes packet by packet', () => {
    const row: ServiceRow = { ...service, scheduler: 'sh', flags: [1, 2], onePacket: true }
    expect(servicesLines([row], PLAIN)[1]).toContain('sh (sh-fallback, sh-port), one packet')
  })

  it('show marks and tunables', () => {
    const mark: MarkRule = {
      vip: '192.0.2.10',
      protocol: 'tcp',
      ports: [
        [80, 80],
        [1000, 2000],
      ],
      mark: 6666,
      owner: 'api',
    }
    expect(text(marksLines([mark], look))).toBe(`
MARK  PROTO  VIP         PORTS         OWNER
6666  tcp    192.0.2.10  80,1000:2000  api
`)
    const row: TunableRow = {
      name: 'amemthresh',
      value: 7,
      default: 1024,
      range: [0, 9],
      unit: 'pages',
      about: 'a',
    }
    expect(text(tunablesLines([row], look))).toBe(`
NAME        VALUE  DEFAULT  UNIT   ABOUT
amemthresh      7     1024  pages  a
`)
  })

  it('show conns, IPv4 and IPv6', () => {
    const conn: ConnRow = {
      protocol: 'tcp',
      client: '198.51.100.7',
      clientPort: 40_000,
      vip: '192.0.2.10',
      virtualPort: 80,
      real: '192.0.2.21',
      realPort: 80,
      state: 'ESTABLISHED',
      expiresIn: 899,
      controlled: false,
    }
    const six = {
      ...conn,
      client: '2001:db8::7',
      vip: '2001:db8::1',
      real: '2001:db8::21',
      state: 'SYN_RECV',
    }
    expect(text(connsLines([conn, six], look))).toBe(`
PRO      EXPIRES  STATE        CLIENT               VIRTUAL           REAL
tcp  14 min 59 s  ESTABLISHED  198.51.100.7:40000   192.0.2.10:80     192.0.2.21
tcp  14 min 59 s  SYN_RECV     [2001:db8::7]:40000  [2001:db8::1]:80  2001:db8::21
`)
  })

  it('show templates, nexthops, interfaces', () => {
    const template: TemplateRow = {
      protocol: 'tcp',
      clientNet: '198.51.100.0',
      vip: '192.0.2.10',
      virtualPort: 80,
      real: '192.0.2.21',
      realPort: 0,
      assured: true,
      controls: 3,
      timeout: 300,
      expiresIn: 300,
    }
    const marked = { ...template, protocol: 'ip', vip: '0.0.26.10', virtualPort: 0 } as const
    const disabled = { ...template, realPort: 65_535, controls: 0 }
    const six = { ...marked, clientNet: '2001:db8::', vip: '::6', real: '2001:db8::21' }
    expect(text(templatesLines([template, marked, disabled, six], look))).toBe(`
EXPIRES  CLIENTS       VIRTUAL        REAL              CONNS  ASSURED
  5 min  198.51.100.0  192.0.2.10:80  192.0.2.21            3  yes
  5 min  198.51.100.0  mark 6666      192.0.2.21            3  yes
  5 min  198.51.100.0  192.0.2.10:80  192.0.2.21:65535      0  yes
  5 min  2001:db8::    mark 6         2001:db8::21          3  yes
`)
    const hops = [
      {
        address: '192.0.2.21',
        state: 'up',
        mac: '02:00:00:00:00:21',
        interface: 'eth0',
        vlan: [100],
        services: ['a'],
      },
      { address: '192.0.2.22', state: 'unresolved', why: 'no route', services: ['a', 'b'] },
    ] as const
    expect(text(nexthopsLines(hops, look))).toBe(`
REAL        STATE       MAC                VLAN  SERVICES  WHY
192.0.2.21  up, eth0    02:00:00:00:00:21  100          1
192.0.2.22  unresolved  -                  -            2  no route
`)
    expect(text(interfacesLines([eth0], { ...PLAIN, columns: 60 }))).toBe(`
INTERFACE  MODE    DRIVER      FORWARDED  PASSED  DROPPED
eth0       native  virtio_net      29.6M   1,234        7
left out: MAC (a wider terminal or --json has them)
`)
  })

  it('show reasons that happened, with every digit', () => {
    const rows = [
      { reason: 'forward_conn', action: 'forward', packets: 29_629_629, bytes: 37_037_036_703 },
      { reason: 'drop_ttl', action: 'drop', packets: 0, bytes: 0 },
    ] as const
    expect(text(reasonsLines(rows, look))).toBe(`
REASON        ACTION      PACKETS           BYTES
forward_conn  forward  29,629,629  37,037,036,703
`)
  })
})

describe('a plan', () => {
  const nothing: Preview = {
    ...{ verdict: 'nothing', services: [], interfaces: [], settings: [], limits: [] },
    ...{ ends: [], unresolved: [], notices: [] },
    ...{ marks: { added: [], removed: [] }, peers: { added: [], removed: [] } },
    connections: { live: 1200, touched: 0, broken: 0, outlived: 0 },
  }

  it('of nothing is one line', () => {
    expect(planLines(nothing, look)).toEqual(['nothing would change'])
  })

  it('says of each service what changes and of its connections which break, and sums up', () => {
    const lines = planLines(
      {
        ...nothing,
        verdict: 'breaks',
        services: [
          {
            ...{ service: WEB, change: 'changed', connections: { live: 9, touched: 5, broken: 4 } },
            facets: [{ what: 'flags', from: 'none', to: 'mh-fallback' }],
            reals: [
              { real: '192.0.2.21', change: 'removed', weight: { from: 1 }, facets: [], connections: 4 },
              {
                real: '192.0.2.22',
                change: 'changed',
                weight: { from: 3, to: 0 },
                facets: [],
                connections: 5,
              },
              { real: '192.0.2.23', change: 'added', weight: { to: 2 }, facets: [], connections: 0 },
              {
                ...{ real: '192.0.2.24', change: 'changed', weight: { from: 1, to: 1 }, connections: 0 },
                facets: [{ what: 'upper', from: 'none', to: '100' }],
              },
            ],
            table: { of: 'slots', share: 0.375 },
          },
          {
            ...{ service: 'udp 192.0.2.10:53', change: 'removed', facets: [] },
            reals: [
              { real: '192.0.2.21', change: 'removed', weight: { from: 1 }, facets: [], connections: 1 },
            ],
            connections: { live: 1, touched: 0, broken: 1 },
          },
        ],
        interfaces: [
          { name: 'eth0', from: 'generic', to: 'native' },
          { name: 'eth1', from: 'native' },
          { name: 'eth2', to: 'native' },
        ],
        marks: { added: ['tcp 192.0.2.10:443 = 6'], removed: [] },
        peers: { added: [], removed: ['02:00:00:00:00:09'] },
        settings: [{ what: 'timeouts.tcp', from: '900', to: '60' }],
        limits: [{ what: 'limits.reals', from: '16384', to: '32768' }],
        ends: [`weight 9 of ${WEB} > 192.0.2.22`],
        unresolved: [{ address: '192.0.2.23', why: 'no route' }],
        notices: ['udp 192.0.2.11:53 is in the file now'],
        connections: { live: 1200, touched: 5, broken: 5, outlived: 7 },
      },
      look,
    )
    expect(text(lines)).toBe(`
~ tcp 192.0.2.10:80
    flags none → mh-fallback
    - 192.0.2.21  weight 1, 4 live connections break
    ~ 192.0.2.22  weight 3 → 0, 5 live connections stay
    + 192.0.2.23  weight 2
    ~ 192.0.2.24  upper none → 100
    38 % of its slots move
    9 live connections: 5 touched, 4 broken
- udp 192.0.2.10:53, 1 live connection breaks
    - 192.0.2.21  weight 1, 1 live connection breaks
~ interface eth0 generic → native
- interface eth1: what arrives there is not balanced any more
+ interface eth2, native
+ mark tcp 192.0.2.10:443 = 6
- peer 02:00:00:00:00:09
~ timeouts.tcp 900 → 60
! limits.reals stays 16384: 32768 needs new maps (xlvs detach --all, and start again)
ends: weight 9 of tcp 192.0.2.10:80 > 192.0.2.22, set at run time until a reload
real server 192.0.2.23 cannot be reached yet: no route
note: udp 192.0.2.11:53 is in the file now
breaks connections: 2 services would change; of 1,200 live connections 5 touched, 5 broken, 7 ended by a shorter timeout
`)
  })
})
