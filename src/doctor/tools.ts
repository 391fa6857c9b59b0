// SPDX-License-Identifier: Apache-2.0
// What ethtool, ip and arping print, as facts. Pure.
import { canonicalAddress, canonicalMac } from '../abi/address.js'
import type { AddressText, MacText } from '../model/types.js'
import type { Channels, Offload } from './facts.js'

/** `ethtool -k`: 'large-receive-offload: off [fixed]'. */
export function readOffloads(text: string): ReadonlyMap<string, Offload> {
  const lines = text.matchAll(/^\s*([\w-]+): (on|off)( \[fixed\])?/gm)
  return new Map(
    [...lines].map(([, name, state, fixed]) => [
      `${name}`,
      { on: state === 'on', fixed: fixed !== undefined },
    ]),
  )
}

/** `ethtool -l`: the maximums first, then what is set; a driver has combined queues or separate ones. */
export function readChannels(text: string): Channels | undefined {
  const [most = '', now = ''] = text.split(/^Current hardware settings:/m)
  for (const [kind, title] of [
    ['combined', 'Combined'],
    ['rx', 'RX'],
  ] as const) {
    const [has, can] = [now, most].map((part) =>
      Number(new RegExp(`^${title}:\\s+(\\d+)`, 'm').exec(part)?.[1] ?? 0),
    )
    if (has && can) return { kind, now: has, most: can }
  }
  return undefined
}

/** `ip neigh show proxy`: '192.0.2.10 dev eth0 proxy'. */
export function readProxied(text: string): readonly AddressText[] {
  return text.split('\n').flatMap((line) => canonicalAddress(line.split(' ')[0] ?? '') ?? [])
}

/**
 * Who answered iputils' `arping -D`: 'reply from A [MAC]'. It asks from 0.0.0.0, because who has the VIP himself answers
 * nothing that comes from it. Another arping takes -D for something else: undefined.
 */
export function readArping(text: string): readonly MacText[] | undefined {
  if (!/^ARPING \S+ from 0\.0\.0\.0 /m.test(text)) return undefined
  const macs = [...text.matchAll(/ reply from \S+ \[([\da-f:]+)\]/gi)].flatMap(
    ([, mac]) => canonicalMac(`${mac}`) ?? [],
  )
  return [...new Set(macs)]
}
