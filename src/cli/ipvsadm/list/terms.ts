// SPDX-License-Identifier: Apache-2.0
// What a service does, as -L tells it ('rr persistent 360 mask 255.255.0.0') and as -S saves it ('-s rr -p 360'). Pure.
import { formatAddress, maskBytes } from '../../../abi/address.js'
import type { ServiceRow } from '../../../api/contract.js'
import type { Persistence } from '../../../model/types.js'
import { WHOLE_IPV4 } from '../draft.js'
import { writeFlags } from '../sched-flags.js'

export function listedTerms(row: ServiceRow): string {
  const { scheduler, flags = [], persistence, onePacket } = row
  return [
    scheduler,
    ...(flags.length === 0 ? [] : [`(${writeFlags(flags, scheduler)})`]),
    ...words('persistent', 'mask', persistence, isIPv6(row)),
    ...(onePacket === true ? ['ops'] : []),
  ].join(' ')
}

export function savedTerms(row: ServiceRow): string {
  const { scheduler, flags = [], persistence, onePacket } = row
  return [
    `-s ${scheduler}`,
    ...words('-p', '-M', persistence, isIPv6(row)),
    ...(onePacket === true ? ['-o'] : []),
    ...(flags.length === 0 ? [] : [`-b ${writeFlags(flags, scheduler)}`]),
  ].join(' ')
}

function words(
  persistent: string,
  mask: string,
  persistence: Persistence | undefined,
  ipv6: boolean,
): readonly string[] {
  if (persistence === undefined) return []
  const net = ipv6 ? String(persistence.prefix) : dotted(persistence)
  const whole = net === (ipv6 ? '128' : WHOLE_IPV4)
  return [`${persistent} ${persistence.timeout}`, ...(whole ? [] : [`${mask} ${net}`])]
}

function isIPv6({ match }: ServiceRow): boolean {
  return match.mark === undefined ? match.vip.includes(':') : match.family === 6
}

function dotted(persistence: Persistence): string {
  return persistence.mask ?? formatAddress(maskBytes(persistence), 4)
}
