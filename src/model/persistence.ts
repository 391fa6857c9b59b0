// SPDX-License-Identifier: Apache-2.0
// How long, and for which part of the client's address, a client stays with its real server.
import { addressToBytes, bitsSet, maskToPrefix, parseAddress } from '../abi/address.js'
import { quote, succeed } from './describe.js'
import { type Fault, PREFIX4, PREFIX6, problem, rangeFault, refuse, SECONDS, wholeNumber } from './rules.js'
import type { Family, Outcome, Persistence } from './types.js'

export type ClientNet = Pick<Persistence, 'prefix' | 'mask'>

/** Every client for itself. */
export function wholeAddress(family: Family): number {
  return family === 4 ? 32 : 128
}

/** '300', '300/24', '300/255.255.255.0', '300/64' */
export function parsePersistence(text: string, family: Family, subject?: string): Outcome<Persistence> {
  const cut = text.indexOf('/')
  const timeout = wholeNumber(cut < 0 ? text : text.slice(0, cut))
  const late = rangeFault('persistence timeout', timeout, SECONDS)
  const net =
    cut < 0 ? succeed({ prefix: wholeAddress(family) }) : parseClientNet(text.slice(cut + 1), family)
  const problems = [...(late ? [late] : []), ...(net.ok ? [] : net.problems)]
  if (net.ok && !late) return succeed({ timeout: timeout as number, ...net.value })
  return { ok: false, problems: problems.map((p) => problem(p as Fault, subject)) }
}

/** '24', '255.255.255.0' (any mask but 0.0.0.0, with holes too), '64' */
export function parseClientNet(text: string, family: Family, subject?: string): Outcome<ClientNet> {
  if (text.includes('.')) return parseNetmask(text, family, subject)
  const prefix = wholeNumber(text)
  const wrong = prefixFault(prefix, family)
  return wrong ? refuse(wrong, subject) : succeed({ prefix: prefix as number })
}

/** A plain mask becomes its prefix; one with holes is kept, and `prefix` counts its ones. */
export function parseNetmask(text: string, family: Family, subject?: string): Outcome<ClientNet> {
  const wrong = netmaskFault(text, family)
  if (wrong) return refuse(wrong, subject)
  const bytes = addressToBytes(text).subarray(0, 4)
  const prefix = maskToPrefix(bytes)
  if (prefix !== undefined) return succeed({ prefix })
  return succeed({
    prefix: bytes.reduce((sum, byte) => sum + bitsSet(byte), 0),
    mask: text,
  })
}

export function prefixFault(prefix: unknown, family: Family): Fault | undefined {
  return rangeFault(`IPv${family} prefix`, prefix, family === 4 ? PREFIX4 : PREFIX6)
}

export function netmaskFault(text: string, family: Family): Fault | undefined {
  if (family === 6) {
    return { reason: `netmask ${quote(text)} on an IPv6 service`, fix: 'use a prefix length 1..128' }
  }
  if (parseAddress(text)?.family !== 4) {
    return { reason: `netmask ${quote(text)} is not a dotted quad`, fix: 'write it like 255.255.255.0' }
  }
  if (text !== '0.0.0.0') return undefined
  return { reason: 'netmask 0.0.0.0 would make all clients one', fix: 'use 128.0.0.0 or narrower' }
}

/** A persistence that some program made: timeout, prefix and mask must fit each other and the family. */
export function persistenceFaults(persistence: Persistence, family: Family): readonly Fault[] {
  const { timeout, prefix, mask } = persistence
  const late = rangeFault('persistence timeout', timeout, SECONDS)
  const net = mask === undefined ? prefixFault(prefix, family) : netmaskFault(mask, family)
  return [late, net].filter((fault) => fault !== undefined)
}
