// SPDX-License-Identifier: Apache-2.0
// The control socket: HTTP and JSON on a UNIX socket that only its owner may use. A socket that a dead daemon left
// is replaced; one that is answered on is not.
import { lstat, mkdir, rm } from 'node:fs/promises'
import { createServer, type IncomingMessage, request, type Server, type ServerResponse } from 'node:http'
import { dirname } from 'node:path'
import type { Status } from '../api/contract.js'
import { toJson } from '../api/json.js'
import { PERMISSION_FIX } from '../api/places.js'
import { matchRoute, type RouteName } from '../api/routes.js'
import { MAX_BYTES } from '../config/document.js'
import { fail, succeed } from '../model/describe.js'
import type { Outcome, Problem } from '../model/types.js'
import type { Handler } from './handlers.js'
import { isStreamed, type Streamed } from './listing.js'

export interface Listener {
  close(): Promise<void>
}

/** Handlers may come later than the socket: calls wait for them. */
export type Handlers = Promise<Readonly<Record<RouteName, Handler>>>

const GRACE_MS = 1_000
const MAX_BODY_BYTES = 4 * 1024 * 1024
/** A whole file, as JSON text: line ends and quotes are two characters there. */
const MAX_FILE_BYTES = 2 * MAX_BYTES
/** Routes whose body has one. */
const FILES: ReadonlySet<RouteName> = new Set<RouteName>(['plan', 'apply'])

export async function listenOn(path: string, handlers: Handlers): Promise<Outcome<Listener>> {
  const owner = await whoListens(path)
  if (owner) return fail(taken(path, owner))
  try {
    await mkdir(dirname(path), { recursive: true, mode: 0o700 })
    if ((await lstat(path).catch(() => undefined))?.isSocket()) await rm(path, { force: true })
    const server = createServer((ask, reply) => void serve(handlers, ask, reply))
    await bind(server, path)
    return succeed({ close: () => closeServer(server) })
  } catch (error) {
    return fail(cannotListen(path, error as NodeJS.ErrnoException))
  }
}

function cannotListen(path: string, { code, message }: NodeJS.ErrnoException): Problem {
  if (code === 'EACCES' || code === 'EPERM')
    return { reason: `no permission to listen on ${path}`, fix: PERMISSION_FIX }
  const reason = code === 'EADDRINUSE' ? 'there is a file that is not a socket' : message
  return { subject: '--socket', reason: `cannot listen on ${path}: ${reason}`, fix: 'choose another path' }
}

/** Calls in progress may finish; who only holds a connection open is not waited for. */
export function closeServer(server: Server): Promise<void> {
  return new Promise((resolve) => {
    const cut = setTimeout(() => server.closeAllConnections(), GRACE_MS)
    server.close(() => {
      clearTimeout(cut)
      resolve()
    })
    server.closeIdleConnections()
  })
}

/** The mask makes the socket 0600 from its first moment: binding happens inside listen(). */
function bind(server: Server, path: string): Promise<void> {
  return new Promise((resolve, reject) => {
    server.once('error', reject)
    const before = process.umask(0o177)
    try {
      server.listen(path, () => resolve())
    } finally {
      process.umask(before)
    }
  })
}

/** Whoever answers on the socket: a daemon with its pid, or something else. */
function whoListens(path: string): Promise<{ readonly pid?: number } | undefined> {
  return new Promise((resolve) => {
    const ask = request({ socketPath: path, path: '/v1/status', timeout: 2_000 }, (answer) => {
      let text = ''
      answer.on('data', (chunk) => {
        text += chunk
      })
      answer.on('end', () => resolve(pidIn(text)))
      answer.on('error', () => resolve({}))
    })
    ask.on('timeout', () => ask.destroy(Object.assign(new Error('timeout'), { code: 'ETIMEDOUT' })))
    ask.on('error', ({ code }: NodeJS.ErrnoException) => resolve(DEAD.has(code ?? '') ? undefined : {}))
    ask.end()
  })
}

/** Nobody answers, or we may not even ask: then listening says what is missing. */
const DEAD: ReadonlySet<string> = new Set([
  'ENOENT',
  'ECONNREFUSED',
  'ENOTSOCK',
  'ENOTDIR',
  'EACCES',
  'EPERM',
])

function pidIn(text: string): { readonly pid?: number } {
  try {
    const { pid } = JSON.parse(text) as Status
    return typeof pid === 'number' ? { pid } : {}
  } catch {
    return {}
  }
}

function taken(path: string, { pid }: { readonly pid?: number }): Problem {
  const who = pid === undefined ? 'another process' : `another xlvs daemon (pid ${pid})`
  const stop = pid === undefined ? 'stop it' : `stop it with: kill ${pid}`
  return { reason: `${who} listens on ${path}`, fix: `${stop}; or use another --socket and --pin-root` }
}

async function serve(handlers: Handlers, ask: IncomingMessage, reply: ServerResponse): Promise<void> {
  try {
    const match = matchRoute(ask.method ?? '', ask.url ?? '')
    if (match.found === 'nothing')
      return refuse(reply, 404, [{ reason: `there is no ${ask.method} ${ask.url}` }])
    if (match.found === 'path')
      return refuse(reply, 405, [
        { reason: `${ask.method} is not for ${ask.url}`, fix: `use ${match.methods.join(', ')}` },
      ])
    const body = await readBody(ask, FILES.has(match.name) ? MAX_FILE_BYTES : MAX_BODY_BYTES)
    if (!body.ok) return refuse(reply, 400, body.problems)
    await respond(reply, await (await handlers)[match.name]({ params: match.params, body: body.value }))
  } catch (error) {
    refuse(reply, 500, [{ reason: `the daemon failed at this: ${(error as Error).message}` }])
  }
}

/** What a handler said, as an answer. */
export async function respond(reply: ServerResponse, outcome: Outcome<unknown>): Promise<void> {
  if (!outcome.ok) return refuse(reply, 409, outcome.problems)
  if (isStreamed(outcome.value)) return await stream(reply, outcome.value)
  send(reply, 200, toJson(outcome.value))
}

export async function readBody(ask: IncomingMessage, most: number): Promise<Outcome<unknown>> {
  const chunks: Buffer[] = []
  let size = 0
  for await (const chunk of ask as AsyncIterable<Buffer>) {
    size += chunk.length
    if (size > most) return fail({ subject: 'body', reason: `it is larger than ${most} bytes` })
    chunks.push(chunk)
  }
  if (size === 0) return succeed(undefined)
  try {
    return succeed(JSON.parse(Buffer.concat(chunks).toString('utf8')))
  } catch {
    return fail({ subject: 'body', reason: 'it is not JSON' })
  }
}

function refuse(reply: ServerResponse, status: number, problems: readonly Problem[]): void {
  if (reply.headersSent) reply.destroy()
  else send(reply, status, toJson({ problems }))
}

function send(reply: ServerResponse, status: number, text: string): void {
  reply.writeHead(status, { 'content-type': 'application/json' })
  reply.end(text)
}

async function stream(reply: ServerResponse, { pieces, type, end }: Streamed): Promise<void> {
  if (end) reply.once('close', end)
  if (reply.destroyed) return end?.()
  reply.writeHead(200, { 'content-type': type ?? 'application/json' })
  if (end) reply.flushHeaders()
  for await (const piece of pieces) {
    if (reply.destroyed) return
    if (!reply.write(piece)) await drained(reply)
  }
  reply.end()
}

/** Resolved when there is room again, or nobody reads any more. */
export function drained(reply: ServerResponse): Promise<void> {
  return new Promise((resolve) => {
    const done = () => {
      reply.off('drain', done)
      reply.off('close', done)
      resolve()
    }
    reply.on('drain', done)
    reply.on('close', done)
  })
}
