// SPDX-License-Identifier: Apache-2.0
// Does the server say SERVING? grpc.health.v1.Health/Check over HTTP/2, in plain text or TLS.
import {
  type ClientHttp2Session,
  type ClientHttp2Stream,
  connect,
  constants,
  type IncomingHttpHeaders,
} from 'node:http2'
import type { Socket } from 'node:net'
import type { GrpcCheck } from '../../model/checks.js'
import { quote } from '../../model/describe.js'
import { endpointText } from '../../model/keys.js'
import { connected, secured } from './connection.js'
import { Failure, failureOf } from './failure.js'
import { GRPC_CODES, healthRequest, healthStatus, SERVING } from './grpc-message.js'
import { asks, type Question } from './question.js'

const ANSWER_BYTES = 65_536
const NOT_FOUND = 5
const UNIMPLEMENTED = 12

export const askGrpc = asks<GrpcCheck>(async (question) => {
  const { check, target } = question
  const socket = await connected(question)
  const stream = requested(question, check.tls === true ? await overTls(question, socket) : socket)
  question.awaits(`answer to the health question from ${target}, which took the connection,`)
  const answer = await answerOf(stream, target)
  judgeCall(check, target, answer.headers)
  judgeStatus(check, target, healthStatus(answer.body))
  return {}
})

async function overTls(question: Question<GrpcCheck>, socket: Socket): Promise<Socket> {
  const secure = await secured(question, socket, ['h2'])
  if (secure.alpnProtocol === 'h2') return secure
  throw new Failure(
    'protocol',
    `${question.target} finished the TLS handshake but does not speak HTTP/2 (no ALPN h2)`,
  )
}

function requested(question: Question<GrpcCheck>, socket: Socket): ClientHttp2Stream {
  const { check, way, world } = question
  const host = check.sni ?? endpointText(world.names.vip ?? way.address, way.port)
  const session: ClientHttp2Session = question.own(
    connect('http://real.invalid', { createConnection: () => socket }),
    (it) => it.destroy(),
  )
  session.on('error', () => {})
  const stream = session.request({
    [constants.HTTP2_HEADER_METHOD]: 'POST',
    [constants.HTTP2_HEADER_SCHEME]: check.tls === true ? 'https' : 'http',
    [constants.HTTP2_HEADER_AUTHORITY]: host,
    [constants.HTTP2_HEADER_PATH]: '/grpc.health.v1.Health/Check',
    'content-type': 'application/grpc',
    te: 'trailers',
    'user-agent': 'xlvs',
    'grpc-timeout': `${Math.ceil(check.timeout * 1000)}m`,
  })
  stream.end(healthRequest(check.service))
  return stream
}

interface Called {
  /** of the answer and, when they came, of its trailers */
  readonly headers: IncomingHttpHeaders
  readonly body: Buffer
}

function answerOf(stream: ClientHttp2Stream, target: string): Promise<Called> {
  return new Promise((resolve, reject) => {
    const body: Buffer[] = []
    let headers: IncomingHttpHeaders | undefined
    let length = 0
    stream.on('response', (came) => {
      headers = came
    })
    stream.on('trailers', (came) => {
      headers = { ...headers, ...came }
    })
    stream.on('data', (piece: Buffer) => {
      body.push(piece)
      length += piece.length
      if (length > ANSWER_BYTES)
        reject(new Failure('protocol', `more than ${ANSWER_BYTES} bytes in answer to the health question`))
    })
    stream.on('error', (error) => reject(sessionFailure(error, target)))
    stream.on('close', () => {
      if (headers !== undefined && stream.rstCode === 0) resolve({ headers, body: Buffer.concat(body) })
      else
        reject(
          new Failure('closed', `${target} closed the connection without an answer to the health question`),
        )
    })
  })
}

function sessionFailure(error: NodeJS.ErrnoException, target: string): Failure {
  const known = failureOf(error, `health question to ${target}`)
  if (known.reason !== 'cannot-check') return known
  return new Failure('protocol', `${target} does not answer in HTTP/2: ${error.message}`)
}

/** What came back is a gRPC answer at all, and the call succeeded. */
function judgeCall(check: GrpcCheck, target: string, headers: IncomingHttpHeaders): void {
  const status = Number(headers[':status'])
  const said = headers['grpc-status']
  if (said === undefined) {
    if (status === 200)
      throw new Failure('protocol', `${target} answers in HTTP/2 but not in gRPC: no grpc-status`)
    throw new Failure('status', `HTTP status ${status} from ${target} instead of a gRPC answer`)
  }
  const code = Number(said)
  if (code === 0) return
  const why = reasonText(headers['grpc-message'])
  if (code === NOT_FOUND)
    throw new Failure(
      'not-serving',
      `${target} does not know the service ${quote(check.service)} (NOT_FOUND${why})`,
    )
  if (code === UNIMPLEMENTED)
    throw new Failure('protocol', `${target} has no grpc.health.v1.Health service (UNIMPLEMENTED${why})`)
  const name = GRPC_CODES[code] ?? 'unknown code'
  throw new Failure(
    'not-serving',
    `the health question to ${target} failed: grpc-status ${said} ${name}${why}`,
  )
}

function judgeStatus(check: GrpcCheck, target: string, status: number | undefined): void {
  if (status === undefined) throw new Failure('protocol', `${target} sent no HealthCheckResponse`)
  if (SERVING[status] === 'SERVING') return
  const of = check.service === '' ? 'the server' : `service ${quote(check.service)}`
  throw new Failure('not-serving', `${target} says ${SERVING[status] ?? `status ${status}`} for ${of}`)
}

/** grpc-message, which is percent-encoded: ': no such database' */
function reasonText(message: string | string[] | undefined): string {
  if (typeof message !== 'string' || message === '') return ''
  let text = message
  try {
    text = decodeURIComponent(message)
  } catch {
    // a server that encodes badly is shown as it writes
  }
  return `: ${quote(text, 120)}`
}
