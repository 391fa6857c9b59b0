// SPDX-License-Identifier: Apache-2.0
// Does a datagram meet a service? Refusal is a failure always, silence only where a reply is required.
import type { UdpCheck } from '../../model/checks.js'
import { exchanged } from './datagram.js'
import { Failure } from './failure.js'
import { asks } from './question.js'

export const askUdp = asks<UdpCheck>((question) => {
  const { check, target } = question
  if (check.requireReply !== true) question.atDeadline(() => ({}))
  question.awaits(`reply from ${target}`)
  return exchanged(question, 'udp', Buffer.from(check.payload ?? '', 'hex'), (reply) => {
    const wrong = replyFault(check, reply)
    if (wrong !== undefined) throw new Failure('body', `reply of ${target}: ${wrong}`)
    return {}
  })
})

/** A reply that is shorter than the pattern fails, unless `minReply` allows it: then the part that came is compared. */
export function replyFault(check: UdpCheck, reply: Uint8Array): string | undefined {
  const { reply: pattern = '', maxReply = Number.POSITIVE_INFINITY } = check
  const { minReply = pattern.length / 2 } = check
  const { length } = reply
  if (length < minReply) return `${length} bytes, at least ${minReply} wanted`
  if (length > maxReply) return `${length} bytes, at most ${maxReply} wanted`
  const compared = Math.min(length, pattern.length / 2)
  for (let i = 0; i < compared; i++) {
    const wanted = pattern.slice(2 * i, 2 * i + 2)
    const came = hex(reply[i] as number)
    if (wanted !== '??' && wanted !== came) return `byte ${i + 1} is ${came}, ${wanted} wanted`
  }
  return undefined
}

function hex(byte: number): string {
  return byte.toString(16).padStart(2, '0')
}
