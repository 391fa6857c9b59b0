// SPDX-License-Identifier: Apache-2.0
// A DNS question in bytes, and whether a datagram answers it (RFC 1035). Reads any bytes without an exception.
import { isAscii } from 'node:buffer'
import type { DnsCheck } from '../../model/checks.js'

export const DNS_TYPES: Readonly<Record<DnsCheck['type'], number>> = {
  ...{ A: 1, NS: 2, CNAME: 5, SOA: 6, MX: 15, TXT: 16, AAAA: 28 },
}

const RCODES =
  'NOERROR FORMERR SERVFAIL NXDOMAIN NOTIMP REFUSED YXDOMAIN YXRRSET NXRRSET NOTAUTH NOTZONE'.split(' ')
const HEADER = 12
const RECURSION_DESIRED = 0x0100
const RESPONSE = 0x8000
const OPCODE = 0x7800
const IN = 1

/** undefined: it cannot be a name, a label or the whole is too long */
export function dnsQuery(id: number, type: DnsCheck['type'], name: string): Buffer | undefined {
  const labels = name === '.' ? [] : name.replace(/\.$/, '').split('.')
  const bytes = labels.map((label) => Buffer.from(label))
  if (bytes.some((label) => label.length < 1 || label.length > 63 || !isAscii(label))) return undefined
  const question = Buffer.concat([
    ...bytes.flatMap((label) => [Buffer.of(label.length), label]),
    Buffer.alloc(5),
  ])
  if (question.length > 255 + 4) return undefined
  question.writeUInt16BE(DNS_TYPES[type], question.length - 4)
  question.writeUInt16BE(IN, question.length - 2)
  const header = Buffer.alloc(HEADER)
  header.writeUInt16BE(id, 0)
  header.writeUInt16BE(RECURSION_DESIRED, 2)
  header.writeUInt16BE(1, 4)
  return Buffer.concat([header, question])
}

export type DnsVerdict =
  | { readonly rcode: number; readonly name: string }
  /** why it is no answer to the query */
  | { readonly ignored: string }

/** A server that rejects the question as such may leave it out of its answer. */
export function dnsVerdict(query: Buffer, reply: Buffer): DnsVerdict {
  if (reply.length < HEADER) return { ignored: `${reply.length} bytes are no DNS message` }
  const flags = reply.readUInt16BE(2)
  if (reply.readUInt16BE(0) !== query.readUInt16BE(0)) return { ignored: 'another id' }
  if ((flags & RESPONSE) === 0) return { ignored: 'a question' }
  if ((flags & OPCODE) !== 0) return { ignored: 'another kind of operation' }
  const rcode = flags & 15
  const questions = reply.readUInt16BE(4)
  const bare = questions === 0 && rcode !== 0
  if (!bare && !(questions === 1 && sameQuestion(query, reply))) return { ignored: 'another question' }
  return { rcode, name: RCODES[rcode] ?? `rcode ${rcode}` }
}

/** Names are the same whatever the case of their letters; a server may answer in its own. */
function sameQuestion(query: Buffer, reply: Buffer): boolean {
  const [asked, answered] = [query, reply.subarray(0, query.length)].map((it) => it.subarray(HEADER))
  if (asked === undefined || answered === undefined || asked.length !== answered.length) return false
  const name = asked.length - 4
  return (
    asked.subarray(name).equals(answered.subarray(name)) &&
    lower(asked.subarray(0, name)) === lower(answered.subarray(0, name))
  )
}

function lower(name: Buffer): string {
  return name.toString('latin1').replace(/[A-Z]/g, (letter) => letter.toLowerCase())
}
