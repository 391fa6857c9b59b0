// SPDX-License-Identifier: Apache-2.0
// The page for Prometheus and for health checks of the daemon itself: /metrics and /healthz over TCP.
import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http'
import { setImmediate } from 'node:timers/promises'
import { CONTENT_TYPE } from '../metrics/page.js'
import { fail, succeed } from '../model/describe.js'
import { endpointText } from '../model/keys.js'
import type { Desired, Outcome } from '../model/types.js'
import { closeServer, drained, type Listener } from './socket.js'

export type Address = NonNullable<Desired['metrics']>

/** The text of /metrics; undefined while the daemon starts. */
export type Page = () => AsyncIterable<string> | undefined

export async function serveMetrics(address: Address, page: Page): Promise<Outcome<Listener>> {
  const server = createServer((ask, reply) => {
    serve(page, ask, reply).catch(() => reply.destroy())
  })
  try {
    await bind(server, address)
    return succeed({ close: () => closeServer(server) })
  } catch (error) {
    const { code, message } = error as NodeJS.ErrnoException
    const place = endpointText(address.host, address.port)
    const reason = code === 'EADDRINUSE' ? 'another process listens there' : message
    return fail({
      subject: 'metrics',
      reason: `cannot serve metrics on ${place}: ${reason}`,
      fix: 'choose another port',
    })
  }
}

export function metricsUrl({ host, port }: Address): string {
  return `http://${endpointText(host, port)}/metrics`
}

function bind(server: Server, { host, port }: Address): Promise<void> {
  return new Promise((resolve, reject) => {
    server.once('error', reject)
    server.listen({ host, port }, () => resolve())
  })
}

async function serve(page: Page, ask: IncomingMessage, reply: ServerResponse): Promise<void> {
  const path = (ask.url ?? '').split('?')[0]
  if (path !== '/metrics' && path !== '/healthz') return say(reply, 404, 'here are /metrics and /healthz')
  if (ask.method !== 'GET' && ask.method !== 'HEAD') return say(reply, 405, 'use GET')
  const pieces = page()
  if (!pieces) return say(reply, 503, 'starting')
  if (path === '/healthz') return say(reply, 200, 'ok')
  reply.writeHead(200, { 'content-type': CONTENT_TYPE })
  for await (const piece of pieces) {
    if (reply.destroyed) return
    if (!reply.write(piece)) await drained(reply)
    await setImmediate()
  }
  reply.end()
}

function say(reply: ServerResponse, status: number, text: string): void {
  reply.writeHead(status, { 'content-type': 'text/plain; charset=utf-8' })
  reply.end(`${text}\n`)
}
