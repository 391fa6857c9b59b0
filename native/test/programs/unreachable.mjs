// SPDX-License-Identifier: Apache-2.0
// In a network namespace: sends one datagram and one echo request to each address; prints what is heard of each, and how
// many descriptors are left when all sockets were closed at their first error.
import { createSocket } from 'node:dgram'
import { once } from 'node:events'
import { readdirSync } from 'node:fs'
import { openSocket } from '../../dist/index.js'

const descriptors = () => readdirSync('/proc/self/fd').length
const echo = { 4: 8, 6: 128 }

async function hear(family, type, address) {
  const socket = createSocket(`udp${family}`)
  socket.bind({ fd: openSocket({ family, type }), exclusive: true })
  socket.connect(9, address, () => socket.send(Uint8Array.of(echo[family], 0, 0, 0, 0, 0, 0, 7)))
  const [error] = await once(socket, 'error')
  socket.close()
  await once(socket, 'close')
  return error.code
}

const heard = {}
let before
for (const address of process.argv.slice(2)) {
  for (const type of ['udp', 'icmp']) {
    heard[`${type} ${address}`] = await hear(address.includes(':') ? 6 : 4, type, address)
    before ??= descriptors()
  }
}
console.log(JSON.stringify({ heard, left: descriptors() - before }))
