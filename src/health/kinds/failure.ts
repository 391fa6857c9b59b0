// SPDX-License-Identifier: Apache-2.0
// What is wrong with an answer, thrown inside of a question and caught by its frame; and what the system's own error
// codes mean for the health of a real server.
import type { FailureReason } from '../../model/checks.js'

export class Failure extends Error {
  constructor(
    readonly reason: FailureReason,
    detail: string,
  ) {
    super(detail)
  }
}

const HERE = 'on this director'

const CODES: Readonly<Record<string, readonly [FailureReason, string]>> = {
  ECONNREFUSED: ['refused', 'refused: nothing listens there'],
  ETIMEDOUT: ['timeout', 'the system gave up waiting'],
  EHOSTUNREACH: ['unreachable', 'host unreachable: no neighbour answers for it, or a router says so'],
  EHOSTDOWN: ['unreachable', 'host down: no neighbour answers for it'],
  ENETUNREACH: ['unreachable', `network unreachable: no route ${HERE}, or a router says so`],
  ENETDOWN: ['unreachable', `the interface towards it is down ${HERE}`],
  ENONET: ['unreachable', 'no network'],
  ECONNRESET: ['closed', 'the connection was reset'],
  ECONNABORTED: ['closed', 'the connection was aborted'],
  EPIPE: ['closed', 'the connection was closed'],
  EPROTO: ['protocol', 'the answer breaks the protocol'],
  EACCES: ['cannot-check', `not permitted ${HERE}`],
  EPERM: ['cannot-check', `not permitted ${HERE}: a packet filter, or a missing capability`],
  EMFILE: ['cannot-check', 'too many open files in this process: raise its limit (LimitNOFILE)'],
  ENFILE: ['cannot-check', `too many open files ${HERE}: raise fs.file-max`],
  ENOBUFS: ['cannot-check', `no buffer space ${HERE}`],
  ENOMEM: ['cannot-check', `out of memory ${HERE}`],
  EADDRINUSE: ['cannot-check', `the source address and port are in use ${HERE}`],
  EADDRNOTAVAIL: ['cannot-check', `no such source address ${HERE}, or no source port is left`],
  EMSGSIZE: ['cannot-check', 'the question is larger than a datagram may be'],
}

/** `doing` opens the sentence: 'connect to 192.0.2.21:80'. */
export function failureOf(error: unknown, doing?: string): Failure {
  if (error instanceof Failure) return error
  const { code, message } = error as NodeJS.ErrnoException
  const [reason, words] = CODES[code ?? ''] ?? ['cannot-check', message ?? String(error)]
  return new Failure(reason, doing === undefined ? words : `${doing}: ${words}`)
}
