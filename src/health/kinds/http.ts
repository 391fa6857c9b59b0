// SPDX-License-Identifier: Apache-2.0
// Are these URLs served as they should be? Asked one after the other, on one connection for as long as the server
// keeps it.
import type { Duplex } from 'node:stream'
import type { HttpAsk, HttpCheck, HttpsCheck } from '../../model/checks.js'
import { type Bytes, bytesOf } from './bytes.js'
import { connected, secured } from './connection.js'
import { Failure, failureOf } from './failure.js'
import { type HttpAnswer, readAnswer } from './http-answer.js'
import { askText, judgeAnswer, requestText } from './http-ask.js'
import { asks, type Question } from './question.js'

export const askHttp = asks<HttpCheck>((question) => askAll(question, () => connected(question)))

export const askHttps = asks<HttpsCheck>((question) =>
  askAll(question, async () => secured(question, await connected(question))),
)

type Asked = Question<HttpCheck | HttpsCheck>
interface Line {
  readonly stream: Duplex
  readonly bytes: Bytes
}

async function askAll(question: Asked, connect: () => Promise<Duplex>) {
  const { asks: all } = question.check
  const open = async (): Promise<Line> => {
    const stream = await connect()
    return { stream, bytes: bytesOf(stream) }
  }
  let kept: Line | undefined
  for (const [i, ask] of all.entries()) {
    const request = requestText(question, ask, i === all.length - 1)
    const { line, answer } = await answerTo(question, ask, request, kept, open)
    kept = (await during(ask, () => judgeAnswer(ask, answer))) ? line : undefined
    if (kept === undefined) line.stream.destroy()
  }
  return {}
}

/** A server may close a kept connection at any time, so a request that meets nothing there is made again on a new one. */
async function answerTo(
  question: Asked,
  ask: HttpAsk,
  request: string,
  kept: Line | undefined,
  open: () => Promise<Line>,
): Promise<{ line: Line; answer: HttpAnswer }> {
  const wait = () => question.awaits(`whole answer to ${askText(ask)} from ${question.target}`)
  if (kept !== undefined) {
    wait()
    const answer = await exchanged(kept, ask, request).catch(unlessClosed)
    if (answer !== undefined) return { line: kept, answer }
    kept.stream.destroy()
  }
  const line = await open()
  wait()
  const answer = await during(ask, () => exchanged(line, ask, request))
  if (answer !== undefined) return { line, answer }
  throw new Failure('closed', `${question.target} closed the connection without an answer to ${askText(ask)}`)
}

function exchanged({ stream, bytes }: Line, ask: HttpAsk, request: string): Promise<HttpAnswer | undefined> {
  stream.write(request)
  return readAnswer(bytes, ask.method)
}

function unlessClosed(error: unknown): undefined {
  if (failureOf(error).reason !== 'closed') throw error
}

/** What breaks off or makes no sense says in answer to what. */
async function during<T>(ask: HttpAsk, run: () => Promise<T>): Promise<T> {
  try {
    return await run()
  } catch (error) {
    const { reason, message } = failureOf(error)
    if (reason !== 'closed' && reason !== 'protocol') throw error
    throw new Failure(reason, `answer to ${askText(ask)}: ${message}`)
  }
}
