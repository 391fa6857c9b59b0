// SPDX-License-Identifier: Apache-2.0
// What every real server runs: requests, downloads without end, and a count of numbered datagrams.
//   node server.js --name web1 --control PATH --port 80 --datagrams 192.0.2.10:53
// GET /          its name, the connection stays
// GET /once      its name, the connection ends
// GET /download  PIECE bytes four times a second until the client goes
import { createSocket } from 'node:dgram'
import { createServer, type Socket } from 'node:net'
import { parseArgs } from 'node:util'
import { now, rounds } from './clock.js'
import { listenTo } from './control.js'
import type { Arrivals, ServerFigures } from './figures.js'

const PIECE = Buffer.alloc(1_400, 'x')
/** ms between two pieces of one download */
const PERIOD = 250
const PARTS = 25
const RECEIVE_BUFFER = 4 << 20

const { values } = parseArgs({
  options: {
    name: { type: 'string', default: 'web' },
    control: { type: 'string', default: '' },
    port: { type: 'string', default: '80' },
    datagrams: { type: 'string', default: '' },
  },
})
const { name } = values
const downloads = Array.from({ length: PARTS }, () => new Set<Socket>())
const streams = new Map<number, { -readonly [K in keyof Arrivals]: Arrivals[K] } & { number: number }>()
let begun = 0
let held = false

rounds(PERIOD, PARTS, (part) => {
  if (!held) for (const socket of downloads[part] ?? []) socket.write(PIECE)
})
await Promise.all([answerRequests(), countDatagrams()])
await listenTo(values.control, {
  hold: () => {
    held = true
  },
  go: () => {
    held = false
  },
  read,
})
process.stdout.write(`${name} listens on port ${values.port}\n`)

function answerRequests(): Promise<void> {
  const server = createServer({ noDelay: true }, (socket) => {
    const part = downloads[begun++ % PARTS] as Set<Socket>
    let text = ''
    socket.on('error', () => socket.destroy()).on('close', () => part.delete(socket))
    socket.setEncoding('latin1').on('data', (piece: string) => {
      text += piece
      for (let end = text.indexOf('\r\n\r\n'); end >= 0; end = text.indexOf('\r\n\r\n')) {
        answer(socket, text.slice(0, end).split(' ')[1] ?? '/', part)
        text = text.slice(end + 4)
      }
    })
  })
  return new Promise((resolve, reject) => {
    server.once('error', reject).listen({ host: '::', port: Number(values.port), backlog: 4096 }, resolve)
  })
}

function answer(socket: Socket, path: string, part: Set<Socket>): void {
  const head = (length: string) => `HTTP/1.1 200 OK\r\nx-server: ${name}\r\n${length}\r\n\r\n`
  if (path === '/download') {
    socket.write(head('connection: close'))
    part.add(socket)
  } else if (path === '/once') socket.end(`${head('connection: close')}${name}\n`)
  else socket.write(`${head(`content-length: ${name.length + 1}`)}${name}\n`)
}

function countDatagrams(): Promise<void> {
  const [address = '', port] = values.datagrams.split(':')
  const socket = createSocket({ type: 'udp4', recvBufferSize: RECEIVE_BUFFER })
  socket.on('message', (message) => arrived(message.readUInt32BE(0), message.readUInt32BE(4)))
  return new Promise((resolve, reject) => {
    socket.once('error', reject).bind(Number(port), address, resolve)
  })
}

function arrived(stream: number, number: number): void {
  const at = now()
  const seen = streams.get(stream)
  if (seen === undefined) {
    streams.set(stream, { stream, number, count: 1, again: 0, first: at, last: at, gap: 0 })
    return
  }
  if (number > seen.number) seen.count++
  else seen.again++
  seen.number = Math.max(seen.number, number)
  if (seen.first === 0) seen.first = at
  else seen.gap = Math.max(seen.gap, at - seen.last)
  seen.last = at
}

function read(): ServerFigures {
  const arrivals = [...streams.values()].map(({ number: _, ...figures }) => figures)
  for (const seen of streams.values()) Object.assign(seen, { count: 0, again: 0, first: 0, gap: 0 })
  return { name, arrivals: arrivals.filter(({ count, again }) => count + again > 0) }
}
