// SPDX-License-Identifier: Apache-2.0
// Is an ICMP echo answered? Asked on a ping socket: the kernel writes identifier and checksum, and gives back nobody
// else's answers.
import { randomBytes } from 'node:crypto'
import { familyOf } from '../../abi/address.js'
import type { IcmpCheck } from '../../model/checks.js'
import { exchanged } from './datagram.js'
import { asks } from './question.js'

const HEADER = 8
const ECHO = { 4: { request: 8, reply: 0 }, 6: { request: 128, reply: 129 } } as const

export const askIcmp = asks<IcmpCheck>((question) => {
  const { way, world } = question
  const type = ECHO[familyOf(way.address)]
  const token = randomBytes(48)
  const message = Buffer.concat([Buffer.of(type.request, 0, 0, 0, 0, 0, 0, 1), token])
  const target =
    way.mark === undefined ? way.address : `${world.names.vip ?? way.address} by way of ${way.address}`
  question.awaits(`echo reply from ${target}`)
  return exchanged({ ...question, target }, 'icmp', message, (reply) =>
    reply[0] === type.reply && reply.subarray(HEADER).equals(token) ? {} : undefined,
  )
})
