// SPDX-License-Identifier: Apache-2.0
// The clients of bench/scrape.ts: some that ask and never read, then one that asks again and again.
import { once } from 'node:events'
import { get, type IncomingMessage } from 'node:http'
import { connect } from 'node:net'

export interface Order {
  readonly port: number
  readonly rounds: number
  /** scrapers that ask and do not read, from now on */
  readonly slow: number
}

export interface Taken {
  readonly ms: readonly number[]
  readonly bytes: number
  readonly series: number
}

async function scrape(port: number): Promise<{ readonly ms: number; readonly text: Buffer }> {
  const from = performance.now()
  const [reply] = (await once(get({ port, host: '127.0.0.1', agent: false }), 'response')) as [
    IncomingMessage,
  ]
  const all: Buffer[] = []
  for await (const chunk of reply) all.push(chunk as Buffer)
  const ms = performance.now() - from
  if (reply.statusCode !== 200) throw new Error(`answered ${reply.statusCode}: ${Buffer.concat(all)}`)
  return { ms, text: Buffer.concat(all) }
}

async function stall(port: number): Promise<void> {
  const socket = connect(port, '127.0.0.1')
  socket.on('error', () => undefined)
  socket.write('GET /metrics HTTP/1.1\r\nHost: bench\r\n\r\n')
  await once(socket, 'readable')
}

async function carryOut({ port, rounds, slow }: Order): Promise<Taken> {
  await Promise.all(Array.from({ length: slow }, () => stall(port)))
  const ms: number[] = []
  let text: Buffer = Buffer.alloc(0)
  for (let round = 0; round < rounds; round++) {
    const taken = await scrape(port)
    ms.push(taken.ms)
    text = taken.text
  }
  return { ms, bytes: text.length, series: `${text}`.split('\n').filter((line) => /^[^#]/.test(line)).length }
}

process.on('message', async (order: Order) => process.send?.(await carryOut(order)))
