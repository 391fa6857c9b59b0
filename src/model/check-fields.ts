// SPDX-License-Identifier: Apache-2.0
// Every kind of check with the values it has: one table that judges them, whoever made them.
import {
  argumentFault,
  bodyTextFault,
  CHECK_SECONDS,
  DNS_TYPES,
  digestFault,
  dnsNameFault,
  grpcServiceFault,
  HTTP_METHODS,
  HTTP_VERSIONS,
  headerFault,
  hostTextFault,
  IN_A_ROW,
  MAX_ARGUMENTS,
  MAX_ASKS,
  MAX_HEADERS,
  MAX_RANGES,
  pathFault,
  payloadFault,
  programFault,
  REPLY_BYTES,
  RETRY_SECONDS,
  regexFault,
  replyFault,
  statusRangeFault,
  userFault,
} from './check-values.js'
import type { CheckKind } from './checks.js'
import { quote } from './describe.js'
import { type Finding, located } from './findings.js'
import {
  type Fields,
  flag,
  hostAddress,
  isJsonMap,
  type Judge,
  listOf,
  mapOf,
  may,
  must,
  oneWordOf,
  seconds,
  textOf,
  whole,
} from './judge.js'
import { kindOf, PORT } from './rules.js'

export const CHECK_KINDS: readonly CheckKind[] = [
  'tcp',
  'http',
  'https',
  'tls',
  'dns',
  'udp',
  'icmp',
  'grpc',
  'script',
]

/** A program and its arguments. */
export const command: Judge = (value, word, path) => {
  const found = listOf('argument', textOf(argumentFault), MAX_ARGUMENTS)(value, word, path)
  const [program] = Array.isArray(value) ? (value as unknown[]) : []
  if (found.length > 0 || typeof program !== 'string') return found
  return located([...path, 0], programFault(program, 'program'))
}

const body: Judge = (value, word, path) => {
  if (isJsonMap(value) && 'contains' in value && 'matches' in value)
    return [{ path, reason: 'body has to contain and to match', fix: 'keep one of them' }]
  const either = isJsonMap(value) && 'matches' in value ? 'matches' : 'contains'
  const rule = either === 'matches' ? regexFault : bodyTextFault
  return mapOf({ [either]: must(textOf((text) => rule(text, 'body'))) })(value, word, path)
}

const ask = mapOf({
  path: must(textOf(pathFault)),
  method: must(oneWordOf(HTTP_METHODS)),
  status: may(listOf('status', (value, _word, path) => located(path, statusRangeFault(value)), MAX_RANGES)),
  body: may(body),
  digest: may(textOf(digestFault)),
})

const headers: Judge = (value, word, path) => {
  if (!isJsonMap(value))
    return [{ path, reason: `${word} is ${kindOf(value)}`, fix: 'give a map: {X-Check: "1"}' }]
  const names = Object.keys(value)
  if (names.length > MAX_HEADERS)
    return [
      { path, reason: `there are ${names.length} headers, more than ${MAX_HEADERS}`, fix: 'give fewer' },
    ]
  return names.flatMap((name, i): Finding[] => {
    const at = [...path, name]
    const low = name.toLowerCase()
    if (low === 'host') return [{ path: at, reason: 'Host is a header of its own', fix: 'write host' }]
    if (names.findIndex((other) => other.toLowerCase() === low) < i)
      return [{ path: at, reason: `header ${quote(name)} is there twice`, fix: 'keep one of them' }]
    return located(at, headerFault(name, value[name]))
  })
}

const COMMON: Fields = {
  interval: must(seconds(CHECK_SECONDS)),
  timeout: must(seconds(CHECK_SECONDS)),
  rise: must(whole(IN_A_ROW)),
  fall: must(whole(IN_A_ROW)),
  retryInterval: may(seconds(RETRY_SECONDS)),
  backOff: may(seconds(CHECK_SECONDS)),
  warmup: may(seconds(RETRY_SECONDS)),
  via: must(oneWordOf(['vip', 'real'])),
  address: may(hostAddress('address')),
  port: may(whole(PORT)),
  bind: may(hostAddress('bind')),
  bindPort: may(whole(PORT)),
}
const HTTP: Fields = {
  asks: must(listOf('ask', ask, MAX_ASKS)),
  host: may(textOf(hostTextFault)),
  headers: may(headers),
  version: must(oneWordOf(HTTP_VERSIONS)),
}
const TLS: Fields = { sni: may(textOf(hostTextFault)), verify: may(flag) }

const OWN: Readonly<Record<CheckKind, Fields>> = {
  tcp: {},
  http: HTTP,
  https: { ...HTTP, ...TLS },
  tls: TLS,
  dns: { type: must(oneWordOf(DNS_TYPES)), name: must(textOf(dnsNameFault)) },
  udp: {
    payload: may(textOf(payloadFault)),
    requireReply: may(flag),
    reply: may(textOf(replyFault)),
    minReply: may(whole(REPLY_BYTES)),
    maxReply: may(whole(REPLY_BYTES)),
  },
  icmp: {},
  grpc: { service: must(textOf(grpcServiceFault)), tls: may(flag), ...TLS },
  script: {
    command: must(command),
    user: may(textOf(userFault)),
    group: may(textOf(userFault)),
    dynamicWeight: may(flag),
  },
}

const JUDGES = Object.fromEntries(
  CHECK_KINDS.map((kind) => [
    kind,
    mapOf({ kind: must(oneWordOf(CHECK_KINDS, 'check')), ...COMMON, ...OWN[kind] }),
  ]),
)

/** Each value of a check by itself. */
export const checkValues: Judge = (value, word, path) => {
  const kind = isJsonMap(value) ? value['kind'] : undefined
  const judge = typeof kind === 'string' && Object.hasOwn(JUDGES, kind) ? JUDGES[kind] : undefined
  if (judge !== undefined) return judge(value, `${kind} check`, path)
  if (!isJsonMap(value)) return mapOf({ kind: must(oneWordOf(CHECK_KINDS)) })(value, word, path)
  return oneWordOf(CHECK_KINDS, 'check')(kind, word, [...path, 'kind'])
}
