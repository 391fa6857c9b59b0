// SPDX-License-Identifier: Apache-2.0
// Are the real servers reached? The daemon knows which next hops are resolved, the neighbour table whose MACs they are.
import type { RealRow } from '../api/contract.js'
import type { AddressText } from '../model/types.js'
import type { Facts } from './facts.js'
import { type Finding, shellWord } from './finding.js'

export function judgeNexthops(facts: Facts): readonly Finding[] {
  return [...reached(facts), ...loops(facts)]
}

function reached({ daemon, words }: Facts): readonly Finding[] {
  if (daemon.state !== 'answers' || daemon.reals.length === 0) return []
  const lost = new Map<AddressText, RealRow[]>()
  for (const row of daemon.reals)
    if (row.nexthop.state === 'unresolved') lost.set(row.address, [...(lost.get(row.address) ?? []), row])
  if (lost.size === 0) return [{ check: 'nexthop', level: 'green', says: 'every real server is reached' }]
  return [...lost].map(([address, rows]) => unreached(address, rows, words.ask))
}

/** With weight 0 nobody new is sent there. */
function unreached(address: AddressText, rows: readonly RealRow[], ask: string): Finding {
  const about = { check: 'nexthop', subject: address } as const
  const why = rows[0]?.nexthop.why ?? 'its MAC is not known'
  const used = rows.filter(({ effectiveWeight }) => effectiveWeight > 0)
  if (used.length === 0)
    return { ...about, level: 'yellow', says: `is not reached, and has weight 0: ${why}` }
  return {
    ...about,
    level: 'red',
    says: `is not reached, and what is sent to it is dropped: ${why}`,
    fix: used
      .map(({ service, real }) => {
        const name = real.slice(real.indexOf(' > ') + ' > '.length)
        return `xlvs set real ${shellWord(service)} ${shellWord(name)} --weight 0${ask}`
      })
      .join(' && '),
    advice: 'the command takes it out; once it answers again, give it its weight back',
  }
}

/** A real server under the director's own MAC: proxy ARP or a wrong entry sends packets in a circle. */
function loops({ kernel, desired }: Facts): readonly Finding[] {
  if (desired === undefined) return []
  const own = new Map(kernel.devices.map(({ mac, name }) => [mac, name]))
  const reals = new Set(desired.services.flatMap((service) => service.reals.map(({ address }) => address)))
  return kernel.neighbours.flatMap(({ address, mac, ifindex }) => {
    const device = kernel.devices.find(({ index }) => index === ifindex)
    if (mac === undefined || device === undefined || !reals.has(address) || !own.has(mac)) return []
    return {
      check: 'neighbour',
      level: 'red',
      subject: address,
      says: `has the director's own MAC address ${mac} (${own.get(mac)}), so its packets come back`,
      fix: `ip neigh del ${address} dev ${device.name}`,
    }
  })
}
