// SPDX-License-Identifier: Apache-2.0
// The shape of the file: one schema that judges it and that is published as JSON Schema. Each message is two
// lines, the reason and the fix (unrecognized keys: the known ones). What hangs together is judged elsewhere.
import { z } from 'zod'
import { oneOf } from '../model/describe.js'
import { netmaskFault } from '../model/persistence.js'
import {
  choiceFault,
  type Fault,
  kindOf,
  LIMIT_RANGES,
  MAX_REALS_PER_SERVICE,
  nameFault,
  PROTOCOLS,
  type Range,
  rangeFault,
  SCHEDULERS,
  SECONDS,
  WEIGHT,
} from '../model/rules.js'
import { DEFAULT_LIMITS, DEFAULT_TIMEOUTS, type Limits, type Outcome, type Timeouts } from '../model/types.js'
import { parseInterfaceName, parseListen, parsePeer, parseRealAddress, parseVip } from '../model/words.js'
import * as patterns from './patterns.js'

type Issue = { readonly input?: unknown; readonly code?: string | undefined }
type Words = {
  readonly id?: string
  readonly description: string
  readonly pattern?: string
  readonly examples?: unknown[]
}

const name = text('name', '"web"', nameFault, {
  id: 'name',
  description: 'for people and metrics; no meaning of its own',
  pattern: patterns.NAME_PATTERN,
})

const realAddress = text('address', '192.0.2.21', (value) => first(parseRealAddress(value)), {
  id: 'realAddress',
  description: 'address of a real server; a port only when it is the one of the service',
  pattern: patterns.REAL_PATTERN,
  examples: ['192.0.2.21', '2001:db8::21'],
})

const real = z.union(
  [
    realAddress,
    map('real', {
      address: realAddress,
      weight: whole('weight', WEIGHT, 'share of new connections; 0 = none', 1).optional(),
      name: name.optional(),
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

const service = map('service', {
  name: name.optional(),
  vip: text('vip', '192.0.2.10:80', (value) => first(parseVip(value)), {
    description: 'address and port that clients use',
    pattern: patterns.VIP_PATTERN,
    examples: ['192.0.2.10:80', '[2001:db8::1]:80'],
  }),
  protocol: choice('protocol', PROTOCOLS, 'tcp').optional(),
  scheduler: choice('scheduler', SCHEDULERS, 'wlc').optional(),
  persistence: persistence.optional().describe('keep a client on its real server'),
  reals: list('reals', real, 'write a list of real servers, or [] for none').meta({
    maxItems: MAX_REALS_PER_SERVICE,
  }),
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
  metrics: text('metrics', '127.0.0.1:9612', (value) => first(parseListen(value)), {
    description: 'host:port of /metrics and /healthz; without it there are none',
    pattern: patterns.LISTEN_PATTERN,
    examples: ['127.0.0.1:9612'],
  }).optional(),
  peers: list('peers', peer, 'write a list: ["02:00:00:00:00:01"]').optional(),
  limits: map('limits', limitKeys()).optional().describe('sizes, fixed when the maps are made'),
  timeouts: map('timeouts', timeoutKeys()).optional().describe('seconds, as ipvsadm --set'),
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
  return { $schema, title: 'xlvs configuration', ...rest }
}

export function say({ reason, fix }: Fault): string {
  return `${reason}\n${fix}`
}

function whole(word: string, range: Range, description: string, standard?: number) {
  const error = (issue: Issue) => say(rangeFault(word, issue.input, range) ?? missing(word, `${range[0]}`))
  const schema = z.int({ error }).min(range[0], { error }).max(range[1], { error })
  return schema.meta({ description, ...(standard === undefined ? {} : { default: standard }) })
}

function text(word: string, example: string, rule: (value: string) => Fault | undefined, words: Words) {
  return z
    .string({ error: (issue) => say(notText(word, example, issue)) })
    .check((ctx) => {
      const fault = rule(ctx.value)
      if (fault) ctx.issues.push({ code: 'custom', input: ctx.value, message: say(fault) })
    })
    .meta({ ...words })
}

function choice(word: string, words: readonly string[], standard: string) {
  const error = (issue: Issue) => say(choiceFault(word, issue.input, words) ?? missing(word, oneOf(words)))
  return z.enum(words as [string, ...string[]], { error }).meta({ default: standard })
}

function list<T extends z.ZodType>(word: string, item: T, fix: string) {
  return z.array(item, { error: wrongKind(word, fix) })
}

function map<T extends z.ZodRawShape>(word: string, shape: T) {
  const known = Object.keys(shape)
  const kind = wrongKind(word, `write a map of ${known.join(', ')}`)
  return z.strictObject(shape, {
    error: (issue) => (issue.code === 'unrecognized_keys' ? known.join(' ') : kind(issue)),
  })
}

function wrongKind(word: string, fix: string) {
  return (issue: Issue) =>
    say(issue.input === undefined ? missing(word, fix) : { reason: `${word} is ${kindOf(issue.input)}`, fix })
}

function notText(word: string, example: string, { input }: Issue): Fault {
  if (input === undefined) return missing(word, `write it like ${word}: ${example}`)
  return { reason: `${word} is ${kindOf(input)}`, fix: `write text like ${example}` }
}

function missing(word: string, fix: string): Fault {
  return { reason: `${word} is missing`, fix }
}

function first(outcome: Outcome<unknown>): Fault | undefined {
  const problem = outcome.ok ? undefined : outcome.problems[0]
  return problem && { reason: problem.reason, fix: problem.fix ?? '' }
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
