// SPDX-License-Identifier: Apache-2.0
// One URL: what is sent, and what of the answer is good.
import { createHash, type Hash } from 'node:crypto'
import { isIP } from 'node:net'
import type { HttpAsk, HttpCheck, HttpsCheck } from '../../model/checks.js'
import { quote } from '../../model/describe.js'
import { endpointText } from '../../model/keys.js'
import { Failure } from './failure.js'
import type { HttpAnswer } from './http-answer.js'
import { matches, PATTERN_INPUT } from './pattern.js'
import type { Question } from './question.js'

type Check = HttpCheck | HttpsCheck

/** Bytes of a body that are looked at, unless its digest is asked for. */
export const BODY_INPUT = 1_048_576

/** 'GET /health' */
export function askText({ method, path }: HttpAsk): string {
  return `${method} ${path}`
}

/** The head of the request; no method here has a body. */
export function requestText({ check, way, world }: Question<Check>, ask: HttpAsk, last: boolean): string {
  const headers: Record<string, string> = {
    Host: check.host ?? defaultHost(check.kind, world.names.vip ?? way.address, way.port),
    'User-Agent': 'xlvs',
    Accept: '*/*',
    ...(check.version === '1.1' && last ? { Connection: 'close' } : {}),
    ...(check.version === '1.0' && !last ? { Connection: 'keep-alive' } : {}),
    ...(ask.method === 'POST' ? { 'Content-Length': '0' } : {}),
  }
  for (const [name, value] of Object.entries(check.headers ?? {})) {
    const same = Object.keys(headers).find((one) => one.toLowerCase() === name.toLowerCase())
    if (same !== undefined) delete headers[same]
    headers[name] = value
  }
  const fields = Object.entries(headers).map(([name, value]) => `${name}: ${value}`)
  const lines = [`${ask.method} ${ask.path} HTTP/${check.version}`, ...fields]
  // biome-ignore lint/suspicious/noControlCharactersInRegex: it is control characters that are looked for
  if (/\s/.test(ask.path) || lines.some((line) => /[\x00-\x08\x0a-\x1f]/.test(line)))
    throw new Failure(
      'cannot-check',
      `${quote(askText(ask))}: control characters or spaces would break the request`,
    )
  return `${lines.join('\r\n')}\r\n\r\n`
}

function defaultHost(kind: Check['kind'], address: string, port: number): string {
  const own = kind === 'http' ? 80 : 443
  if (port !== own) return endpointText(address, port)
  return isIP(address) === 6 ? `[${address}]` : address
}

/** Reads the answer as far as it must; true when the connection is free for the next request. */
export async function judgeAnswer(ask: HttpAsk, answer: HttpAnswer): Promise<boolean> {
  judgeStatus(ask, answer)
  const hash = ask.digest === undefined ? undefined : createHash(ask.digest.length === 32 ? 'md5' : 'sha256')
  const { text, length, whole } = await readBody(answer, inputOf(ask), hash)
  if (ask.body !== undefined) judgeBody(ask, ask.body, text, whole && length === text.length)
  const digest = hash?.digest('hex')
  if (digest !== ask.digest)
    throw new Failure('body', `digest ${digest} of the answer to ${askText(ask)}, ${ask.digest} wanted`)
  return whole && answer.kept
}

function judgeStatus(ask: HttpAsk, { status, phrase }: HttpAnswer): void {
  const free = ask.body !== undefined || ask.digest !== undefined
  const wanted = ask.status ?? (free ? [[100, 999] as const] : [[200, 299] as const])
  if (wanted.some(([first, last]) => status >= first && status <= last)) return
  const ranges = wanted.map(([first, last]) => (first === last ? `${first}` : `${first}..${last}`))
  const said = phrase === '' ? `${status}` : `${status} (${phrase.slice(0, 60)})`
  throw new Failure('status', `status ${said} from ${askText(ask)}, ${ranges.join(', ')} wanted`)
}

/** Bytes of the body that it is judged by. */
function inputOf({ body }: HttpAsk): number {
  if (body === undefined) return 0
  return 'contains' in body ? BODY_INPUT : PATTERN_INPUT
}

/** Its first `keep` bytes, how long it is, and whether it was read to its end. */
async function readBody({ body }: HttpAnswer, keep: number, hash: Hash | undefined) {
  const pieces: Buffer[] = []
  let length = 0
  for await (const piece of body) {
    if (length < keep) pieces.push(piece.subarray(0, keep - length))
    length += piece.length
    hash?.update(piece)
    if (hash === undefined && length > BODY_INPUT)
      return { text: Buffer.concat(pieces), length, whole: false }
  }
  return { text: Buffer.concat(pieces), length, whole: true }
}

function judgeBody(ask: HttpAsk, wanted: NonNullable<HttpAsk['body']>, text: Buffer, whole: boolean): void {
  const good =
    'contains' in wanted ? text.includes(wanted.contains) : matches(wanted.matches, text.toString())
  if (good) return
  const what = 'contains' in wanted ? `contain ${quote(wanted.contains)}` : `match ${quote(wanted.matches)}`
  const where = whole
    ? `the body of ${askText(ask)} does not`
    : `the first ${text.length} bytes of the body of ${askText(ask)} do not`
  const begin = text.length === 0 ? 'is empty' : `begins with ${quote(text.subarray(0, 60).toString())}`
  throw new Failure('body', `${where} ${what}; it ${begin}`)
}
