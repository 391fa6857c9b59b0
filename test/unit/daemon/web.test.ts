// SPDX-License-Identifier: Apache-2.0
// The metrics port over real sockets: what is served, to whom, and what a crowd can do to it.
import { once } from 'node:events'
import { type IncomingHttpHeaders, request } from 'node:http'
import { connect, type Socket } from 'node:net'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { type Content, serveMetrics, type WebListener } from '../../../src/daemon/web.js'
import { MOST_BODY } from '../../../src/daemon/web-calls.js'
import type { HandlerTable } from '../../../src/daemon/web-scene.js'
import { fail, succeed } from '../../../src/model/describe.js'
import { MOST_CONNECTIONS } from '../../../src/web/crowd.js'
import { CONTENT_SECURITY_POLICY } from '../../../src/web/headers.js'
import { MOST_VIEWERS } from '../../../src/web/live.js'
import { tokenOf } from '../../../src/web/token.js'
import { until } from '../../lab/until.js'
import { told } from '../web/given.js'

const SECRET = 'correct-horse-battery-staple'
const scene = told({ a: 1 })
const asked: { name: string; params: unknown; body: unknown }[] = []
const answer =
  (name: string, value: unknown) =>
  ({ params, body }: { params: unknown; body: unknown }) => {
    asked.push({ name, params, body })
    return succeed(value)
  }
const table = {
  status: answer('status', scene.status),
  statistics: answer('statistics', scene.statistics),
  services: answer('services', { rows: scene.services, more: false }),
  reals: answer('reals', { rows: [], more: false }),
  drain: answer('drain', { changed: true }),
  setReal: answer('setReal', { changed: true }),
  slots: () => fail({ reason: 'there is no service' }),
} as unknown as HandlerTable
let handlers: HandlerTable | undefined = table
const content: Content = {
  page: () =>
    (async function* () {
      yield 'up 1\n'
    })(),
  handlers: () => handlers,
}

let web: WebListener

beforeAll(async () => {
  web = await open()
  web.trust({ token: tokenOf(SECRET), hosts: ['lb.example.net'] })
})
afterAll(() => web.close())

async function open(): Promise<WebListener> {
  const opened = await serveMetrics({ host: '127.0.0.1', port: 0 }, content, { token: undefined, hosts: [] })
  if (!opened.ok) throw new Error(opened.problems[0]?.reason)
  return opened.value
}

interface Answer {
  readonly status: number
  readonly headers: IncomingHttpHeaders
  readonly text: string
}

interface Question {
  readonly method?: string
  readonly headers?: Readonly<Record<string, string>>
  readonly body?: string
}

function ask(path: string, { method = 'GET', headers = {}, body }: Question = {}): Promise<Answer> {
  return new Promise((resolve, reject) => {
    const call = request(
      { port: web.port, path, method, headers, agent: false, timeout: 20_000 },
      (reply) => {
        let text = ''
        reply.setEncoding('utf8').on('data', (piece) => (text += piece))
        reply.on('end', () => resolve({ status: reply.statusCode ?? 0, headers: reply.headers, text }))
        reply.on('error', reject)
      },
    )
    call.on('timeout', () => call.destroy(new Error('no answer')))
    call.on('error', reject)
    call.end(body)
  })
}

/** The first bytes of what is answered to these bytes; '' = the connection was ended. */
async function say(bytes: string): Promise<string> {
  const socket = connect(web.port, '127.0.0.1')
  try {
    socket.write(bytes)
    const first = await Promise.race([once(socket, 'data'), once(socket, 'close').then(() => [''])])
    return String(first[0])
  } finally {
    socket.destroy()
  }
}

const JSON_BODY = { 'content-type': 'application/json' }
const BEARER = { authorization: `Bearer ${SECRET}` }

describe('every answer', () => {
  it.each([
    ['/', 200],
    ['/main.js', 200],
    ['/metrics', 200],
    ['/healthz', 200],
    ['/api/v1/status', 200],
    ['/api/v1/slots?service=a', 409],
    ['/api/v1/nothing', 404],
    ['/../package.json', 404],
    ['/%2e%2e/package.json', 404],
    ['/tsconfig.json', 404],
  ])('to %s is %i, and tells browsers to run nothing from elsewhere', async (path, status) => {
    const { headers, ...said } = await ask(path)
    expect(said.status).toBe(status)
    expect(headers).toMatchObject({
      'content-security-policy': CONTENT_SECURITY_POLICY,
      'x-content-type-options': 'nosniff',
      'referrer-policy': 'no-referrer',
    })
    expect(headers['access-control-allow-origin']).toBeUndefined()
    expect(headers['set-cookie']).toBeUndefined()
  })

  it('to what is not HTTP too', async () => {
    expect(await say('hello\r\n\r\n')).toMatch(
      /^HTTP\/1\.1 400 [\s\S]*content-security-policy: default-src 'none'/,
    )
    expect(await say(`GET / HTTP/1.1\r\nhost: x\r\na: ${'x'.repeat(20_000)}\r\n\r\n`)).toMatch(
      /^HTTP\/1\.1 431 /,
    )
  })
})

describe('the page', () => {
  it('is html, and is not sent again while it stays as it is', async () => {
    const { headers, text } = await ask('/')
    expect(headers['content-type']).toBe('text/html; charset=utf-8')
    expect(text).toContain('<main')
    expect(text).not.toMatch(/<script>|<style|style=|https?:\/\//)
    const again = await ask('/', { headers: { 'if-none-match': String(headers.etag) } })
    expect([again.status, again.text]).toEqual([304, ''])
  })

  it.each(['/', '/metrics', '/healthz', '/api/v1/live'])('answers %s to GET only', async (path) => {
    const { status, headers } = await ask(path, { method: 'DELETE' })
    expect([status, headers.allow]).toEqual([405, 'GET, HEAD'])
  })

  it('is for who knows this host by its name', async () => {
    for (const path of ['/', '/main.js', '/api/v1/status', '/api/v1/live']) {
      const { status, text } = await ask(path, { headers: { host: 'evil.example' } })
      expect(status).toBe(421)
      expect(JSON.parse(text).problems[0].fix).toContain('console: {hosts: [evil.example]}')
    }
    expect((await ask('/', { headers: { host: 'lb.example.net' } })).status).toBe(200)
    expect((await ask('/metrics', { headers: { host: 'evil.example' } })).status).toBe(200)
  })
})

describe('a change', () => {
  const drain = (headers: Readonly<Record<string, string>>, body = '{"real":"192.0.2.21"}') =>
    ask('/api/v1/drains', { method: 'POST', headers, body })

  it('needs the right token', async () => {
    const before = asked.length
    for (const authorization of ['', 'Bearer wrong', `Basic ${SECRET}`]) {
      const { status, headers } = await drain({ ...JSON_BODY, authorization })
      expect([status, headers['www-authenticate']]).toEqual([401, 'Bearer realm="xlvs"'])
    }
    expect(asked).toHaveLength(before)
    expect((await drain({ ...JSON_BODY, ...BEARER })).status).toBe(200)
    expect(asked.at(-1)).toMatchObject({ name: 'drain', body: { real: '192.0.2.21' } })
  })

  it('is not made for a page of somebody else, nor as a form', async () => {
    const before = asked.length
    const evil = { ...JSON_BODY, ...BEARER, origin: 'http://evil.example' }
    expect((await drain(evil)).status).toBe(403)
    const form = { ...BEARER, 'content-type': 'text/plain' }
    expect((await drain(form)).status).toBe(415)
    expect((await drain({ ...JSON_BODY, ...BEARER, host: 'evil.example' })).status).toBe(421)
    expect(asked).toHaveLength(before)
    const own = { ...JSON_BODY, ...BEARER, origin: `http://localhost:${web.port}` }
    expect((await drain({ ...own, host: `localhost:${web.port}` })).status).toBe(200)
  })

  it('is small, and JSON', async () => {
    const large = await drain({ ...JSON_BODY, ...BEARER }, JSON.stringify({ x: 'x'.repeat(MOST_BODY) }))
    expect(large.status).toBe(413)
    const broken = await drain({ ...JSON_BODY, ...BEARER }, '{')
    expect([broken.status, broken.text]).toEqual([400, expect.stringContaining('it is not JSON')])
  })

  it('of a real server is of its weight', async () => {
    const set = (body: unknown) =>
      ask('/api/v1/services/a/reals/b', {
        method: 'PATCH',
        headers: { ...JSON_BODY, ...BEARER },
        body: JSON.stringify(body),
      })
    expect((await set({ weight: 3 })).status).toBe(200)
    expect((await set({ weight: 3, upper: 1 })).status).toBe(403)
  })

  it('that the console does not have is refused, and an unknown path says so', async () => {
    expect((await ask('/api/v1/services', { method: 'DELETE', headers: BEARER })).status).toBe(403)
    expect((await ask('/api/v1/status', { method: 'DELETE' })).headers.allow).toBe('GET')
  })

  it('without a configured token is refused with how to configure one', async () => {
    web.trust({ token: undefined, hosts: ['lb.example.net'] })
    const { status, text } = await drain({ ...JSON_BODY, ...BEARER })
    web.trust({ token: tokenOf(SECRET), hosts: ['lb.example.net'] })
    expect([status, text]).toEqual([403, expect.stringContaining('console: {token-file:')])
  })
})

describe('a daemon that starts', () => {
  it('says so', async () => {
    handlers = undefined
    try {
      for (const path of ['/api/v1/status', '/api/v1/live', '/healthz'])
        expect([path, (await ask(path)).status]).toEqual([path, 503])
    } finally {
      handlers = table
    }
  })
})

describe('the live stream', () => {
  const viewers: Socket[] = []
  const join = async () => {
    const socket = connect(web.port, '127.0.0.1')
    viewers.push(socket)
    let text = ''
    socket.on('data', (piece) => (text += piece))
    socket.write('GET /api/v1/live?service=a HTTP/1.1\r\nhost: localhost\r\n\r\n')
    await until('an answer', () => /event: reals|503 /.test(text))
    return text
  }

  it('begins with everything, has room for so many, and then says that it has none', async () => {
    try {
      const first = await join()
      expect(first).toContain('content-type: text/event-stream')
      expect(first).toContain(CONTENT_SECURITY_POLICY)
      expect(first).toMatch(/event: full\r?\ndata: \{.*"services":\[\["a"/)
      for (let i = 1; i < MOST_VIEWERS; i++) await join()
      expect(await join()).toMatch(/ 503 [\s\S]*viewers look on already/)
    } finally {
      for (const socket of viewers.splice(0)) socket.destroy()
    }
    await until('room again', async () => (await join()).includes('event: full'))
    for (const socket of viewers.splice(0)) socket.destroy()
  })
})

describe('a thousand who keep it waiting', () => {
  it('keep nobody else from the metrics', async () => {
    const slow: Socket[] = []
    try {
      for (let i = 0; i < 1_000; i++) {
        const socket = connect(web.port, '127.0.0.1').on('error', () => undefined)
        slow.push(socket)
        await once(socket, 'connect')
        socket.write('GET /metrics HTTP/1.1\r\nhost: lo')
        if (i % 250 === 0) expect((await ask('/metrics')).text).toBe('up 1\n')
      }
      expect((await ask('/metrics')).text).toBe('up 1\n')
      await until(
        'the first ones gave way',
        () => slow.filter((one) => !one.closed).length <= MOST_CONNECTIONS,
      )
    } finally {
      for (const socket of slow) socket.destroy()
    }
  })
})

describe('a port in use', () => {
  it('is named', async () => {
    const second = await serveMetrics({ host: '127.0.0.1', port: web.port }, content, {
      token: undefined,
      hosts: [],
    })
    expect(second.ok ? '' : second.problems[0]).toMatchObject({
      reason: `cannot serve metrics on 127.0.0.1:${web.port}: another process listens there`,
      fix: 'choose another port',
    })
  })
})
