// SPDX-License-Identifier: Apache-2.0
// A gRPC server that says SERVING is good; one that says anything else, or nothing, or in other words, is not.

import {
  createSecureServer,
  createServer,
  type IncomingHttpHeaders,
  type ServerHttp2Stream,
} from 'node:http2'
import { createServer as createTls } from 'node:tls'
import fc from 'fast-check'
import { beforeAll, describe, expect, it } from 'vitest'
import { healthRequest, healthStatus } from '../../../../src/health/kinds/grpc-message.js'
import type { GrpcCheck } from '../../../../src/model/checks.js'
import {
  Clock,
  COMMON,
  deadPort,
  type Identity,
  identity,
  listening,
  serveTcp,
  tell,
  WAYS,
  way,
} from './given.js'

const check: GrpcCheck = { ...COMMON, kind: 'grpc', service: '' }
const SERVING = Buffer.of(0, 0, 0, 0, 2, 8, 1)
let own: Identity
beforeAll(() => {
  own = identity('grpc.example.com')
})

type Act = (stream: ServerHttp2Stream, headers: IncomingHttpHeaders, request: Buffer) => void

function acting(act: Act) {
  return (stream: ServerHttp2Stream, headers: IncomingHttpHeaders) => {
    const parts: Buffer[] = []
    stream.on('error', () => {})
    stream.on('data', (part: Buffer) => parts.push(part))
    stream.on('end', () => act(stream, headers, Buffer.concat(parts)))
  }
}

function serve(act: Act): Promise<number> {
  return listening(
    createServer()
      .on('stream', acting(act))
      .on('sessionError', () => {}),
  )
}

function saying(body: Uint8Array, trailers: Record<string, string> = { 'grpc-status': '0' }): Act {
  return (stream) => {
    stream.respond({ ':status': 200, 'content-type': 'application/grpc' }, { waitForTrailers: true })
    stream.on('wantTrailers', () => stream.sendTrailers(trailers))
    stream.end(body)
  }
}

/** Headers only, as servers answer failed calls. */
function failing(headers: Record<string, string | number>): Act {
  return (stream) =>
    stream.respond({ ':status': 200, 'content-type': 'application/grpc', ...headers }, { endStream: true })
}

describe.each(WAYS)('the health question by $title', ({ mark }) => {
  const by = mark === undefined ? {} : { mark }

  it('is good in plain text when the answer is SERVING', async () => {
    expect(await tell(check, way(await serve(saying(SERVING)), by))).toBe('good')
  })

  it('is good over TLS when the answer is SERVING', async () => {
    const server = createSecureServer({ key: own.key, cert: own.cert }).on('stream', acting(saying(SERVING)))
    const port = await listening(server)
    expect(await tell({ ...check, tls: true, sni: 'grpc.example.com' }, way(port, by))).toBe('good')
  })

  it('is refused where nothing listens', async () => {
    expect(await tell(check, way(await deadPort(), by))).toMatch(/^refused: connect to /)
  })
})

it('asks as gRPC does', async () => {
  let heard: unknown
  const port = await serve((stream, headers, request) => {
    heard = [
      headers[':method'],
      headers[':path'],
      headers[':authority'],
      headers['content-type'],
      headers.te,
      headers['grpc-timeout'],
      request.toString('latin1'),
    ]
    saying(SERVING)(stream, headers, request)
  })
  expect(await tell({ ...check, service: 'shop.Cart' }, way(port))).toBe('good')
  const path = '/grpc.health.v1.Health/Check'
  const message = '\0\0\0\0\x0b\n\tshop.Cart'
  expect(heard).toEqual([
    'POST',
    path,
    `192.0.2.10:${port}`,
    'application/grpc',
    'trailers',
    '1000m',
    message,
  ])
})

describe('what a server says', () => {
  it.each([
    [
      'NOT_SERVING',
      saying(Buffer.of(0, 0, 0, 0, 2, 8, 2)),
      'not-serving: TARGET says NOT_SERVING for the server',
    ],
    ['no status', saying(Buffer.of(0, 0, 0, 0, 0)), 'not-serving: TARGET says UNKNOWN for the server'],
    [
      'a new status',
      saying(Buffer.of(0, 0, 0, 0, 2, 8, 9)),
      'not-serving: TARGET says status 9 for the server',
    ],
    ['no message', saying(Buffer.alloc(0)), 'protocol: TARGET sent no HealthCheckResponse'],
    ['garbage', saying(Buffer.of(0, 0, 0, 0, 2, 255, 255)), 'protocol: TARGET sent no HealthCheckResponse'],
    [
      'UNIMPLEMENTED',
      failing({ 'grpc-status': '12', 'grpc-message': 'unknown%20service' }),
      'protocol: TARGET has no grpc.health.v1.Health service (UNIMPLEMENTED: "unknown service")',
    ],
    [
      'NOT_FOUND',
      failing({ 'grpc-status': '5' }),
      'not-serving: TARGET does not know the service "" (NOT_FOUND)',
    ],
    [
      'UNAVAILABLE',
      saying(Buffer.alloc(0), { 'grpc-status': '14', 'grpc-message': 'bad % escape' }),
      'not-serving: the health question to TARGET failed: grpc-status 14 UNAVAILABLE: "bad % escape"',
    ],
    [
      'a code nobody knows',
      failing({ 'grpc-status': '99' }),
      'not-serving: the health question to TARGET failed: grpc-status 99 unknown code',
    ],
    ['404', failing({ ':status': 404 }), 'status: HTTP status 404 from TARGET instead of a gRPC answer'],
    [
      'a web page',
      saying(Buffer.from('<html>'), { 'x-other': '1' }),
      'protocol: TARGET answers in HTTP/2 but not in gRPC: no grpc-status',
    ],
    [
      'too much',
      saying(Buffer.alloc(100_000)),
      'protocol: more than 65536 bytes in answer to the health question',
    ],
  ])('%s has its reason', async (_, act, expected) => {
    const port = await serve(act)
    expect(await tell(check, way(port))).toBe(expected.replaceAll('TARGET', `127.0.0.1:${port}`))
  })

  it('about a service names that', async () => {
    const port = await serve(saying(Buffer.of(0, 0, 0, 0, 2, 8, 3)))
    expect(await tell({ ...check, service: 'shop.Cart' }, way(port))).toBe(
      `not-serving: 127.0.0.1:${port} says SERVICE_UNKNOWN for service "shop.Cart"`,
    )
  })
})

describe('a server that is no gRPC server', () => {
  it('speaks another protocol', async () => {
    const port = await serveTcp((socket) => {
      socket.once('data', () => socket.end('HTTP/1.1 400 Bad Request\r\nConnection: close\r\n\r\n'))
    })
    expect(await tell(check, way(port))).toMatch(/^protocol: \S+ does not answer in HTTP\/2: /)
  })

  it('closes at once', async () => {
    const port = await serveTcp((socket) => socket.end())
    expect(await tell(check, way(port))).toBe(
      `closed: 127.0.0.1:${port} closed the connection without an answer to the health question`,
    )
  })

  it('resets', async () => {
    const port = await serveTcp((socket) => socket.once('data', () => socket.resetAndDestroy()))
    expect(await tell(check, way(port))).toMatch(/^closed: /)
  })

  it('refuses the stream', async () => {
    const port = await serve((stream) => stream.close(7))
    expect(await tell(check, way(port))).toMatch(/^protocol: .*NGHTTP2_REFUSED_STREAM/)
  })

  it('says nothing until the deadline', async () => {
    const clock = new Clock()
    const port = await serveTcp((socket) => socket.once('data', () => clock.strike()))
    expect(await tell(check, way(port), clock)).toBe(
      `timeout: no answer to the health question from 127.0.0.1:${port}, which took the connection, within 1 s`,
    )
  })

  it('drips bytes until the deadline', async () => {
    const clock = new Clock()
    const port = await serve((stream) => {
      stream.respond({ ':status': 200, 'content-type': 'application/grpc' })
      let drops = 0
      const drip = setInterval(() => {
        stream.write(Buffer.of(0))
        if (++drops === 5) clock.strike()
      }, 1)
      stream.on('close', () => clearInterval(drip))
    })
    expect(await tell(check, way(port), clock)).toMatch(/^timeout: /)
  })

  it('has TLS without HTTP/2', async () => {
    const port = await listening(
      createTls({ key: own.key, cert: own.cert }, (socket) => socket.on('error', () => {})),
    )
    expect(await tell({ ...check, tls: true }, way(port))).toBe(
      `protocol: 127.0.0.1:${port} finished the TLS handshake but does not speak HTTP/2 (no ALPN h2)`,
    )
  })
})

describe('messages', () => {
  it('are read whatever the bytes', () => {
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 64 }), fc.boolean(), (bytes, framed) => {
        const frame = Buffer.concat([Buffer.of(0, 0, 0, 0, bytes.length), bytes])
        const status = healthStatus(framed ? frame : Buffer.from(bytes))
        return status === undefined || (Number.isFinite(status) && status >= 0)
      }),
      { numRuns: 5_000 },
    )
  })

  it('keep the status beside fields that are new', () => {
    const others = [
      [0x12, 2, 8, 7],
      [0x19, 1, 2, 3, 4, 5, 6, 7, 8],
      [0x25, 1, 2, 3, 4],
      [0x28, 0xff, 1],
    ]
    const field = fc.constantFrom(...others.map((one) => Buffer.from(one)))
    fc.assert(
      fc.property(fc.array(field), fc.array(field), fc.nat(3), (before, after, status) => {
        const message = Buffer.concat([...before, Buffer.of(8, status), ...after])
        const frame = Buffer.concat([Buffer.of(0, 0, 0, 0, message.length), message])
        expect(healthStatus(frame)).toBe(status)
      }),
    )
  })

  it('carry names longer than a byte can count', () => {
    expect(healthRequest('x'.repeat(300)).subarray(0, 8)).toEqual(Buffer.of(0, 0, 0, 1, 0x2f, 0x0a, 0xac, 2))
    expect(healthRequest('')).toEqual(Buffer.alloc(5))
  })
})
