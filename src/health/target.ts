// SPDX-License-Identifier: Apache-2.0
// Where a check's question goes, as a way and in words.

import type { Check } from '../model/checks.js'
import { endpointText } from '../model/keys.js'
import type { AddressText } from '../model/types.js'
import type { AskNames, Way } from './types.js'

/** What of a real server decides where its questions go. */
export interface Place extends AskNames {
  readonly vip: AddressText | undefined
}

/** Its packets are addressed to the VIP; not where there is none, nor where another host is asked. */
export function isThroughVip(check: Check, { vip }: Place): boolean {
  return check.via === 'vip' && vip !== undefined && check.address === undefined && check.kind !== 'script'
}

/** `mark` only where the packets are to be addressed to the VIP. */
export function wayOf(check: Check, place: Place, mark: number | undefined): Way {
  return {
    address: check.address ?? place.real,
    port: check.port ?? place.port,
    ...(mark !== undefined && { mark }),
    ...(check.bind !== undefined && { bind: check.bind }),
    ...(check.bindPort !== undefined && { bindPort: check.bindPort }),
  }
}

/** '192.0.2.10:80/health at 192.0.2.21' */
export function targetText(check: Check, place: Place): string {
  if (check.kind === 'script') return check.command[0]
  const through = isThroughVip(check, place)
  const address = (through ? place.vip : check.address) ?? place.real
  const end = check.kind === 'icmp' ? address : endpointText(address, check.port ?? place.port)
  return `${end}${askedText(check)}${through ? ` at ${place.real}` : ''}`
}

function askedText(check: Check): string {
  if (check.kind === 'http' || check.kind === 'https') return check.asks[0]?.path ?? ''
  if (check.kind === 'dns') return ` ${check.type} ${check.name}`
  return check.kind === 'grpc' && check.service !== '' ? ` ${check.service}` : ''
}
