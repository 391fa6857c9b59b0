// SPDX-License-Identifier: Apache-2.0
// The shape of the file: one schema that judges it and that is published as JSON Schema. Each message is two
// lines, the reason and the fix (unrecognized keys: the known ones). What hangs together is judged elsewhere.
import { z } from 'zod'
import { LOG_FORMATS, SIZE_PATTERN, sizeFault } from '../model/events.js'
import { FLAG_WORDS } from '../model/flags.js'
import { netmaskFault } from '../model/persistence.js'
import {
  LIMIT_RANGES,
  MARK,
  MAX_REALS_PER_SERVICE,
  PROTOCOLS,
  SCHEDULERS,
  SECONDS,
  SERVICE_PORT,
  THRESHOLD,
  WEIGHT,
} from '../model/rules.js'
import { KERNEL_TUNABLES, TUNABLE_NAMES, TUNABLES } from '../model/tunables.js'
import { DEFAULT_LIMITS, DEFAULT_TIMEOUTS, type Limits, type Timeouts } from '../model/types.js'
import { parseInterfaceName, parsePeer, parsePorts, parseVip } from '../model/words.js'
import * as patterns from './patterns.js'
import { checks } from './schema-checks.js'
import { webConsole } from './schema-console.js'
import { health, notify, onDown } from './schema-health.js'
import { metrics } from './schema-metrics.js'
import { hostAddress, name, realAddress } from './schema-names.js'
import { vrrp } from './schema-vrrp.js'
import { choice, first, list, map, rule, say, text, whole, wrongKind } from './schema-words.js'

const real = z.union(
  [
    realAddress,
    map('real', {
      address: realAddress,
      port: whole('port', SERVICE_PORT, "of a mark's real server; 0 = that of the packet").optional(),
      weight: whole('weight', WEIGHT, 'share of new connections; 0 = none', 1).optional(),
      upper: whole('upper', THRESHOLD, 'connections at which it gets no new ones; 0 = no limit').optional(),
      lower: whole(
        'lower',
        THRESHOLD,
        'connections below which it gets new ones again; 0 = three quarters of upper',
      ).optional(),
      name: name.optional(),
      checks: checks.optional().describe('instead of those of the service; [] = none'),
      passive: z
        .literal(false, {
          error: say({
            reason: 'passive of a real server can only be false',
            fix: 'say true of the service',
          }),
        })
        .optional(),
      'on-down': onDown,
      notify: notify.optional().describe('programs that are told when it comes up and goes down'),
    }),
  ],
  { error: wrongKind('real', 'write an address, or {address: 192.0.2.21, weight: 3}') },
)

const netmask = text('netmask', '255.255.255.0', (value) => netmaskFault(value, 4), {
  description: 'IPv4 only: part of the client address that counts',
  pattern: patterns.NETMASK_PATTERN,
})

const persistence = z.union(
  [
    whole('persistence', SECONDS, 'seconds after the last new connection'),
    map('persistence', {
      timeout: whole('persistence timeout', SECONDS, 'seconds after the last new connection'),
      netmask: netmask.optional(),
      prefix: whole(
        'prefix',
        [1, 128],
        'bits of the client address that count: IPv4 1..32, IPv6 1..128',
      ).optional(),
    })
      .check((ctx) => {
        if (ctx.value.netmask === undefined || ctx.value.prefix === undefined) return
        const message = say({ reason: 'persistence has a netmask and a prefix', fix: 'keep one of them' })
        ctx.issues.push({ code: 'custom', input: ctx.value, message, path: ['prefix'] })
      })
      .meta({ not: { required: ['netmask', 'prefix'] } }),
  ],
  { error: wrongKind('persistence', 'write seconds, or {timeout: 300, prefix: 24}') },
)

const protocol = choice('protocol', PROTOCOLS, 'tcp').optional()
const markNumber = whole('mark', MARK, 'number that mark rules give to packets')

const service = map('service', {
  name: name.optional(),
  vip: text('vip', '192.0.2.10:80', (value) => first(parseVip(value)), {
    description: 'address and port that clients use; port 0, of persistent services: every other port',
    pattern: patterns.VIP_PATTERN,
    examples: ['192.0.2.10:80', '[2001:db8::1]:80'],
  }).optional(),
  mark: markNumber.optional(),
  family: choice('family', ['ipv4', 'ipv6'], 'ipv4').optional().describe('of a mark'),
  protocol,
  scheduler: choice('scheduler', SCHEDULERS, 'wlc').optional(),
  flags: list('flags', choice('scheduler flag', FLAG_WORDS), 'write a list: [sh-port]')
    .optional()
    .describe('scheduler flags, as ipvsadm -b'),
  persistence: persistence.optional().describe('keep a client on its real server'),
  'one-packet': z
    .boolean({ error: wrongKind('one-packet', 'write true or false') })
    .optional()
    .describe('schedule every datagram for itself; UDP and marks'),
  checks: checks.optional().describe('asked of each real server; all must be good'),
  health: health.optional().describe('what follows from the answers'),
  reals: list('reals', real, 'write a list of real servers, or [] for none').meta({
    maxItems: MAX_REALS_PER_SERVICE,
  }),
})
  .refine(
    ...rule((has) => has('vip') || has('mark'), [], {
      reason: 'vip is missing',
      fix: 'write it like vip: 192.0.2.10:80, or mark: 6 for packets with a mark',
    }),
  )
  .refine(
    ...rule((has) => !(has('vip') && has('mark')), ['mark'], {
      reason: 'the service has a vip and a mark',
      fix: 'keep one of them',
    }),
  )
  .refine(
    ...rule((has) => !(has('mark') && has('protocol')), ['protocol'], {
      reason: 'the service of a mark has a protocol',
      fix: 'leave it out: mark rules say which protocols',
    }),
  )
  .refine(
    ...rule((has) => has('mark') || !has('family'), ['family'], {
      reason: 'family is for services of a mark',
      fix: 'leave it out: the VIP has its own',
    }),
  )
  .meta({
    anyOf: [
      { required: ['vip'], not: { anyOf: [{ required: ['mark'] }, { required: ['family'] }] } },
      { required: ['mark'], not: { anyOf: [{ required: ['vip'] }, { required: ['protocol'] }] } },
    ],
  })

const portsWords = text('ports', '80,443,1000:2000', (value) => first(parsePorts(value)), {
  description: 'ports and ranges of ports',
  pattern: patterns.PORTS_PATTERN,
  examples: ['80,443', '1000:2000'],
})
const notPorts = { error: wrongKind('ports', 'write ports like 80,443,1000:2000') }
const onePort = whole('port', SERVICE_PORT, 'one port')

const markRule = map('mark', {
  vip: hostAddress('vip', 'VIP', 'address that clients use, without a port'),
  protocol,
  ports: z.union(
    [
      onePort,
      portsWords,
      list('ports', z.union([onePort, portsWords], notPorts), '').min(1, {
        error: say({ reason: 'ports are missing', fix: 'write ports like 80,443,1000:2000' }),
      }),
    ],
    notPorts,
  ),
  mark: markNumber,
})

const interfaceName = text('name', 'eth0', (value) => first(parseInterfaceName(value)), {
  id: 'interfaceName',
  description: 'network device, as `ip link` shows it; at most 15 bytes',
  pattern: patterns.INTERFACE_PATTERN,
})

const interfaceWish = z.union(
  [
    interfaceName,
    map('interface', {
      name: interfaceName,
      mode: choice('mode', ['native', 'generic'], 'native').optional(),
    }),
  ],
  { error: wrongKind('interface', 'write a name, or {name: eth0, mode: generic}') },
)

const peer = text('peer', '"02:00:00:00:00:01"', (value) => first(parsePeer(value)), {
  description: 'MAC of another director: what it sends here is balanced already',
  pattern: patterns.MAC_PATTERN,
})

export const fileSchema = map('file', {
  interfaces: list('interfaces', interfaceWish, 'write a list: [eth0]').optional(),
  metrics: metrics
    .optional()
    .describe('host:port of /metrics, /healthz and the web console; without it there are none'),
  console: webConsole.optional().describe('the web console on the port of metrics'),
  events: map('events', {
    size: text('size', '16MiB', sizeFault, {
      description: 'bytes of disk that the event log takes at most',
      pattern: SIZE_PATTERN,
      examples: ['16MiB'],
    }),
  })
    .optional()
    .describe('what happened, and how things stood: xlvs events, xlvs show --at'),
  log: choice('log', LOG_FORMATS, 'text').optional().describe('how the daemon writes what happens'),
  vrrp: vrrp.optional().describe("keepalived's VRRP beside this director"),
  peers: list('peers', peer, 'write a list: ["02:00:00:00:00:01"]').optional(),
  limits: map('limits', limitKeys()).optional().describe('sizes, fixed when the maps are made'),
  timeouts: map('timeouts', timeoutKeys()).optional().describe('seconds, as ipvsadm --set'),
  tunables: map('tunables', tunableKeys())
    .optional()
    .describe("the kernel's net.ipv4.vs.*, under its names, those of ICMP answers, and handshake_sample"),
  marks: list('marks', markRule, 'write a list of {vip, protocol, ports, mark}')
    .optional()
    .describe('ports of VIPs whose packets carry a mark: what iptables -j MARK is to IPVS'),
  services: list('services', service, 'write a list of services, or services: [] for none'),
})

export type FileShape = z.infer<typeof fileSchema>

/** The published schema: what a file may look like, for editors. */
export function jsonSchema(): object {
  const { $schema, ...rest } = z.toJSONSchema(fileSchema, {
    io: 'input',
    reused: 'ref',
    unrepresentable: 'any',
  })
  const portOfConsole = { anyOf: [{ required: ['metrics'] }, { not: { required: ['console'] } }] }
  return { $schema, title: 'xlvs configuration', ...rest, ...portOfConsole }
}

function limitKeys() {
  const about: Record<keyof Limits, string> = {
    connections: 'connections remembered, IPv4 and IPv6 each',
    templates: 'persistent clients remembered',
    services: 'virtual services',
    reals: 'real servers, counted once per service',
    interfaces: 'interfaces attached at once',
    ifindex: 'highest interface index that can be attached',
  }
  const key = (word: keyof Limits) =>
    whole(word, LIMIT_RANGES[word], about[word], DEFAULT_LIMITS[word]).optional()
  return {
    connections: key('connections'),
    templates: key('templates'),
    services: key('services'),
    reals: key('reals'),
    interfaces: key('interfaces'),
    ifindex: key('ifindex'),
  }
}

function timeoutKeys() {
  const about: Timeouts = DEFAULT_TIMEOUTS
  return {
    tcp: whole('timeout tcp', SECONDS, 'established connections', about.tcp).optional(),
    tcpfin: whole('timeout tcpfin', SECONDS, 'after the first FIN', about.tcpfin).optional(),
    udp: whole('timeout udp', SECONDS, 'after the last datagram', about.udp).optional(),
  }
}

/** Each under its name; the kernel's also with net.ipv4.vs. before it. */
function tunableKeys() {
  const keys = TUNABLE_NAMES.map((name) => {
    const { range, unit, about, default: standard } = TUNABLES[name]
    return [
      name,
      whole(name, range, unit === undefined ? about : `${about} (${unit})`, standard).optional(),
    ] as const
  })
  return Object.fromEntries(
    keys.flatMap(([name, key]) => [
      [name, key] as const,
      ...(KERNEL_TUNABLES.includes(name) ? [[`net.ipv4.vs.${name}`, key] as const] : []),
    ]),
  )
}
