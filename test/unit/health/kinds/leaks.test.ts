// SPDX-License-Identifier: Apache-2.0
// Whatever a question comes to, and whenever it is broken off, nothing of it is left: no descriptor, no timer, no ear
// on the signal.
import { getEventListeners } from 'node:events'
import { createServer as createHttp } from 'node:http'
import { createServer as createHttp2, createSecureServer } from 'node:http2'
import { createServer as createHttps } from 'node:https'
import { beforeAll, expect, it } from 'vitest'
import type { Way } from '../../../../src/health/types.js'
import type { Check, HttpAsk } from '../../../../src/model/checks.js'
import {
  asked,
  Clock,
  COMMON,
  deadPort,
  descriptors,
  eventually,
  type Identity,
  identity,
  listening,
  MARK,
  serveTcp,
  serveUdp,
  way,
} from './given.js'

const ASKS: readonly HttpAsk[] = ['/a', '/b'].map((path) => ({ path, method: 'GET' }))
const TIMES = 16
let own: Identity
beforeAll(() => {
  own = identity('www.example.com')
})

/** Every kind towards every port, so that each meets its own server, others', closed ports and silence. */
async function everything(): Promise<{ checks: readonly Check[]; ports: readonly number[] }> {
  const tls = { key: own.key, cert: own.cert }
  const grpc = createHttp2().on('stream', (stream) => {
    stream.on('error', () => {})
    stream.respond({ ':status': 200, 'grpc-status': '12' }, { endStream: true })
  })
  const grpcTls = createSecureServer(tls).on('stream', (stream) => {
    stream.on('error', () => {})
    stream.respond({ ':status': 200 }, { waitForTrailers: true })
    stream.on('wantTrailers', () => stream.sendTrailers({ 'grpc-status': '0' }))
    stream.end(Buffer.of(0, 0, 0, 0, 2, 8, 1))
  })
  const ports = [
    await listening(createHttp((_, answer) => answer.end('ok'))),
    await listening(createHttps(tls, (_, answer) => answer.writeHead(503).end())),
    await listening(grpc.on('sessionError', () => {})),
    await listening(grpcTls.on('sessionError', () => {})),
    await serveTcp((socket) => socket.resume()),
    await serveTcp((socket) => socket.resume().end()),
    await serveTcp((socket) => socket.resetAndDestroy()),
    await serveTcp((socket) => socket.resume().end('220 mail.example.com\r\n')),
    await serveUdp((message, answer) => answer(message)),
    await serveUdp(() => {}),
    await deadPort(),
  ]
  const checks: Check[] = [
    { ...COMMON, kind: 'tcp' },
    { ...COMMON, kind: 'tls' },
    { ...COMMON, kind: 'tls', verify: true, sni: 'www.example.com' },
    { ...COMMON, kind: 'http', version: '1.1', asks: ASKS },
    { ...COMMON, kind: 'http', version: '1.0', asks: ASKS },
    { ...COMMON, kind: 'https', version: '1.1', asks: ASKS },
    { ...COMMON, kind: 'grpc', service: '' },
    { ...COMMON, kind: 'grpc', service: '', tls: true },
    { ...COMMON, kind: 'dns', type: 'A', name: '.' },
    { ...COMMON, kind: 'udp' },
    { ...COMMON, kind: 'udp', requireReply: true, payload: '00', reply: '01' },
    { ...COMMON, kind: 'icmp' },
  ]
  return { checks, ports }
}

/** Broken off after so many turns of the event loop, unless it is answered before. */
async function broken(check: Check, to: Way, turns: number): Promise<string> {
  const clock = new Clock()
  let left = turns
  let answered = false
  const turn = () => {
    if (answered) return
    if (left-- > 0) setImmediate(turn)
    else clock.strike()
  }
  turn()
  const answer = await asked(check, to, clock)
  answered = true
  expect(getEventListeners(clock.world.signal, 'abort')).toHaveLength(0)
  return answer.good ? 'good' : answer.reason
}

it('thousands of questions of all outcomes leave nothing open', async () => {
  const { checks, ports } = await everything()
  const questions = checks.flatMap((check) => ports.map((port) => ({ check, port })))
  const round = (i: number) =>
    Promise.all(
      questions.map(({ check, port }, n) =>
        broken(check, way(port, (i + n) % 2 === 0 ? {} : { mark: MARK }), (i * 7 + n) % 40),
      ),
    )
  await round(0)
  const before = await quiet()
  const outcomes = new Set<string>()
  for (let i = 1; i <= TIMES; i++) for (const outcome of await round(i)) outcomes.add(outcome)
  expect([...outcomes].sort()).toEqual([
    'body',
    'closed',
    'good',
    'protocol',
    'refused',
    'status',
    'timeout',
    'tls',
  ])
  await eventually(descriptors).toBeLessThanOrEqual(before)
}, 240_000)

/** Descriptors once the servers have closed their ends as well. */
async function quiet(): Promise<number> {
  let last = Number.NaN
  await expect
    .poll(
      () => {
        const now = descriptors()
        const same = now === last
        last = now
        return same
      },
      { interval: 200, timeout: 30_000 },
    )
    .toBe(true)
  return last
}
