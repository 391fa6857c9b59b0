// SPDX-License-Identifier: Apache-2.0
// A TCP server that tells each connection the address it came to: node told.mjs PORT
import { createServer } from 'node:net'

const port = Number(process.argv[2])
createServer((socket) =>
  socket.on('error', () => undefined).end(socket.localAddress?.replace('::ffff:', '')),
).listen({ host: '::', port }, () => console.log(`port ${port} listens here`))
