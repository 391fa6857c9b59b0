// SPDX-License-Identifier: Apache-2.0
// Bytes of chance go one way over TCP, and both ends say what they were:
//   node upload.mjs receive PORT
//   node upload.mjs send HOST PORT BYTES      prints {"sent": {bytes, sha256}, "arrived": {bytes, sha256}}
import { createHash, randomBytes } from 'node:crypto'
import { once } from 'node:events'
import { connect, createServer } from 'node:net'

const PIECE = 65_536
const SILENCE = 20_000
const [role, ...words] = process.argv.slice(2)
if (role === 'receive') receive(Number(words[0]))
else await send(words[0], Number(words[1]), Number(words[2]))

function receive(port) {
  const server = createServer({ allowHalfOpen: true }, (socket) => {
    const seen = digest()
    socket.on('data', seen.add).on('end', () => socket.end(JSON.stringify(seen.result())))
    socket.on('error', () => socket.destroy())
  })
  server.listen({ host: '::', port }, () => process.stdout.write(`receives on port ${port}\n`))
}

async function send(host, port, total) {
  const socket = connect({ host, port })
  socket.setTimeout(SILENCE, () => socket.destroy(new Error(`nothing went on for ${SILENCE} ms`)))
  const seen = digest()
  let answer = ''
  socket.setEncoding('utf8').on('data', (text) => {
    answer += text
  })
  await once(socket, 'connect')
  for (let left = total; left > 0; left -= PIECE) {
    const piece = randomBytes(Math.min(left, PIECE))
    seen.add(piece)
    if (!socket.write(piece)) await once(socket, 'drain')
  }
  socket.end()
  await once(socket, 'end')
  process.stdout.write(JSON.stringify({ sent: seen.result(), arrived: JSON.parse(answer) }))
}

function digest() {
  const hash = createHash('sha256')
  let bytes = 0
  return {
    add: (piece) => {
      hash.update(piece)
      bytes += piece.length
    },
    result: () => ({ bytes, sha256: hash.digest('hex') }),
  }
}
