// SPDX-License-Identifier: Apache-2.0
// The shape of `checks`: a word where the kind says it all, else a map that begins with the kind.
import { z } from 'zod'
import { CHECK_KINDS } from '../model/check-fields.js'
import * as words from '../model/check-values.js'
import { type Check, type CheckKind, DEFAULT_TIMING } from '../model/checks.js'
import { quote } from '../model/describe.js'
import { isJsonMap, secondsFault } from '../model/judge.js'
import { choiceFault, type Fault, PORT, type Range } from '../model/rules.js'
import { DURATION_PATTERN, parseDuration } from './durations.js'
import { hostAddress } from './schema-names.js'
import { choice, list, map, rule, say, text, whole, wrongKind } from './schema-words.js'
import { values } from './values.js'

export function duration(word: string, range: Range, description: string, standard?: number) {
  const fix = 'write seconds like 2 or 0.5, or text like 500ms, 2s or 1m'
  const [low, high] = range
  const error = ({ input }: { input?: unknown }) =>
    say(secondsFault(word, input, range) ?? { reason: `${word} is missing`, fix })
  const unit = (value: string): Fault | undefined =>
    parseDuration(value) === undefined ? { reason: `${word} ${quote(value)} is not a time`, fix } : undefined
  return z
    .union(
      [
        z.number({ error }).min(low, { error }).max(high, { error }),
        text(word, '2s', unit, { description: 'number and unit', pattern: DURATION_PATTERN }),
      ],
      { error: wrongKind(word, fix) },
    )
    .meta({ description, ...(standard === undefined ? {} : { default: standard }) })
}

export function flag(word: string, description: string) {
  return z
    .boolean({ error: wrongKind(word, 'write true or false') })
    .optional()
    .describe(description)
}

/** Text whose rule and pattern say the same. */
function worded(
  word: string,
  example: string,
  fault: (value: string, word: string) => Fault | undefined,
  pattern: string,
  description: string,
) {
  return text(word, example, (value) => fault(value, word), { description, pattern })
}

export function command(word: string, description: string) {
  const program = worded(word, '/usr/local/bin/check', words.programFault, words.PROGRAM, 'absolute path')
  const argument = worded(word, '--quick', words.argumentFault, words.ARGUMENT, 'an argument')
  const fix = 'write an absolute path, or a list: [/usr/local/bin/check, --quick]'
  return z.union([program, list(word, argument, fix)], { error: wrongKind(word, fix) }).meta({ description })
}

const COMMON = {
  interval: duration(
    'interval',
    words.CHECK_SECONDS,
    'from one question to the next',
    DEFAULT_TIMING.interval,
  ).optional(),
  timeout: duration(
    'timeout',
    words.CHECK_SECONDS,
    'after which no answer is a failure',
    DEFAULT_TIMING.timeout,
  ).optional(),
  rise: whole('rise', words.IN_A_ROW, 'good answers until it is up', DEFAULT_TIMING.rise).optional(),
  fall: whole('fall', words.IN_A_ROW, 'failures until it is down', DEFAULT_TIMING.fall).optional(),
  'retry-interval': duration(
    'retry-interval',
    words.RETRY_SECONDS,
    'instead of the interval after a failure that is not yet the last',
  ).optional(),
  'back-off': duration(
    'back-off',
    words.CHECK_SECONDS,
    'longest interval while it is down: each failure doubles the pause up to this',
  ).optional(),
  warmup: duration(
    'warmup',
    words.RETRY_SECONDS,
    'the first question comes at random within this; without it, within one interval',
  ).optional(),
  address: hostAddress('address', 'address', 'another host than the real server').optional(),
  port: whole('port', PORT, "without it the service's, or the real server's own of a mark").optional(),
}
const WAY = {
  ...COMMON,
  via: choice('via', ['vip', 'real'])
    .optional()
    .describe('what the question is addressed to; vip unless the service is of a mark'),
  bind: hostAddress('bind', 'bind', 'source address').optional(),
  'bind-port': whole('bind-port', PORT, 'source port').optional(),
}
const TLS = {
  sni: worded('sni', 'www.example.com', words.hostTextFault, words.HOST_TEXT, 'server name').optional(),
  verify: flag('verify', 'the certificate must lead to a known authority'),
}

const status = z.union(
  [
    whole('status', words.STATUS, 'one status'),
    text('status', '200-299,404', statusFault, {
      description: 'status codes and ranges of them',
      pattern: words.STATUS_LIST,
      examples: ['200-299', '200,204,301-302'],
    }),
  ],
  { error: wrongKind('status', 'write it like 200, 200-299 or "200,204"') },
)
const path = worded('path', '/health', words.pathFault, words.HTTP_PATH, 'what is asked for')
const ASK = {
  method: choice('method', words.HTTP_METHODS, 'GET').optional(),
  status: status.optional(),
  body: z
    .union(
      [
        worded('body', 'ok', words.bodyTextFault, words.BODY_TEXT, 'what the body must contain'),
        map('body', {
          matches: worded('matches', '^ok', words.bodyTextFault, words.BODY_TEXT, 'regular expression'),
        }),
      ],
      { error: wrongKind('body', 'write text, or {matches: "^ok"}') },
    )
    .optional(),
  digest: worded(
    'digest',
    '9b3a0c85a887a256d6939da88aabd8cd',
    words.digestFault,
    words.DIGEST,
    'MD5 or SHA-256 of the body, in hexadecimal',
  ).optional(),
}
const ask = z.union([path, map('ask', { path, ...ASK })], {
  error: wrongKind('ask', 'write a path, or {path: /health, status: 200}'),
})

const headers = z
  .custom<Readonly<Record<string, string>>>(isJsonMap, {
    error: wrongKind('headers', 'write a map: {X-Check: "1"}'),
  })
  .check(({ value, issues }) => {
    for (const [name, text] of Object.entries(value)) {
      const fault = words.headerFault(name, text)
      if (fault) issues.push({ code: 'custom', input: value, message: say(fault), path: [name] })
    }
  })
  .meta({
    description: 'headers of the request',
    type: 'object',
    propertyNames: { pattern: words.HEADER_NAME },
    additionalProperties: { type: 'string', pattern: words.HEADER_VALUE },
  })

const HTTP = {
  ...WAY,
  path: path.optional().meta({ default: '/' }),
  ...ASK,
  asks: list('asks', ask, 'write a list: [/health, /login]')
    .optional()
    .describe('several, asked one after the other: all must be good'),
  host: worded(
    'host',
    'www.example.com',
    words.hostTextFault,
    words.HOST_TEXT,
    'Host header; without it the VIP',
  ).optional(),
  headers: headers.optional(),
  version: choice('version', words.HTTP_VERSIONS, '1.1').optional(),
}

function http<K extends 'http' | 'https', S extends z.ZodRawShape>(kind: K, more: S) {
  const of = ['path', ...Object.keys(ASK)]
  return map('check', { kind: z.literal(kind), ...HTTP, ...more })
    .refine(
      ...rule((has) => !(has('asks') && of.some(has)), ['asks'], {
        reason: 'the check has asks, and words that are for one of them',
        fix: 'write those inside of asks',
      }),
    )
    .meta({ not: { required: ['asks'], anyOf: of.map((key) => ({ required: [key] })) } })
}

const KINDS = z.discriminatedUnion(
  'kind',
  [
    map('check', { kind: z.literal('tcp'), ...WAY }),
    http('http', {}),
    http('https', TLS),
    map('check', { kind: z.literal('tls'), ...WAY, ...TLS }),
    map('check', {
      kind: z.literal('dns'),
      ...WAY,
      type: choice('type', words.DNS_TYPES, 'SOA').optional(),
      name: worded('name', 'example.com', words.dnsNameFault, words.DNS_NAME, 'what is asked for')
        .optional()
        .meta({ default: '.' }),
    }),
    map('check', {
      kind: z.literal('udp'),
      ...WAY,
      payload: worded('payload', '"00ff"', words.payloadFault, words.PAYLOAD, 'hexadecimal').optional(),
      'require-reply': flag('require-reply', 'silence is a failure'),
      reply: worded(
        'reply',
        '"00??"',
        words.replyFault,
        words.REPLY,
        'hexadecimal, ?? for any byte: how a reply must begin',
      ).optional(),
      'min-reply': whole('min-reply', words.REPLY_BYTES, 'bytes').optional(),
      'max-reply': whole('max-reply', words.REPLY_BYTES, 'bytes').optional(),
    }),
    map('check', icmpShape()),
    map('check', {
      kind: z.literal('grpc'),
      ...WAY,
      service: worded(
        'service',
        'package.Service',
        words.grpcServiceFault,
        words.GRPC_SERVICE,
        'without it the server as a whole',
      ).optional(),
      tls: flag('tls', 'over TLS'),
      ...TLS,
    }),
    map('check', {
      kind: z.literal('script'),
      ...COMMON,
      command: command('command', 'program, or program and arguments; no shell'),
      user: worded('user', 'nobody', words.userFault, words.USER, 'whom it runs as').optional(),
      group: worded('group', 'nogroup', words.userFault, words.USER, 'and of which group').optional(),
      'dynamic-weight': flag('dynamic-weight', 'exit codes 2..255 are a weight of 0..253'),
    }),
  ],
  { error: (issue) => say(kindFault(issue.input)) },
)

const word = text('check', 'tcp', wordFault, {
  description: 'a kind of check with its defaults',
}).meta({ enum: CHECK_KINDS.filter((kind) => kind !== 'script') })

export const check = z.union([word, KINDS], {
  error: wrongKind('check', 'write a kind like tcp, or {kind: http, path: /health}'),
})
export const checks = list('checks', check, 'write a list: [tcp]').max(words.MAX_CHECKS, {
  error: say({ reason: `there are more than ${words.MAX_CHECKS} checks`, fix: 'give fewer' }),
})

export type CheckShape = z.infer<typeof check>
export type AskShape = z.infer<typeof ask>

function icmpShape() {
  const { port: _, 'bind-port': __, ...way } = WAY
  return { kind: z.literal('icmp'), ...way }
}

function wordFault(value: string): Fault | undefined {
  if (value === ('script' satisfies CheckKind))
    return { reason: 'a script check needs its command', fix: 'write {kind: script, command: /path/to/it}' }
  return choiceFault('check', value, CHECK_KINDS)
}

function kindFault(input: unknown): Fault {
  const kind = values(input)['kind'] as Check['kind'] | undefined
  const wrong = kind === undefined ? undefined : choiceFault('check', kind, CHECK_KINDS)
  return wrong ?? { reason: 'kind is missing', fix: 'write it first, like {kind: http, path: /health}' }
}

function statusFault(value: string): Fault | undefined {
  if (new RegExp(words.STATUS_LIST).test(value)) return undefined
  return { reason: `status ${quote(value)} is not a list of status codes`, fix: 'write it like 200-299,404' }
}
