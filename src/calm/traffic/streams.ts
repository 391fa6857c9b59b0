// SPDX-License-Identifier: Apache-2.0
// Streams of numbered datagrams, each from a port of its own. None is answered.
import { createSocket, type Socket } from 'node:dgram'
import type { Endpoint } from './connection.js'

const LENGTH = 100

interface Stream {
  readonly id: number
  readonly socket: Socket
  number: number
  sent: number
}

export class Streams {
  #streams: readonly Stream[] = []

  async open(first: number, count: number, { address, port }: Endpoint): Promise<void> {
    const open = (id: number) =>
      new Promise<Stream>((resolve) => {
        const socket = createSocket('udp4')
        // an ICMP error of the last datagram: this one has not been sent, and is not counted
        socket.on('error', () => undefined)
        socket.connect(port, address, () => resolve({ id, socket, number: 0, sent: 0 }))
      })
    this.#streams = await Promise.all(Array.from({ length: count }, (_, i) => open(first + i)))
  }

  /** The next datagram of every stream. */
  send(): void {
    for (const stream of this.#streams) {
      const message = Buffer.alloc(LENGTH)
      message.writeUInt32BE(stream.id, 0)
      message.writeUInt32BE(++stream.number, 4)
      stream.socket.send(message, (error) => {
        if (!error) stream.sent++
      })
    }
  }

  read(): readonly (readonly [number, number])[] {
    const figures = this.#streams.map(({ id, sent }) => [id, sent] as const)
    for (const stream of this.#streams) stream.sent = 0
    return figures
  }
}
