// SPDX-License-Identifier: Apache-2.0
// Do packets for the VIPs find their way here, and only here? Somebody has to answer ARP and neighbour discovery.
import { familyOf } from '../abi/address.js'
import { covers } from '../datapath/hop-events.js'
import type { Device } from '../datapath/inspect.js'
import type { AddressText, MacText } from '../model/types.js'
import type { Facts } from './facts.js'
import type { Finding } from './finding.js'

export function judgeVips(facts: Facts): readonly Finding[] {
  return facts.vips.flatMap((vip) => [here(facts, vip), ...elsewhere(facts, vip)])
}

function here(facts: Facts, vip: AddressText): Finding {
  const { kernel, proxied } = facts
  const about = { check: 'vip', subject: vip } as const
  if (kernel.local.includes(vip)) return answered(facts, vip)
  if (proxied.includes(vip)) return { ...about, level: 'green', says: 'is answered for by proxy' }
  const link = linkOf(facts, vip)
  if (link === undefined)
    return {
      ...about,
      level: 'yellow',
      says: 'is not an address of this machine, nor on one of its links: a router has to send it here',
      advice: 'nothing, if a route to it leads here',
    }
  return {
    ...about,
    level: 'red',
    says: `is not an address of this machine, so nobody here answers ${question(vip)} for it on ${link.name}`,
    fix: vip.includes(':')
      ? `ip address add ${vip}/128 dev ${link.name} nodad`
      : `ip address add ${vip}/32 dev ${link.name}`,
  }
}

/**
 * arp_ignore 1 and 2 answer for the interface's own addresses only, 8 for none (ip-sysctl). One interface that answers
 * is enough: clients may be on its side alone.
 */
function answered({ kernel, interfaces }: Facts, vip: AddressText): Finding {
  const about = { check: 'vip', subject: vip } as const
  const holders = kernel.addresses.filter(({ address }) => address === vip).map(({ ifindex }) => ifindex)
  const silent = interfaces.filter(({ device, arpIgnore }) => {
    if (vip.includes(':') || device === undefined || arpIgnore === 0) return false
    return arpIgnore === 8 || ((arpIgnore === 1 || arpIgnore === 2) && !holders.includes(device.index))
  })
  if (silent.length === 0 || silent.length < interfaces.length)
    return { ...about, level: 'green', says: 'is an address of this machine' }
  const names = silent.map(({ name }) => name)
  const keys = ['all', ...names].map((name) => `net/ipv4/conf/${name}/arp_ignore=0`)
  return {
    ...about,
    level: 'red',
    says: `is an address of this machine, and arp_ignore forbids to answer for it on ${names.join(', ')}`,
    fix: `sysctl -w ${keys.join(' ')}`,
  }
}

/** A real server that answers for the VIP takes the packets away from the director. */
function elsewhere({ kernel, arp }: Facts, vip: AddressText): readonly Finding[] {
  const about = { check: 'arp', subject: vip } as const
  const own = new Set(kernel.devices.map(({ mac }) => mac))
  const known = kernel.neighbours.filter(({ address }) => address === vip).map(({ mac }) => mac)
  const asked = (arp ?? []).filter((answer) => answer.vip === vip)
  const macs = [...known, ...asked.flatMap((answer) => answer.macs)].filter(
    (mac): mac is MacText => mac !== undefined && !own.has(mac),
  )
  if (macs.length > 0)
    return [
      {
        ...about,
        level: 'red',
        says: `somebody else answers ${question(vip)} for it: ${[...new Set(macs)].join(', ')}`,
        advice: vip.includes(':')
          ? `there: ip address replace ${vip}/128 dev lo nodad`
          : 'there: sysctl -w net.ipv4.conf.all.arp_ignore=1 net.ipv4.conf.all.arp_announce=2, the VIP on lo',
      },
    ]
  if (asked.length > 0) return [{ ...about, level: 'green', says: 'nobody else answers ARP for it' }]
  if (arp !== undefined || vip.includes(':')) return []
  const says = 'whether somebody else answers ARP for it is not checked: there is no arping of iputils'
  return [{ ...about, level: 'green', says }]
}

/** The interface of the director whose link a VIP is on. */
function linkOf({ kernel, interfaces }: Facts, vip: AddressText): Device | undefined {
  return interfaces
    .flatMap(({ device }) => (device ? [device] : []))
    .find((device) =>
      kernel.addresses.some(
        ({ ifindex, address, prefix }) =>
          ifindex === device.index &&
          covers({ family: familyOf(address), destination: address, prefix }, vip),
      ),
    )
}

function question(vip: AddressText): string {
  return vip.includes(':') ? 'neighbour solicitations' : 'ARP'
}
