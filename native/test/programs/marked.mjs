// SPDX-License-Identifier: Apache-2.0
// In a network namespace of its own: sends by sockets with marks; prints which marks a program on the loopback's way
// out has met, and what ping sockets heard.
import { createSocket } from 'node:dgram'
import { once } from 'node:events'
import { readFileSync } from 'node:fs'
import { connect, createServer, Socket } from 'node:net'
import { openObject, openSocket, openTcHook, readU32 } from '../../dist/index.js'

const loopback = 1
const object = openObject(new Uint8Array(readFileSync(process.argv[2] ?? ''))).load()
openTcHook(loopback, 'egress').attach(object.program('on_mark'), { handle: 1, priority: 1 })

const server = createServer((socket) => socket.end()).listen(0, '127.0.0.1')
await once(server, 'listening')
const { port } = server.address()
const tcp = new Socket({ fd: openSocket({ family: 4, type: 'tcp', mark: 0xa1 }), manualStart: true })
for (const socket of [tcp.connect({ port, host: '127.0.0.1' }), connect({ port, host: '127.0.0.1' })]) {
  await once(socket.resume(), 'close')
}
server.close()

function adopt(family, options) {
  const socket = createSocket(`udp${family}`)
  socket.bind({ fd: openSocket({ family, ...options }), exclusive: true })
  return socket
}

for (const [family, host, mark] of [
  [4, '127.0.0.1', 0xa2],
  [6, '::1', 0xa3],
]) {
  const socket = adopt(family, { type: 'udp', mark })
  await new Promise((sent) => socket.send('hello', 9, host, sent))
  socket.close()
}

const replies = []
for (const [family, host, mark, type] of [
  [4, '127.0.0.1', 0xa4, 8],
  [6, '::1', 0xa5, 128],
]) {
  const socket = adopt(family, { type: 'icmp', mark, bind: { address: host, port: 4321 } })
  socket.connect(1, host, () => socket.send(Uint8Array.of(type, 0, 0, 0, 0, 0, 0, 7, 1, 2, 3)))
  const [message] = await once(socket, 'message')
  socket.close()
  // all but the checksum
  replies.push([...message.subarray(0, 2), ...message.subarray(4)])
}
const marks = [...keysOf(object.map('marks'))].map((key) => readU32(key)).sort((a, b) => a - b)
console.log(JSON.stringify({ marks, replies }))

function* keysOf(map) {
  for (let key = map.nextKey(); key !== undefined; key = map.nextKey(key)) yield key
}
