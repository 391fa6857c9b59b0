// SPDX-License-Identifier: Apache-2.0
// The metrics port: /metrics for Prometheus, /healthz for checks of the daemon itself, and the web console. Who is slow
// or many gets less of it; nobody gets so much that others go without.
import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http'
import type { AddressInfo } from 'node:net'
import { fail, succeed } from '../model/describe.js'
import { endpointText } from '../model/keys.js'
import type { Desired, Outcome, Problem } from '../model/types.js'
import { type Assets, readAssets } from '../web/assets.js'
import { keepCrowd } from '../web/crowd.js'
import { hostProblem } from '../web/guard.js'
import { rawAnswer, SAFE_HEADERS } from '../web/headers.js'
import { Live } from '../web/live.js'
import type { Token } from '../web/token.js'
import { answerScrape, Scrapes } from './scrapes.js'
import { closeServer, type Listener } from './socket.js'
import { API, type Calls, createCalls, refuse } from './web-calls.js'
import { type HandlerTable, sceneOf } from './web-scene.js'

export type Address = NonNullable<Desired['metrics']>

/** The text of /metrics; undefined while the daemon starts. */
export type Page = () => AsyncIterable<string> | undefined

/** What is served; while the daemon starts there is nothing yet. */
export interface Content {
  readonly page: Page
  readonly handlers: () => HandlerTable | undefined
}

/** Who may ask, and change. */
export interface Trust {
  readonly token: Token | undefined
  /** names of this host, beside its addresses */
  readonly hosts: readonly string[]
}

export interface WebListener extends Listener {
  readonly port: number
  trust(now: Trust): void
}

interface Site extends Content {
  readonly scrapes: Scrapes
  readonly assets: Assets
  readonly calls: Calls
  readonly live: Live
  readonly bound: string
  trust: Trust
}

/** ms */
const LIMITS = { headersTimeout: 5_000, requestTimeout: 10_000, connectionsCheckingInterval: 1_000 }
const SILENCE_MS = 30_000

export async function serveMetrics(
  address: Address,
  content: Content,
  trust: Trust,
): Promise<Outcome<WebListener>> {
  const site: Site = {
    ...content,
    scrapes: new Scrapes(content.page, () => performance.now()),
    assets: await readAssets(),
    calls: createCalls(content.handlers),
    live: new Live(
      sceneOf(content.handlers, () => site.trust.token !== undefined, Date.now),
      `${Date.now()}`,
    ),
    bound: address.host,
    trust,
  }
  const server = limited(
    createServer(LIMITS, (ask, reply) => {
      serve(site, ask, reply).catch((error: Error) =>
        refuse(reply, 500, { reason: `the daemon failed at this: ${error.message}` }),
      )
    }),
  )
  try {
    await bind(server, address)
  } catch (error) {
    return fail(cannotListen(address, error as NodeJS.ErrnoException))
  }
  const close = () => {
    site.live.end()
    return closeServer(server)
  }
  const { port } = server.address() as AddressInfo
  const setTrust = (now: Trust) => {
    site.trust = now
  }
  return succeed({ close, port, trust: setTrust })
}

export function metricsUrl({ host, port }: Address): string {
  return `http://${endpointText(host, port)}/metrics`
}

function limited(server: Server): Server {
  server.setTimeout(SILENCE_MS)
  server.on('clientError', ({ code }: NodeJS.ErrnoException, socket) => {
    if (!socket.writable || code === 'ECONNRESET') return void socket.destroy()
    if (code === 'ERR_HTTP_REQUEST_TIMEOUT')
      socket.end(rawAnswer('408 Request Timeout', 'the request was not sent in time\n'))
    else if (code === 'HPE_HEADER_OVERFLOW')
      socket.end(rawAnswer('431 Request Header Fields Too Large', 'the headers are too long\n'))
    else socket.end(rawAnswer('400 Bad Request', 'this is not HTTP\n'))
  })
  keepCrowd(server)
  return server
}

function cannotListen({ host, port }: Address, { code, message }: NodeJS.ErrnoException): Problem {
  const reason = code === 'EADDRINUSE' ? 'another process listens there' : message
  return {
    subject: 'metrics',
    reason: `cannot serve metrics on ${endpointText(host, port)}: ${reason}`,
    fix: 'choose another port',
  }
}

function bind(server: Server, { host, port }: Address): Promise<void> {
  return new Promise((resolve, reject) => {
    server.once('error', reject)
    server.listen({ host, port }, () => resolve())
  })
}

async function serve(site: Site, ask: IncomingMessage, reply: ServerResponse): Promise<void> {
  const path = (ask.url ?? '').split('?')[0] as string
  for (const [name, value] of Object.entries(SAFE_HEADERS)) reply.setHeader(name, value)
  if (path === '/metrics') return looks(ask) ? answerScrape(site.scrapes, reply) : onlyGet(reply)
  if (path === '/healthz') return healthz(site, ask, reply)
  const place = { bound: site.bound, hosts: site.trust.hosts }
  const elsewhere = hostProblem(ask.headers.host, ask.socket.localAddress, place)
  if (elsewhere) return refuse(reply, 421, elsewhere)
  if (path === `${API}/v1/live`) return watch(site, ask, reply)
  if (path.startsWith(`${API}/`)) return site.calls.answer(ask, reply, { place, token: site.trust.token })
  const asset = site.assets.get(path)
  if (asset === undefined) return say(reply, 404, 'here are /metrics, /healthz and, at /, the console')
  if (!looks(ask)) return onlyGet(reply)
  reply.setHeader('cache-control', 'no-cache')
  reply.setHeader('etag', asset.tag)
  if (ask.headers['if-none-match'] === asset.tag) return void reply.writeHead(304).end()
  reply.writeHead(200, { 'content-type': asset.type, 'content-length': asset.bytes.length })
  reply.end(asset.bytes)
}

function healthz({ handlers }: Site, ask: IncomingMessage, reply: ServerResponse): void {
  if (!looks(ask)) onlyGet(reply)
  else if (handlers() === undefined) say(reply, 503, 'starting')
  else say(reply, 200, 'ok')
}

async function watch({ live, handlers }: Site, ask: IncomingMessage, reply: ServerResponse): Promise<void> {
  if (ask.method !== 'GET') return onlyGet(reply)
  if (handlers() === undefined) return say(reply, 503, 'starting')
  if (live.full) {
    reply.setHeader('retry-after', '10')
    return say(reply, 503, `${live.viewers} viewers look on already; close one, or use /metrics`)
  }
  reply.on('close', () => live.leave(reply))
  reply.writeHead(200, { 'content-type': 'text/event-stream', 'x-accel-buffering': 'no' })
  reply.write('retry: 2000\n\n')
  const asked = new URLSearchParams((ask.url ?? '').split('?')[1])
  const lastId = ask.headers['last-event-id']
  await live.join(reply, {
    service: asked.get('service') ?? undefined,
    lastId: typeof lastId === 'string' ? lastId : undefined,
  })
}

function looks({ method }: IncomingMessage): boolean {
  return method === 'GET' || method === 'HEAD'
}

function onlyGet(reply: ServerResponse): void {
  reply.setHeader('allow', 'GET, HEAD')
  say(reply, 405, 'use GET')
}

function say(reply: ServerResponse, status: number, text: string): void {
  reply.writeHead(status, { 'content-type': 'text/plain; charset=utf-8' })
  reply.end(`${text}\n`)
}
