// SPDX-License-Identifier: Apache-2.0
// A connection to a virtual service: questions asked on it, and the name of the real server at its other end.
import { connect, type Socket } from 'node:net'

export interface Endpoint {
  readonly address: string
  readonly port: number
}

export interface Connection {
  readonly socket: Socket
  ask(path: string): void
}

interface Events {
  /** a whole head has arrived: who answers */
  answered(name: string): void
  /** anything has arrived */
  arrived(): void
  /** the other side ended it, or an error did; not after `close` */
  ended(why: string): void
}

export function openConnection({ address, port }: Endpoint, events: Events): Connection {
  const socket = connect({ host: address, port, noDelay: true })
  let text = ''
  let over = false
  const end = (why: string) => {
    if (over) return
    over = true
    socket.destroy()
    events.ended(why)
  }
  socket.setEncoding('latin1').on('data', (piece: string) => {
    events.arrived()
    text += piece
    for (let head = HEAD.exec(text); head !== null; head = HEAD.exec(text)) {
      text = text.slice(head.index + head[0].length)
      events.answered(head[1] as string)
    }
    // the body of a download
    if (text.length > LONGEST_HEAD) text = ''
  })
  socket.on('error', (error: NodeJS.ErrnoException) => end(error.code ?? error.message))
  socket.on('close', () => end('CLOSED'))
  return {
    socket,
    ask: (path) => socket.write(`GET ${path} HTTP/1.1\r\nhost: ${address}\r\n\r\n`),
  }
}

const HEAD = /HTTP\/1\.1 200 OK\r\nx-server: (\w+)\r\n[^\r]*\r\n\r\n/
const LONGEST_HEAD = 500
