// SPDX-License-Identifier: Apache-2.0
// An HTTP/1 answer as it comes in: status line, headers, and the body by its framing, piece by piece, never whole.
import type { Bytes } from './bytes.js'
import { Failure } from './failure.js'

export interface HttpAnswer {
  readonly status: number
  /** text after the number: 'Service Unavailable' */
  readonly phrase: string
  /** pieces of the body; rejects when it breaks off */
  readonly body: AsyncGenerator<Buffer, void>
  /** the server keeps the connection once the body is read to its end */
  readonly kept: boolean
}

const LINE = 16_384
const LINES = 256
const HEADS = 16

/** undefined when the server finishes without a single byte. */
export async function readAnswer(bytes: Bytes, method: string): Promise<HttpAnswer | undefined> {
  for (let heads = 0; heads < HEADS; heads++) {
    const first = await bytes.line(LINE)
    if (first === undefined && heads === 0) return undefined
    if (first === undefined) throw brokenOff('in the head')
    const { version, status, phrase } = statusLine(first)
    const headers = await readHeaders(bytes)
    if (status >= 200) {
      const framing = framingOf(headers, status, method)
      const kept = framing !== 'close' && keeps(headers, version)
      return { status, phrase, body: bodyOf(bytes, framing), kept }
    }
  }
  throw new Failure('protocol', `${HEADS} interim answers and no final one`)
}

function statusLine(line: string) {
  const match = /^HTTP\/1\.([01]) ([1-9][0-9]{2})(?: (.*))?$/.exec(line)
  if (match === null)
    throw new Failure('protocol', `not HTTP: the first line is ${JSON.stringify(line.slice(0, 60))}`)
  return { version: match[1] as '0' | '1', status: Number(match[2]), phrase: match[3]?.trim() ?? '' }
}

type Headers = ReadonlyMap<string, string>

async function readHeaders(bytes: Bytes): Promise<Headers> {
  const headers = new Map<string, string>()
  for (let lines = 0; lines < LINES; lines++) {
    const line = await bytes.line(LINE)
    if (line === undefined) throw brokenOff('in the head')
    if (line === '') return headers
    const match = /^([^\s:]+):(.*)$/.exec(line)
    if (match === null) throw new Failure('protocol', `no header: ${JSON.stringify(line.slice(0, 60))}`)
    const name = (match[1] as string).toLowerCase()
    const value = (match[2] as string).trim()
    const before = headers.get(name)
    headers.set(name, before === undefined ? value : `${before}, ${value}`)
  }
  throw new Failure('protocol', `more than ${LINES} headers`)
}

/** Length in bytes, chunks, or until the connection closes. */
type Framing = number | 'chunked' | 'close'

function framingOf(headers: Headers, status: number, method: string): Framing {
  if (method === 'HEAD' || status === 204 || status === 304) return 0
  const coding = headers.get('transfer-encoding')?.toLowerCase()
  if (coding !== undefined) return /(?:^|,)\s*chunked$/.test(coding) ? 'chunked' : 'close'
  const length = headers.get('content-length')
  if (length === undefined) return 'close'
  if (!/^[0-9]{1,15}$/.test(length))
    throw new Failure('protocol', `Content-Length is ${JSON.stringify(length.slice(0, 60))}`)
  return Number(length)
}

function keeps(headers: Headers, version: '0' | '1'): boolean {
  const said = headers.get('connection')?.toLowerCase() ?? ''
  if (/\bclose\b/.test(said)) return false
  return version === '1' || /\bkeep-alive\b/.test(said)
}

async function* bodyOf(bytes: Bytes, framing: Framing): AsyncGenerator<Buffer, void> {
  if (framing === 'chunked') yield* chunks(bytes)
  else if (framing !== 'close') yield* exactly(bytes, framing)
  else for (let piece = await bytes.some(); piece !== undefined; piece = await bytes.some()) yield piece
}

async function* exactly(bytes: Bytes, length: number): AsyncGenerator<Buffer, void> {
  for (let left = length; left > 0; ) {
    const piece = await bytes.some(left)
    if (piece === undefined) throw brokenOff(`${left} bytes before the end of the body`)
    left -= piece.length
    yield piece
  }
}

async function* chunks(bytes: Bytes): AsyncGenerator<Buffer, void> {
  for (;;) {
    const line = await bytes.line(LINE)
    if (line === undefined) throw brokenOff('in the body')
    const size = /^([0-9a-f]{1,12})[ \t]*(?:;.*)?$/i.exec(line)?.[1]
    if (size === undefined)
      throw new Failure('protocol', `no chunk of a body: ${JSON.stringify(line.slice(0, 60))}`)
    const length = Number.parseInt(size, 16)
    if (length === 0) break
    yield* exactly(bytes, length)
    if ((await bytes.line(0)) === undefined) throw brokenOff('in the body')
  }
  await readHeaders(bytes)
}

function brokenOff(where: string): Failure {
  return new Failure('closed', `the connection ended ${where}`)
}
