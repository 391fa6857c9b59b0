// SPDX-License-Identifier: Apache-2.0
// A TCP connection, and TLS on top of it, for one question; gone when the question is answered.
import { once } from 'node:events'
import { isIP, Socket } from 'node:net'
import { checkServerIdentity, connect as connectTls, type TLSSocket } from 'node:tls'
import type { TlsTerms } from '../../model/checks.js'
import { adopted } from './descriptor.js'
import { Failure, failureOf } from './failure.js'
import type { Question } from './question.js'
import { secureContext } from './trust.js'

export async function connected(question: Question): Promise<Socket> {
  const { way, target } = question
  question.awaits(`TCP connection to ${target}`)
  const socket =
    way.mark === undefined
      ? new Socket()
      : adopted(question, 'tcp', (fd) => new Socket({ fd, manualStart: true } as { fd: number }))
  socket.on('error', () => {}) // whoever waits has his own ear; an error that nobody awaits is no news
  question.own(socket, way.mark === undefined ? (it) => void it.destroy() : reset)
  try {
    socket.connect({ host: way.address, port: way.port, ...(way.mark === undefined ? localEnd(way) : {}) })
    await once(socket, 'connect')
  } catch (error) {
    throw failureOf(error, `connect to ${target}`)
  }
  question.awaits(`answer from ${target}, which took the connection,`)
  return socket
}

/** A marked socket came bound. */
function localEnd({ bind, bindPort }: Question['way']): { localAddress?: string; localPort?: number } {
  return {
    ...(bind === undefined ? {} : { localAddress: bind }),
    ...(bindPort === undefined ? {} : { localPort: bindPort }),
  }
}

/** A marked socket has a port of its own, which TIME_WAIT would hold for a minute: many checks would use all up. */
function reset(socket: Socket): void {
  // what is being shut down cannot be reset: its descriptor would stay open
  if (!socket.connecting && !socket.destroyed && !socket.writableEnded) socket.resetAndDestroy()
  socket.destroy()
}

/** The handshake is finished; `protocols` are offered by ALPN. */
export async function secured(
  question: Question<Question['check'] & TlsTerms>,
  socket: Socket,
  protocols?: readonly string[],
): Promise<TLSSocket> {
  const { target, check } = question
  const { sni, verify } = check
  question.awaits(`end of the TLS handshake with ${target}`)
  const secure = connectTls({
    socket,
    secureContext: secureContext(verify === true),
    rejectUnauthorized: verify === true,
    checkServerIdentity: (_, certificate) =>
      sni === undefined ? undefined : checkServerIdentity(sni, certificate),
    ...(sni === undefined || isIP(sni) !== 0 ? {} : { servername: sni }),
    ...(protocols === undefined ? {} : { ALPNProtocols: [...protocols] }),
  })
  secure.on('error', () => {})
  question.own(secure, (it) => void it.destroy())
  try {
    await once(secure, 'secureConnect')
  } catch (error) {
    throw handshakeFailure(error as NodeJS.ErrnoException & { reason?: string }, target)
  }
  question.awaits(`answer from ${target}, which finished the TLS handshake,`)
  return secure
}

function handshakeFailure(error: NodeJS.ErrnoException & { reason?: string }, target: string): Failure {
  if (error.code === 'ECONNRESET' || error.code === 'EPIPE')
    return new Failure('closed', `${target} closed the connection during the TLS handshake`)
  const known = /^E[A-Z]+$/.test(error.code ?? '') ? failureOf(error) : undefined
  if (known !== undefined && known.reason !== 'cannot-check') return failureOf(error, `TLS with ${target}`)
  return new Failure('tls', `TLS handshake with ${target} failed: ${error.reason ?? error.message}`)
}
