// SPDX-License-Identifier: Apache-2.0
// Real servers on loopback, good and bad, and what a question needs of the world: real sockets, a deadline that passes
// when the test says so.
import { execFileSync } from 'node:child_process'
import { createSocket, type RemoteInfo, type Socket as UdpSocket } from 'node:dgram'
import { once } from 'node:events'
import { chmodSync, mkdtempSync, readdirSync, readFileSync, rmSync } from 'node:fs'
import { type AddressInfo, createServer, type Server, Socket } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { openSocket } from 'libbpf-ts'
import { afterAll, afterEach, expect } from 'vitest'
import { ask } from '../../../../src/health/kinds/index.js'
import type { AskWorld, SocketSpec, Way } from '../../../../src/health/types.js'
import { type Answer, type Check, DEFAULT_TIMING } from '../../../../src/model/checks.js'
import { fail, succeed } from '../../../../src/model/describe.js'
import type { Outcome } from '../../../../src/model/types.js'

export const COMMON = { ...DEFAULT_TIMING, via: 'real' } as const
/** On loopback no program looks at it; it takes the way of marked questions. */
export const MARK = 7
export const WAYS = [
  { title: 'its own socket', mark: undefined },
  { title: 'a marked socket', mark: MARK },
] as const

/** Questions that are open at the same time have one each. */
export class Clock {
  readonly #ends = new AbortController()
  readonly world: AskWorld

  constructor(over: Partial<AskWorld> = {}) {
    this.world = {
      socket,
      signal: this.#ends.signal,
      now: () => performance.now(),
      names: { vip: '192.0.2.10', port: 80, real: '127.0.0.1', service: 'tcp 192.0.2.10:80' },
      ...over,
    }
  }

  /** the deadline is now */
  strike(): void {
    this.#ends.abort()
  }
}

export function socket(spec: SocketSpec): Outcome<number> {
  try {
    return succeed(openSocket(spec))
  } catch (error) {
    return fail({ reason: (error as Error).message })
  }
}

export function way(port: number, more: Partial<Way> = {}): Way {
  return { address: '127.0.0.1', port, ...more }
}

export function asked(check: Check, to: Way, clock: Clock = new Clock()): Promise<Answer> {
  return ask(check, to, clock.world)
}

/** The answer without its time: 'good', 'good, weight 5', or 'status: status 503 …'. */
export function told(answer: Answer): string {
  if (!(answer.took >= 0)) throw new Error(`took ${answer.took} ms`)
  if (!answer.good) return `${answer.reason}: ${answer.detail}`
  return answer.weight === undefined ? 'good' : `good, weight ${answer.weight}`
}

export async function tell(check: Check, to: Way, clock?: Clock): Promise<string> {
  return told(await asked(check, to, clock))
}

const closers: (() => Promise<void>)[] = []
afterEach(async () => {
  for (const close of closers.splice(0).reverse()) await close()
})

/** Gives its port; `act` has each connection. */
export async function serveTcp(act: (socket: Socket) => void, host = '127.0.0.1'): Promise<number> {
  return listening(createServer(act), host)
}

export async function listening(server: Server, host = '127.0.0.1'): Promise<number> {
  const open = new Set<Socket>()
  server.on('connection', (it: Socket) => {
    open.add(it)
    it.on('error', () => {})
    it.on('close', () => open.delete(it))
  })
  server.on('tlsClientError', () => {})
  server.listen(0, host)
  await once(server, 'listening')
  closers.push(async () => {
    for (const it of open) it.destroy()
    server.close()
    await once(server, 'close')
  })
  return (server.address() as AddressInfo).port
}

/** Gives its port; `act` has each datagram and a way to answer it. */
export async function serveUdp(
  act: (message: Buffer, answer: (reply: Uint8Array) => void, from: RemoteInfo) => void,
  host = '127.0.0.1',
): Promise<number> {
  const server: UdpSocket = createSocket(host.includes(':') ? 'udp6' : 'udp4')
  server.on('message', (message, from) =>
    act(message, (reply) => server.send(reply, from.port, from.address), from),
  )
  server.bind(0, host)
  await once(server, 'listening')
  closers.push(async () => {
    server.close()
    await once(server, 'close')
  })
  return server.address().port
}

/** What `look` gives will be as the matcher says, however busy the machine is. */
export function eventually<T>(look: () => T) {
  return expect.poll(look, { timeout: 30_000 })
}

/** Later, when this process has read what was sent to it by then. */
export function whenRead(act: () => void): void {
  setImmediate(() => setImmediate(() => setImmediate(act)))
}

/** A port where nothing listens; it is held, so nobody else can, nor can a connection come from there. */
export async function deadPort(): Promise<number> {
  const fd = openSocket({ family: 4, type: 'tcp', bind: { address: '127.0.0.1' } })
  const holder = new Socket({ fd, manualStart: true } as { fd: number })
  closers.push(async () => void holder.destroy())
  return (holder.address() as AddressInfo).port
}

/** A port of this address that was free a moment ago. */
export async function freePort(host: string): Promise<number> {
  const server = createServer().listen(0, host)
  await once(server, 'listening')
  const { port } = server.address() as AddressInfo
  server.close()
  await once(server, 'close')
  return port
}

/** Descriptors of this process. */
export function descriptors(): number {
  return readdirSync('/proc/self/fd').length
}

let folder: string | undefined
afterAll(() => {
  if (folder !== undefined) rmSync(folder, { recursive: true })
  folder = undefined
})

/** In a folder of this file's own, which only root may write. */
export function place(name: string): string {
  if (folder === undefined) {
    folder = mkdtempSync(join(tmpdir(), `xlvs-kinds-${process.pid}-`))
    chmodSync(folder, 0o755)
  }
  return join(folder, name)
}

export interface Identity {
  readonly key: Buffer
  readonly cert: Buffer
  /** of the certificate, which is its own authority */
  readonly path: string
}

/** A self-signed certificate for these names. */
export function identity(name: string): Identity {
  const [key, path] = [place(`${name}.key`), place(`${name}.crt`)]
  const words = ['req', '-x509', '-newkey', 'ec', '-pkeyopt', 'ec_paramgen_curve:prime256v1', '-nodes']
  const subject = ['-subj', `/CN=${name}`, '-addext', `subjectAltName=DNS:${name}`]
  execFileSync('openssl', [...words, '-keyout', key, '-out', path, '-days', '2', ...subject], {
    stdio: 'pipe',
  })
  return { key: readFileSync(key), cert: readFileSync(path), path }
}
