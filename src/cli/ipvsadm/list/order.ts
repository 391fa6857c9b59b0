// SPDX-License-Identifier: Apache-2.0
// The order of ipvsadm's listings: mark, family, protocol, address, port. It subtracts unsigned numbers and looks at
// the sign, so what lies 2^31 apart and more stands the other way round: a mark of 4294967295 comes first. Pure.
import { parseAddress } from '../../../abi/address.js'
import type { RealRow, ServiceRow } from '../../../api/contract.js'
import type { AddressText, Protocol } from '../../../model/types.js'

/** As in the IP header. */
const NUMBERS: Readonly<Record<Protocol, number>> = { tcp: 6, udp: 17, sctp: 132 }

export function inOrder<Row extends ServiceRow | RealRow>(
  rows: readonly Row[],
  compare: (a: Row, b: Row) => number,
): readonly Row[] {
  return [...rows].sort(compare)
}

export function compareServices({ match: a }: ServiceRow, { match: b }: ServiceRow): number {
  const marks = minus(a.mark ?? 0, b.mark ?? 0)
  if (marks !== 0) return marks
  if (a.mark !== undefined || b.mark !== undefined) return (a.family ?? 0) - (b.family ?? 0)
  return (
    familyOf(a.vip) - familyOf(b.vip) ||
    NUMBERS[a.protocol] - NUMBERS[b.protocol] ||
    compareAddresses(a.vip, b.vip) ||
    a.port - b.port
  )
}

export function compareReals(a: RealRow, b: RealRow): number {
  return compareAddresses(a.address, b.address) || a.port - b.port
}

function compareAddresses(a: AddressText, b: AddressText): number {
  const [left, right] = [wordsOf(a), wordsOf(b)]
  const at = left.findIndex((word, i) => word !== right[i])
  return at < 0 ? 0 : minus(left[at] ?? 0, right[at] ?? 0)
}

function familyOf(address: AddressText): number {
  return address.includes(':') ? 6 : 4
}

function wordsOf(address: AddressText): readonly number[] {
  const bytes = parseAddress(address)?.bytes ?? new Uint8Array(16)
  const view = new DataView(bytes.buffer, bytes.byteOffset)
  return [0, 4, 8, 12].map((offset) => view.getUint32(offset))
}

function minus(a: number, b: number): number {
  return (a - b) | 0
}
