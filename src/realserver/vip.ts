// SPDX-License-Identifier: Apache-2.0
// The VIPs are addresses of this host, on an interface that says nothing about them. Pure.
import { familyOf } from '../abi/address.js'
import type { AddressText } from '../model/types.js'
import type { Address, Facts, Finding, Home, Link, Step, Wish } from './types.js'

/** The name of the dummy interface that is made. */
export const DUMMY = 'xlvs-vip'

export function deviceOf(home: Home): string {
  return home === 'lo' ? 'lo' : DUMMY
}

/** A prefix makes every address in it this host's own when it is on lo. */
export function prefixOf(address: AddressText): number {
  return familyOf(address) === 4 ? 32 : 128
}

export function vipFindings(wish: Wish, facts: Facts): readonly Finding[] {
  return [
    ...homeFindings(wish, facts),
    ...wish.vips.flatMap((vip) => {
      const places = facts.links.flatMap((link) =>
        link.addresses.filter(({ address }) => address === vip).map((held) => ({ link, held })),
      )
      const found = places.map(({ link, held }) => heldFinding(link, held))
      const quiet = places.some(({ link }) => !link.answers)
      return [...(quiet ? found : [...found, missing(vip, wish)]), ...proxyFindings(vip, facts)]
    }),
  ]
}

/** The interface that gets the VIPs is there and up; nothing to say when all of them are elsewhere already. */
function homeFindings({ home, vips }: Wish, { links, settings }: Facts): readonly Finding[] {
  const name = deviceOf(home)
  const link = links.find((one) => one.name === name)
  const quiet = links.filter(({ answers }) => !answers).flatMap(({ addresses }) => addresses)
  const lacking = vips.filter((vip) => !quiet.some(({ address }) => address === vip))
  if (lacking.length === 0) return []
  if (link === undefined)
    return [{ verdict: 'wrong', text: `there is no interface ${name}`, steps: [{ kind: 'dummy', name }] }]
  const off = `net.ipv6.conf.${name}.disable_ipv6`
  return [
    ...(link.up ? [] : [wrong(`${name} is down`, `ip link set dev ${name} up`)]),
    ...(lacking.some((vip) => familyOf(vip) === 6) && settings.get(off.replaceAll('.', '/')) === 1
      ? [wrong(`${off} is 1: ${name} takes no IPv6 address`, `sysctl -w ${off}=0`)]
      : []),
  ]
}

function missing(vip: AddressText, { home }: Wish): Finding {
  const step: Step = { kind: 'address', address: vip, prefix: prefixOf(vip), device: deviceOf(home) }
  return { verdict: 'wrong', text: `${vip} is not on ${step.device}: its packets are dropped`, steps: [step] }
}

function heldFinding({ name, up, answers }: Link, held: Address): Finding {
  const { address, prefix, dadFailed, tentative } = held
  const family = familyOf(address)
  const away = `ip address delete ${address}/${prefix} dev ${name}`
  const again = `${away} && ip address add ${address}/${prefixOf(address)} dev ${name}${family === 6 ? ' nodad' : ''}`
  if (answers) {
    const how = family === 4 ? 'ARP' : 'neighbour discovery'
    const own = prefix === prefixOf(address) ? '' : " (or is it this host's own address?)"
    return wrong(
      `${address} is on ${name}, which answers ${how} for it, as only the director may${own}`,
      away,
    )
  }
  if (prefix !== prefixOf(address))
    return wrong(`${address} is on ${name} as /${prefix}: its whole network is taken for this host`, again)
  if (dadFailed) return wrong(`${address} on ${name} is not used: dadfailed, another host has it`, again)
  if (tentative)
    return wrong(`${address} on ${name} is tentative: duplicate address detection is not over`, again)
  if (!up) return wrong(`${address} is on ${name}, which is down`, `ip link set dev ${name} up`)
  return { verdict: 'right', text: `${address} is on ${name}`, steps: [] }
}

/** The kernel answers solicitations for these although the address is on lo; its IPv4 has no such rule for own addresses. */
function proxyFindings(vip: AddressText, { proxies }: Facts): readonly Finding[] {
  return proxies
    .filter(({ address }) => address === vip)
    .map(({ device }) =>
      wrong(
        `${device} answers neighbour discovery for ${vip} by proxy`,
        `ip -6 neigh delete proxy ${vip} dev ${device}`,
      ),
    )
}

function wrong(text: string, fix: string): Finding {
  return { verdict: 'wrong', text, fix, steps: [] }
}
