// SPDX-License-Identifier: Apache-2.0
// A web server that says its own name, run inside a real server's namespace:
//   node serve.js --name web1 --port 80 [--no-keepalive] [--udp ADDRESS:PORT ...]
// GET /           its name, also in the header x-server
// GET /bytes/N    N bytes; ?over=MS spreads them over that time
// GET /slow/MS    its name, after that time
// A datagram to a --udp address is answered from there with its name.
import { createSocket } from 'node:dgram'
import { createServer, type ServerResponse } from 'node:http'
import { setTimeout as sleep } from 'node:timers/promises'
import { parseArgs } from 'node:util'

const { values } = parseArgs({
  options: {
    name: { type: 'string', default: 'web' },
    port: { type: 'string', default: '80' },
    'no-keepalive': { type: 'boolean', default: false },
    udp: { type: 'string', multiple: true, default: [] },
  },
})
const { name } = values

const server = createServer((request, response) => {
  if (values['no-keepalive']) response.setHeader('connection', 'close')
  response.setHeader('x-server', name)
  const url = new URL(request.url ?? '/', 'http://server')
  const [, what, amount] = url.pathname.split('/')
  if (what === 'bytes') void sendBytes(response, Number(amount), Number(url.searchParams.get('over') ?? 0))
  else if (what === 'slow') setTimeout(() => response.end(`${name}\n`), Number(amount))
  else response.end(`${name}\n`)
})
server.keepAliveTimeout = 60_000
await Promise.all([listen(), ...values.udp.map(answerDatagrams)])
process.stdout.write(`${name} listens on port ${values.port}\n`)

function listen(): Promise<void> {
  return new Promise((resolve, reject) => {
    server.once('error', reject).listen({ host: '::', port: Number(values.port), backlog: 4096 }, resolve)
  })
}

async function sendBytes(response: ServerResponse, total: number, overMs: number): Promise<void> {
  response.setHeader('content-length', total)
  const pieces = Math.max(1, Math.ceil(overMs / 50), Math.ceil(total / 65_536))
  for (let i = 0; i < pieces; i++) {
    const size = Math.floor((total * (i + 1)) / pieces) - Math.floor((total * i) / pieces)
    if (response.destroyed) return
    if (!response.write(Buffer.alloc(size, name))) await drained(response)
    if (overMs > 0) await sleep(overMs / pieces)
  }
  response.end()
}

function drained(response: ServerResponse): Promise<void> {
  return new Promise((resolve) => {
    response.once('drain', resolve).once('close', resolve)
  })
}

/** Bound to one address, so that the answer leaves from where the question went. */
function answerDatagrams(endpoint: string): Promise<void> {
  const cut = endpoint.lastIndexOf(':')
  const address = endpoint.slice(0, cut).replace(/^\[|\]$/g, '')
  const socket = createSocket(address.includes(':') ? 'udp6' : 'udp4')
  socket.on('message', (_, from) => socket.send(name, from.port, from.address))
  return new Promise((resolve, reject) => {
    socket.once('error', reject).bind(Number(endpoint.slice(cut + 1)), address, resolve)
  })
}
