// SPDX-License-Identifier: Apache-2.0
// Sockets that are made elsewhere, as their numbers: a marked one cannot be made by Node. Whoever adopts a descriptor
// closes it; one that cannot be adopted is closed here.
import { closeSync } from 'node:fs'
import { familyOf } from '../../abi/address.js'
import { formatProblems } from '../../model/describe.js'
import type { SocketSpec } from '../types.js'
import { Failure, failureOf } from './failure.js'
import type { Question } from './question.js'

/** `adopt` is given an unconnected socket towards the question's address, with its mark. */
export function adopted<T>({ way, world }: Question, type: SocketSpec['type'], adopt: (fd: number) => T): T {
  const family = familyOf(way.address)
  const mark = way.mark === undefined ? {} : { mark: way.mark }
  const socket = world.socket({ family, type, ...mark, ...boundTo(way, family) })
  if (!socket.ok) throw new Failure('cannot-check', `no socket: ${formatProblems(socket.problems)}`)
  try {
    return adopt(socket.value)
  } catch (error) {
    closeSync(socket.value)
    throw failureOf(error, 'no socket')
  }
}

function boundTo(
  { bind, bindPort }: Question['way'],
  family: SocketSpec['family'],
): Pick<SocketSpec, 'bind'> {
  if (bind === undefined && bindPort === undefined) return {}
  const address = bind ?? (family === 4 ? '0.0.0.0' : '::')
  return { bind: { address, ...(bindPort === undefined ? {} : { port: bindPort }) } }
}
