// SPDX-License-Identifier: Apache-2.0
// One datagram out, and every one that comes back is looked at until one settles the question.
import { createSocket } from 'node:dgram'
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
  const socket = question.own(createSocket(familyOf(way.address) === 4 ? 'udp4' : 'udp6'), (it) => {
    it.close()
  })
  return new Promise((resolve, reject) => {
    const fail = (error: unknown) => reject(failureOf(error, `datagram to ${target}`))
    const trying = (act: () => void) => {
      try {
        act()
      } catch (error) {
        fail(error)
      }
    }
    socket.on('error', fail)
    socket.on('message', (reply) =>
      trying(() => {
        const good = judge(reply)
        if (good !== undefined) resolve(good)
      }),
    )
    socket.on('connect', () => trying(() => socket.send(message, (error) => error && fail(error))))
    trying(() => {
      if (type === 'icmp' || way.mark !== undefined)
        adopted(question, type, (fd) => socket.bind({ fd, exclusive: true }))
      else if (way.bind !== undefined || way.bindPort !== undefined)
        socket.bind({
          exclusive: true,
          ...(way.bind === undefined ? {} : { address: way.bind }),
          ...(way.bindPort === undefined ? {} : { port: way.bindPort }),
        })
      socket.connect(way.port || 1, way.address) // a ping socket's port means nothing, but has to be one
    })
  })
}
