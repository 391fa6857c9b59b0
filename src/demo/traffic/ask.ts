// SPDX-License-Identifier: Apache-2.0
// One question to a server, over HTTP or UDP: the name of whoever answered in full, or an error whose code says why not.
import { createSocket } from 'node:dgram'
import { Agent, get, type IncomingMessage } from 'node:http'

export interface Origin {
  readonly address?: string
  readonly port?: number
}

export interface AskOptions {
  readonly keepalive: boolean
  /** longest silence, ms */
  readonly timeoutMs: number
}

export type Ask = (origin: Origin) => Promise<string>

/** Questions asked through one asker follow each other; with keepalive they share a connection. */
export function asker(url: URL, options: AskOptions): Ask {
  if (url.protocol === 'udp:') return (origin) => askUdp(url, origin, options.timeoutMs)
  const agent = options.keepalive ? new Agent({ keepAlive: true, maxSockets: 1 }) : false
  return (origin) => askHttp(url, origin, agent, options.timeoutMs)
}

function askHttp(url: URL, origin: Origin, agent: Agent | false, timeoutMs: number): Promise<string> {
  return new Promise((resolve, reject) => {
    const local = { localAddress: origin.address, localPort: origin.port }
    const request = get(url, { agent, ...defined(local) })
    const silence = setTimeout(() => request.destroy(failure('TIMEOUT')), timeoutMs)
    request.on('error', reject)
    request.on('response', (response) => {
      response.on('data', () => silence.refresh())
      response.on('error', reject)
      response.on('end', () => settle(response, resolve, reject))
    })
    request.on('close', () => {
      clearTimeout(silence)
      reject(failure('CLOSED'))
    })
  })
}

function settle(
  response: IncomingMessage,
  resolve: (name: string) => void,
  reject: (error: Error) => void,
): void {
  if (!response.complete) reject(failure('CUT'))
  else if (response.statusCode !== 200) reject(failure(`STATUS_${response.statusCode}`))
  else resolve(String(response.headers['x-server'] ?? 'unnamed'))
}

function askUdp(url: URL, origin: Origin, timeoutMs: number): Promise<string> {
  const address = url.hostname.replace(/^\[|\]$/g, '')
  const socket = createSocket(address.includes(':') ? 'udp6' : 'udp4')
  return new Promise<string>((resolve, reject) => {
    const silence = setTimeout(() => reject(failure('TIMEOUT')), timeoutMs)
    socket.on('error', reject)
    socket.on('message', (message) => resolve(message.toString()))
    socket.on('close', () => clearTimeout(silence))
    socket.bind(origin.port ?? 0, origin.address, () =>
      socket.connect(Number(url.port), address, () => socket.send('?')),
    )
  }).finally(() => socket.close())
}

function failure(code: string): Error & { code: string } {
  return Object.assign(new Error(code), { code })
}

/** Without the members that are undefined. */
function defined<T extends object>(value: T): { [K in keyof T]: NonNullable<T[K]> } {
  const entries = Object.entries(value).filter(([, member]) => member !== undefined)
  return Object.fromEntries(entries) as { [K in keyof T]: NonNullable<T[K]> }
}
