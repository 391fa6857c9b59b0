// SPDX-License-Identifier: Apache-2.0
// Is a DNS question answered without an error? As with keepalived, what the answer says does not matter: NOERROR is
// good, also with no records.
import { randomInt } from 'node:crypto'
import type { DnsCheck } from '../../model/checks.js'
import { quote } from '../../model/describe.js'
import { exchanged } from './datagram.js'
import { dnsQuery, dnsVerdict } from './dns-message.js'
import { Failure } from './failure.js'
import { asks } from './question.js'

export const askDns = asks<DnsCheck>((question) => {
  const { type, name, timeout } = question.check
  const query = dnsQuery(randomInt(65_536), type, name)
  if (query === undefined) throw new Failure('cannot-check', `${quote(name)} cannot be a DNS name`)
  const asked = `${type} of ${quote(name)}`
  question.awaits(`answer to ${asked} from ${question.target}`)
  let ignored = 0
  return exchanged(question, 'udp', query, (reply) => {
    const verdict = dnsVerdict(query, reply)
    if ('ignored' in verdict) {
      ignored++
      const came = `${ignored} ${ignored === 1 ? 'datagram' : 'datagrams'} from ${question.target} within ${timeout} s`
      question.atDeadline(() => {
        throw new Failure('protocol', `${came}, but no answer to ${asked} (the last was ${verdict.ignored})`)
      })
      return undefined
    }
    if (verdict.rcode === 0) return {}
    throw new Failure(
      'status',
      `${verdict.name} in answer to ${asked} from ${question.target}, NOERROR wanted`,
    )
  })
})
