// SPDX-License-Identifier: Apache-2.0
// What single values of health checking may be: the ranges, and the sentence for each way to be wrong.
import { harmless, quote } from './describe.js'
import { type Fault, kindOf, type Range, rangeFault } from './rules.js'

/** seconds */
export const CHECK_SECONDS: Range = [0.1, 86_400]
/** seconds; keepalived takes 0 for retries at once */
export const RETRY_SECONDS: Range = [0, 86_400]
export const IN_A_ROW: Range = [1, 100]
export const STATUS: Range = [100, 599]
export const REPLY_BYTES: Range = [0, 65_507]
export const QUORUM: Range = [1, 4_294_967_295]
export const HYSTERESIS: Range = [0, 4_294_967_295]
export const RETRIES: Range = [1, 1_000]
export const MAX_CHECKS = 32
export const MAX_ASKS = 64
export const MAX_RANGES = 64
export const MAX_HEADERS = 64
export const MAX_ARGUMENTS = 64
/** Characters of a path, a host, an argument. */
export const MAX_TEXT = 4_096
/** Bytes of a datagram. */
export const MAX_PAYLOAD = 1_400

export const HTTP_METHODS = ['GET', 'HEAD', 'POST', 'OPTIONS'] as const
export const HTTP_VERSIONS = ['1.0', '1.1'] as const
export const DNS_TYPES = ['A', 'AAAA', 'NS', 'CNAME', 'SOA', 'MX', 'TXT'] as const

/** Patterns of ECMA 262 for JSON Schema too, so the faults below say no exactly where these do. */
export const HTTP_PATH = `^/[\\u0021-\\u007e]{0,${MAX_TEXT - 1}}$`
export const HOST_TEXT = '^[\\u0021-\\u007e]{1,255}$'
export const HEADER_NAME = "^[!#$%&'*+.^`|~0-9A-Za-z-][!#$%&'*+.^_`|~0-9A-Za-z-]{0,255}$"
export const HEADER_VALUE = `^(?! )[\\u0020-\\u007e\\u0009\\u0080-\\u00ff]{0,${MAX_TEXT}}$`
/** '200', '200-299,404'; that a range does not end before it begins cannot be seen here. */
export const STATUS_LIST = '^[1-5][0-9]{2}(?:-[1-5][0-9]{2})?(?:, ?[1-5][0-9]{2}(?:-[1-5][0-9]{2})?){0,63}$'
export const DIGEST = '^(?:[0-9a-fA-F]{32}|[0-9a-fA-F]{64})$'
export const PAYLOAD = `^(?:[0-9a-fA-F]{2}){1,${MAX_PAYLOAD}}$`
export const REPLY = `^(?:[0-9a-fA-F]{2}|\\?\\?){1,${MAX_PAYLOAD}}$`
export const DNS_NAME =
  '^(?=.{1,253}$)(?:\\.|[A-Za-z0-9_](?:[A-Za-z0-9_-]{0,62})(?:\\.[A-Za-z0-9_][A-Za-z0-9_-]{0,62})*\\.?)$'
export const GRPC_SERVICE = '^[\\u0021-\\u007e]{0,255}$'
export const PROGRAM = `^/[^\\u0000-\\u001f\\u007f]{0,${MAX_TEXT - 1}}$`
export const ARGUMENT = `^[^\\u0000-\\u001f\\u007f]{0,${MAX_TEXT}}$`
export const USER = '^[A-Za-z0-9_][A-Za-z0-9_.-]{0,31}\\$?$'
export const BODY_TEXT = `^[^\\u0000]{1,${MAX_TEXT}}$`

/** A rule for a text: what it must look like, and the fix when it does not. */
function like(pattern: string, what: string, fix: string) {
  const regexp = new RegExp(pattern, 'u')
  return (text: string, word: string): Fault | undefined =>
    regexp.test(text) ? undefined : { reason: `${word} ${quote(text)} is not ${what}`, fix }
}

export const pathFault = like(HTTP_PATH, 'the path of a URL', 'begin with /, without spaces')
export const hostTextFault = like(HOST_TEXT, 'a host', 'write it like www.example.com')
const headerNameFault = like(HEADER_NAME, 'the name of a header', 'write it like X-Check')
const headerValueFault = like(HEADER_VALUE, 'one line of Latin text', 'leave line ends out')
export const digestFault = like(
  DIGEST,
  'a digest',
  'give 32 hexadecimal digits (MD5) or 64 (SHA-256) of the body',
)
export const payloadFault = like(
  PAYLOAD,
  'bytes in hexadecimal',
  `write two digits a byte, at most ${MAX_PAYLOAD} bytes`,
)
export const replyFault = like(REPLY, 'bytes in hexadecimal', 'write two digits a byte, or ?? for any byte')
export const dnsNameFault = like(DNS_NAME, 'a name of DNS', 'write it like example.com, or . for the root')
export const grpcServiceFault = like(GRPC_SERVICE, 'a service of gRPC', 'write it like package.Service')
export const programFault = like(PROGRAM, 'an absolute path', 'begin with /')
export const argumentFault = like(ARGUMENT, 'an argument', 'leave control characters out')
export const userFault = like(USER, 'a user or group', 'give its name')
export const bodyTextFault = like(BODY_TEXT, 'text that a body could hold', `give 1..${MAX_TEXT} characters`)

export function headerFault(name: string, value: unknown): Fault | undefined {
  const wrong = headerNameFault(name, 'header')
  if (wrong || typeof value === 'string') return wrong ?? headerValueFault(value as string, `header ${name}`)
  return { reason: `header ${name} is ${kindOf(value)}`, fix: 'write text, numbers in quotes' }
}

/** Without flags, as the check compiles it. */
export function regexFault(text: string, word: string): Fault | undefined {
  const wrong = bodyTextFault(text, word)
  if (wrong) return wrong
  try {
    new RegExp(text)
    return undefined
  } catch (error) {
    const why = harmless((error as Error).message.replace(/^.*: /s, '').toLowerCase())
    return { reason: `${word} ${quote(text)} is not a regular expression (${why})`, fix: 'mend it' }
  }
}

export function statusRangeFault(range: unknown): Fault | undefined {
  const fix = 'write a status or a range: 200-299'
  if (!Array.isArray(range) || range.length !== 2) return { reason: 'status is no range', fix }
  const [first, last] = range as [unknown, unknown]
  const wrong = rangeFault('status', first, STATUS) ?? rangeFault('status', last, STATUS)
  if (wrong || (first as number) <= (last as number)) return wrong
  return { reason: `range ${first}-${last} ends before it begins`, fix: `write ${last}-${first}` }
}
