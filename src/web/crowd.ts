// SPDX-License-Identifier: Apache-2.0
// Connections of the metrics port. When there are too many, those that keep it waiting give way to who comes: first who
// has asked nothing, longest silence first, then who does not read the answer.
import type { IncomingMessage, Server, ServerResponse } from 'node:http'
import type { Socket } from 'node:net'

export const MOST_CONNECTIONS = 256

export function keepCrowd(server: Server, most = MOST_CONNECTIONS): void {
  const silent = new Set<Socket>()
  const served = new Map<Socket, ServerResponse>()
  const stalled = () => [...served].find(([, reply]) => reply.writableNeedDrain)?.[0]
  server.on('connection', (socket: Socket) => {
    if (silent.size + served.size >= most) {
      const [first] = silent
      const gives = first ?? stalled() ?? socket
      silent.delete(gives)
      served.delete(gives)
      gives.destroy()
      if (gives === socket) return
    }
    silent.add(socket)
    socket.on('close', () => {
      silent.delete(socket)
      served.delete(socket)
    })
  })
  server.on('request', ({ socket }: IncomingMessage, reply: ServerResponse) => {
    silent.delete(socket)
    served.set(socket, reply)
    reply.on('close', () => {
      if (served.get(socket) !== reply) return
      served.delete(socket)
      if (!socket.destroyed) silent.add(socket)
    })
  })
}
