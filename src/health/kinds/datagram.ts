// SPDX-License-Identifier: Apache-2.0
// One datagram out, and every one that comes back is looked at until one settles the question. The first error settles
// it too, and closes the socket: what the kernel keeps of errors would wake this process again and again.
import { createSocket, type Socket } from 'node:dgram'
import { familyOf } from '../../abi/address.js'
import { adopted } from './descriptor.js'
import { failureOf } from './failure.js'
import type { Good, Question } from './question.js'

/** `judge` gives undefined for what is no answer to the question, and throws a Failure for a bad one. */
export function exchanged(
  question: Question,
  type: 'udp' | 'icmp',
  message: Uint8Array,
  judge: (reply: Buffer) => Good | undefined,
): Promise<Good> {
  const { way, target } = question
  const socket = createSocket(familyOf(way.address) === 4 ? 'udp4' : 'udp6')
  question.own(socket, (it) => void it.close())
  return new Promise((resolve, reject) => {
    const fail = (error: unknown) => reject(failureOf(error, `datagram to ${target}`))
    const trying = (act: () => void) => {
      try {
        act()
      } catch (error) {
        fail(error)
      }
    }
    const look = (reply: Buffer) => {
      const good = judge(reply)
      if (good !== undefined) resolve(good)
    }
    socket.on('error', fail)
    socket.on('message', (reply) => trying(() => look(reply)))
    socket.on('connect', () => trying(() => socket.send(message, (error) => error && fail(error))))
    trying(() => connect(question, type, socket))
  })
}

/** Connected, so that it hears of nobody else; of ICMP errors it hears as its descriptor is made. */
function connect(question: Question, type: 'udp' | 'icmp', socket: Socket): void {
  const { address, port } = question.way
  adopted(question, type, (fd) => socket.bind({ fd, exclusive: true }))
  socket.connect(port || 1, address) // a ping socket's port means nothing, but has to be one
}
