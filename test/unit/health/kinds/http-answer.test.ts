// SPDX-License-Identifier: Apache-2.0
// An HTTP answer is read the same however it is cut into pieces, and garbage is a failure, never anything worse.
import { Readable } from 'node:stream'
import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { bytesOf } from '../../../../src/health/kinds/bytes.js'
import { Failure } from '../../../../src/health/kinds/failure.js'
import { readAnswer } from '../../../../src/health/kinds/http-answer.js'

/** The stream in pieces of these sizes, over and over. */
function cut(text: Buffer, sizes: readonly number[]): Readable {
  const pieces: Buffer[] = []
  for (let at = 0, i = 0; at < text.length; i++) {
    const size = sizes[i % sizes.length] ?? text.length
    pieces.push(text.subarray(at, at + size))
    at += size
  }
  return Readable.from(pieces, { objectMode: false })
}

async function read(stream: Readable) {
  const answer = await readAnswer(bytesOf(stream), 'GET')
  if (answer === undefined) return undefined
  const body: Buffer[] = []
  for await (const piece of answer.body) body.push(piece)
  const { status, phrase, kept } = answer
  return { status, phrase, kept, body: Buffer.concat(body).toString('latin1') }
}

const sizes = fc.array(fc.integer({ min: 1, max: 9 }), { minLength: 1, maxLength: 8 })

describe('an answer', () => {
  it.each([
    [
      'HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\nhello',
      { status: 200, phrase: 'OK', kept: true, body: 'hello' },
    ],
    [
      'HTTP/1.1 404 Not Found\r\nConnection: close\r\nTransfer-Encoding: gzip, Chunked\r\n\r\n3\r\nhel\r\n02;a\r\nlo\r\n0\r\nA: b\r\n\r\n',
      { status: 404, phrase: 'Not Found', kept: false, body: 'hello' },
    ],
    ['HTTP/1.0 200\r\n\r\nhello', { status: 200, phrase: '', kept: false, body: 'hello' }],
    [
      'HTTP/1.1 100 Continue\r\n\r\nHTTP/1.0 200 OK\nConnection: Keep-Alive\ncontent-length: 5\n\nhello',
      { status: 200, phrase: 'OK', kept: true, body: 'hello' },
    ],
  ])('%j is the same whatever its pieces', async (text, expected) => {
    await fc.assert(
      fc.asyncProperty(sizes, async (pieces) => {
        expect(await read(cut(Buffer.from(text), pieces))).toEqual(expected)
      }),
    )
  })

  it('leaves what follows it on the connection', async () => {
    const two = 'HTTP/1.1 200 OK\r\nContent-Length: 1\r\n\r\naHTTP/1.1 503 No\r\nContent-Length: 1\r\n\r\nb'
    await fc.assert(
      fc.asyncProperty(sizes, async (pieces) => {
        const bytes = bytesOf(cut(Buffer.from(two), pieces))
        const heard: unknown[] = []
        for (let i = 0; i < 3; i++) {
          const answer = await readAnswer(bytes, 'GET')
          heard.push(answer?.status)
          for await (const piece of answer?.body ?? []) heard.push(String(piece))
        }
        expect(heard).toEqual([200, 'a', 503, 'b', undefined])
      }),
    )
  })

  it('of any bytes is an answer or a failure', async () => {
    const words = [
      'HTTP/1.1 200 OK',
      '\r\n',
      '\n',
      'Content-Length: 3',
      'Transfer-Encoding: chunked',
      '3',
      '0',
      'abc',
      ': ',
      ' ',
    ]
    const part = fc.oneof(
      fc.constantFrom(...words.map((word) => Buffer.from(word))),
      fc.uint8Array({ maxLength: 6 }).map((bytes) => Buffer.from(bytes)),
    )
    await fc.assert(
      fc.asyncProperty(fc.array(part, { maxLength: 20 }), sizes, async (parts, pieces) => {
        const outcome = await read(cut(Buffer.concat(parts), pieces)).catch((error: unknown) => error)
        if (outcome instanceof Error) expect(outcome).toBeInstanceOf(Failure)
      }),
      { numRuns: 2_000 },
    )
  })
})
