// SPDX-License-Identifier: Apache-2.0
// URLs are asked as an operator wrote them, and everything a server can do wrong has its reason and its sentence.
import { createHash } from 'node:crypto'
import { createServer, type IncomingMessage, type RequestListener } from 'node:http'
import type { Socket } from 'node:net'
import { describe, expect, it } from 'vitest'
import type { HttpAsk, HttpCheck } from '../../../../src/model/checks.js'
import { Clock, COMMON, deadPort, listening, serveTcp, tell, WAYS, way } from './given.js'

const HEALTH: HttpAsk = { path: '/health', method: 'GET' }

function http(ask: Partial<HttpAsk> = {}, more: Partial<HttpCheck> = {}): HttpCheck {
  return { ...COMMON, kind: 'http', version: '1.1', asks: [{ ...HEALTH, ...ask }], ...more }
}

function serve(answer: RequestListener): Promise<number> {
  return listening(createServer(answer))
}

/** Says this to everyone who has sent a request, and leaves the connection open. */
function saying(text: string, then: (socket: Socket) => void = () => {}): Promise<number> {
  return serveTcp((socket) =>
    socket.once('data', () => {
      socket.write(text, 'latin1')
      then(socket)
    }),
  )
}

const finish = (socket: Socket) => void socket.end()

describe.each(WAYS)('a URL asked by $title', ({ mark }) => {
  const by = mark === undefined ? {} : { mark }

  it('is good with a status of 200 to 299', async () => {
    const port = await serve((_, answer) => answer.writeHead(204).end())
    expect(await tell(http(), way(port, by))).toBe('good')
  })

  it('is refused where nothing listens', async () => {
    expect(await tell(http(), way(await deadPort(), by))).toMatch(/^refused: connect to /)
  })

  it('is given up at the deadline when the server takes the connection and says nothing', async () => {
    const clock = new Clock()
    const port = await serveTcp((socket) => socket.on('data', () => clock.strike()))
    expect(await tell(http(), way(port, by), clock)).toMatch(
      /^timeout: no whole answer to GET \/health from \S+( by way of \S+)? within 1 s$/,
    )
  })
})

describe('status', () => {
  it.each([
    [[[200, 299]], 'status: status 503 (Service Unavailable) from GET /health, 200..299 wanted'],
    [
      [
        [200, 200],
        [400, 499],
      ],
      'status: status 503 (Service Unavailable) from GET /health, 200, 400..499 wanted',
    ],
    [
      [
        [200, 299],
        [503, 503],
      ],
      'good',
    ],
    [[[500, 599]], 'good'],
  ] as const)('503 of %j: %s', async (status, expected) => {
    const port = await serve((_, answer) => answer.writeHead(503).end('no'))
    expect(await tell(http({ status }), way(port))).toBe(expected)
  })

  it('does not matter when a body or a digest is asked for and no status', async () => {
    const port = await serve((_, answer) => answer.writeHead(500).end('still here'))
    expect(await tell(http({ body: { contains: 'here' } }), way(port))).toBe('good')
    expect(await tell(http({ digest: md5('still here') }), way(port))).toBe('good')
  })

  it('matters beside a body when both are asked for', async () => {
    const port = await serve((_, answer) => answer.writeHead(500).end('still here'))
    const both = { body: { contains: 'here' }, status: [[200, 200]] } as const
    expect(await tell(http(both), way(port))).toMatch(/^status: status 500 \(Internal Server Error\)/)
  })

  it('counts after interim answers', async () => {
    const port = await saying(
      'HTTP/1.1 103 Early Hints\r\nLink: </x>\r\n\r\nHTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n',
    )
    expect(await tell(http(), way(port))).toBe('good')
  })

  it('is not that of a place it is sent to', async () => {
    const port = await serve((_, answer) => answer.writeHead(302, { location: '/ok' }).end())
    expect(await tell(http(), way(port))).toBe('status: status 302 (Found) from GET /health, 200..299 wanted')
  })
})

describe('the body', () => {
  it('contains what is wanted, wherever the pieces end', async () => {
    const port = await serve((_, answer) => {
      answer.write('all sys')
      setImmediate(() => answer.end('tems go'))
    })
    expect(await tell(http({ body: { contains: 'systems' } }), way(port))).toBe('good')
  })

  it('fails without it, and shows how it begins', async () => {
    const port = await serve((_, answer) => answer.end('database \u001b[31mdown'))
    expect(await tell(http({ body: { contains: 'systems go' } }), way(port))).toBe(
      String.raw`body: the body of GET /health does not contain "systems go"; it begins with "database \u001b[31mdown"`,
    )
  })

  it('fails when there is none', async () => {
    const port = await serve((_, answer) => answer.end())
    expect(await tell(http({ body: { matches: 'ok' } }), way(port))).toBe(
      'body: the body of GET /health does not match "ok"; it is empty',
    )
  })

  it('is looked at up to 1 MiB, and no more is read', async () => {
    const endless = await serve((_, answer) => {
      const more = () => {
        while (!answer.destroyed && answer.write(Buffer.alloc(65_536, 'x')));
      }
      answer.on('drain', more)
      more()
    })
    expect(await tell(http({ body: { contains: 'ok' } }), way(endless))).toBe(
      'body: the first 1048576 bytes of the body of GET /health do not contain "ok"; it begins with "xxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxx"',
    )
    expect(await tell(http(), way(endless))).toBe('good')
  })

  it('matches a regular expression within its first 64 KiB', async () => {
    const text = 'x'.repeat(65_530)
    const port = await serve(({ url }, answer) =>
      answer.end(`${url === '/far' ? `${text}yyyyyyy` : text}ok 7`),
    )
    expect(await tell(http({ body: { matches: 'ok [0-9]' } }), way(port))).toBe('good')
    expect(await tell(http({ path: '/far', body: { matches: 'ok [0-9]' } }), way(port))).toMatch(
      /^body: the first 65536 bytes of the body of GET \/far do not match "ok \[0-9\]"/,
    )
  })

  it('cannot make a regular expression run away with the process', async () => {
    const port = await serve((_, answer) => answer.end(`${'a'.repeat(50_000)}!`))
    expect(await tell(http({ body: { matches: '(a+)+$' } }), way(port))).toBe(
      'cannot-check: the pattern "(a+)+$" needs more than 100 ms for 50001 characters; write it without repeats inside of repeats',
    )
    expect(await tell(http({ body: { matches: '!$' } }), way(port))).toBe('good')
  })

  it('cannot be judged by a pattern that is none', async () => {
    const port = await serve((_, answer) => answer.end('ok'))
    expect(await tell(http({ body: { matches: '(' } }), way(port))).toMatch(
      /^cannot-check: Invalid regular expression/,
    )
  })

  it('has the digest that is wanted, however long it is', async () => {
    const long = Buffer.alloc(3_000_000, 'xlvs')
    const port = await serve((_, answer) => answer.end(long))
    const sha = createHash('sha256').update(long).digest('hex')
    expect(await tell(http({ digest: md5(long) }), way(port))).toBe('good')
    expect(await tell(http({ digest: sha }), way(port))).toBe('good')
    expect(await tell(http({ digest: md5('other') }), way(port))).toBe(
      `body: digest ${md5(long)} of the answer to GET /health, ${md5('other')} wanted`,
    )
  })
})

describe('framing', () => {
  it.each([
    ['a length', 'HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok', () => {}],
    [
      'chunks',
      'HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n1;x=y\r\no\r\n1\r\nk\r\n0\r\nX: y\r\n\r\n',
      () => {},
    ],
    ['the end of the connection', 'HTTP/1.0 200 OK\r\n\r\nok', finish],
    ['bare line ends', 'HTTP/1.0 200\n\nok', finish],
  ])('by %s gives the whole body', async (_, text, then) => {
    expect(await tell(http({ digest: md5('ok') }), way(await saying(text, then)))).toBe('good')
  })

  it.each([
    ['nothing', '', 'closed: 127.0.0.1:PORT closed the connection without an answer to GET /health'],
    [
      'half a line',
      'HTTP/1.1 20',
      'closed: answer to GET /health: the connection ended in the middle of a line',
    ],
    [
      'half a head',
      'HTTP/1.1 200 OK\r\nA: b\r\n',
      'closed: answer to GET /health: the connection ended in the head',
    ],
    [
      'half a body',
      'HTTP/1.1 200 OK\r\nContent-Length: 7\r\n\r\nok',
      'closed: answer to GET /health: the connection ended 5 bytes before the end of the body',
    ],
    [
      'half a chunk',
      'HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n7\r\nok',
      'closed: answer to GET /health: the connection ended 5 bytes before the end of the body',
    ],
    [
      'no last chunk',
      'HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n2\r\nok\r\n',
      'closed: answer to GET /health: the connection ended in the body',
    ],
    [
      'another protocol',
      'SSH-2.0-OpenSSH_9.2\r\n',
      'protocol: answer to GET /health: not HTTP: the first line is "SSH-2.0-OpenSSH_9.2"',
    ],
    [
      'a header that is none',
      'HTTP/1.1 200 OK\r\nhello\r\n\r\n',
      'protocol: answer to GET /health: no header: "hello"',
    ],
    [
      'a length that is none',
      'HTTP/1.1 200 OK\r\nContent-Length: -1\r\n\r\n',
      'protocol: answer to GET /health: Content-Length is "-1"',
    ],
    [
      'a chunk that is none',
      'HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\nzz\r\n',
      'protocol: answer to GET /health: no chunk of a body: "zz"',
    ],
    [
      'more headers than anybody has',
      `HTTP/1.1 200 OK\r\n${'A: b\r\n'.repeat(300)}\r\n`,
      'protocol: answer to GET /health: more than 256 headers',
    ],
    [
      'a line without an end',
      'x'.repeat(20_000),
      'protocol: answer to GET /health: a line of more than 16384 bytes',
    ],
    [
      'interim answers without an end',
      'HTTP/1.1 100 Continue\r\n\r\n'.repeat(20),
      'protocol: answer to GET /health: 16 interim answers and no final one',
    ],
  ])('of %s is told from the others', async (_, text, expected) => {
    const port = await saying(text, finish)
    expect(await tell(http(), way(port))).toBe(expected.replace('PORT', String(port)))
  })

  it('closed at once by the server is closed', async () => {
    const port = await serveTcp((socket) => socket.resetAndDestroy())
    expect(await tell(http(), way(port))).toMatch(/^closed: /)
  })

  it('of a server that drips bytes for ever ends at the deadline', async () => {
    const clock = new Clock()
    const port = await serveTcp((socket) => {
      socket.write('HTTP/1.1 200 OK\r\nContent-Length: 9999999\r\n\r\n')
      let drops = 0
      const drip = setInterval(() => {
        socket.write('x')
        if (++drops === 5) clock.strike()
      }, 1)
      socket.on('close', () => clearInterval(drip))
    })
    expect(await tell(http(), way(port), clock)).toMatch(/^timeout: no whole answer to GET \/health /)
  })
})

describe('the request', () => {
  it.each([
    ['1.1', 'GET', 'Host: 192.0.2.10:PORT|User-Agent: xlvs|Accept: */*|Connection: close'],
    ['1.0', 'HEAD', 'Host: 192.0.2.10:PORT|User-Agent: xlvs|Accept: */*'],
    ['1.1', 'POST', 'Host: 192.0.2.10:PORT|User-Agent: xlvs|Accept: */*|Connection: close|Content-Length: 0'],
    ['1.0', 'OPTIONS', 'Host: 192.0.2.10:PORT|User-Agent: xlvs|Accept: */*'],
  ] as const)('of version %s and method %s is what is sent', async (version, method, fields) => {
    let heard = ''
    const port = await serveTcp((socket) =>
      socket.on('data', (text) => {
        heard += text
        socket.end('HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n')
      }),
    )
    expect(await tell(http({ method }, { version }), way(port))).toBe('good')
    const head = fields.replace('PORT', String(port)).replaceAll('|', '\r\n')
    expect(heard).toBe(`${method} /health HTTP/${version}\r\n${head}\r\n\r\n`)
  })

  it.each([
    ['the VIP, in brackets if it is IPv6', { vip: '2001:db8::10' }, {}, '[2001:db8::10]:PORT'],
    ['the real server where there is no VIP', { vip: undefined }, {}, '127.0.0.1:PORT'],
    ['what is said', { vip: '192.0.2.10' }, { host: 'www.example.com' }, 'www.example.com'],
    ['the header that is given', { vip: '192.0.2.10' }, { headers: { HOST: 'other' } }, 'other'],
  ])('names %s as its host', async (_, names, more, expected) => {
    const heard: IncomingMessage[] = []
    const port = await serve((request, answer) => {
      heard.push(request)
      answer.end()
    })
    const clock = new Clock()
    const world = { names: { ...clock.world.names, ...names } }
    expect(await tell(http({}, more), way(port), new Clock(world))).toBe('good')
    expect(heard[0]?.rawHeaders.filter((_, i, all) => all[i - 1]?.toLowerCase() === 'host')).toEqual([
      expected.replace('PORT', String(port)),
    ])
  })

  it('carries the headers that are given, in place of its own', async () => {
    let heard: IncomingMessage['headers'] = {}
    const port = await serve((request, answer) => {
      heard = request.headers
      answer.end()
    })
    const headers = { 'user-agent': 'probe/1', Authorization: 'Basic eDp5' }
    expect(await tell(http({}, { headers }), way(port))).toBe('good')
    expect(heard).toMatchObject({ 'user-agent': 'probe/1', authorization: 'Basic eDp5' })
  })

  it.each([
    [{ path: '/a b' }, {}],
    [{ path: '/a\r\nX: y' }, {}],
    [{}, { headers: { X: 'a\r\nY: b' } }],
    [{}, { host: 'a\nb' }],
  ])('is not made of what would break it: %j %j', async (ask, more) => {
    let connections = 0
    const port = await serveTcp(() => connections++)
    expect(await tell(http(ask, more), way(port))).toMatch(
      /^cannot-check: "GET .*": control characters or spaces would break the request$/,
    )
    expect(connections).toBe(0)
  })
})

describe('several URLs', () => {
  const asks: readonly HttpAsk[] = ['/a', '/b', '/c'].map((path) => ({ path, method: 'GET' }))

  /** Who asked for what: connection and path. */
  async function counting(answer: RequestListener) {
    const heard: string[] = []
    const connections = new Map<Socket, number>()
    const port = await serve((request, reply) => {
      const number = connections.get(request.socket) ?? connections.size + 1
      connections.set(request.socket, number)
      heard.push(`${number} ${request.url}`)
      answer(request, reply)
    })
    return { port, heard }
  }

  it('go over one connection where the server keeps it', async () => {
    const { port, heard } = await counting((_, answer) => answer.setHeader('Content-Length', 2).end('ok'))
    expect(await tell(http({}, { asks }), way(port))).toBe('good')
    expect(heard).toEqual(['1 /a', '1 /b', '1 /c'])
    expect(await tell(http({}, { asks, version: '1.0' }), way(port))).toBe('good')
    expect(heard.slice(3)).toEqual(['2 /a', '2 /b', '2 /c'])
  })

  it('go over a new connection each where the server closes', async () => {
    const { port, heard } = await counting((_, answer) => answer.setHeader('Connection', 'close').end('ok'))
    expect(await tell(http({}, { asks }), way(port))).toBe('good')
    expect(heard).toEqual(['1 /a', '2 /b', '3 /c'])
  })

  it('go on over a new connection when the server closes a kept one in between', async () => {
    const heard: string[] = []
    let connections = 0
    const port = await serveTcp((socket) => {
      const number = ++connections
      socket.once('data', (text) => {
        heard.push(`${number} ${String(text).split(' ')[1]}`)
        socket.end('HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok')
        socket.resume()
      })
    })
    expect(await tell(http({}, { asks }), way(port))).toBe('good')
    expect(heard).toEqual(['1 /a', '2 /b', '3 /c'])
  })

  it('must all be good, and the one that is not is named', async () => {
    const { port, heard } = await counting(({ url }, answer) =>
      answer.writeHead(url === '/b' ? 404 : 200).end(),
    )
    const expected = 'status: status 404 (Not Found) from GET /b, 200..299 wanted'
    expect(await tell(http({}, { asks }), way(port))).toBe(expected)
    expect(heard).toEqual(['1 /a', '1 /b'])
  })
})

function md5(text: string | Buffer): string {
  return createHash('md5').update(text).digest('hex')
}
