// SPDX-License-Identifier: Apache-2.0
// ARP silence: nobody is told that this host has a VIP. The kernel uses the greater of the value for all interfaces
// and the interface's own (IN_DEV_MAXCONF). Pure.
import { familyOf } from '../abi/address.js'
import type { Facts, Finding, Link, Wish } from './types.js'

type Name = 'arp_ignore' | 'arp_announce'

/** What each setting has to be, and what comes of others. */
const RULES: readonly {
  readonly name: Name
  readonly want: number
  readonly right: (value: number) => boolean
  readonly harm: string
}[] = [
  {
    name: 'arp_ignore',
    want: 1,
    // 3 answers for addresses of global scope, 4 to 7 are as 0, 8 does not answer the director either
    right: (value) => value === 1 || value === 2,
    harm: 'answer ARP for an address on lo',
  },
  {
    name: 'arp_announce',
    want: 2,
    right: (value) => value >= 2,
    harm: 'ask with the VIP as sender, and neighbours learn it',
  },
]

export function arpFindings(wish: Wish, facts: Facts): readonly Finding[] {
  if (!wish.vips.some((vip) => familyOf(vip) === 4)) return []
  const speaking = facts.links.filter((link) => link.answers)
  return RULES.flatMap((rule) => {
    const value = (place: string) => facts.settings.get(settingKey(place, rule.name)) ?? 0
    const effective = ({ name }: Link) => Math.max(value('all'), value(name))
    const loud = speaking.filter((link) => !rule.right(effective(link)))
    const loudAt = (place: string) => (place === 'all' ? loud.map(({ name }) => name).join(', ') : place)
    const judge = (place: string, bad: boolean): Finding => {
      const [key, was] = [settingKey(place, rule.name), value(place)]
      if (rule.right(was))
        return { verdict: 'right', text: `${dotted(key)} is ${was}`, steps: [], keep: { key, value: was } }
      const keep = { key, value: rule.want }
      const steps = [{ kind: 'setting', ...keep, was }] as const
      const text = bad
        ? `${dotted(key)} is ${was}: ${loudAt(place)} may ${rule.harm}`
        : `${dotted(key)} is ${was}: silence hangs on other settings alone`
      return { verdict: bad ? 'wrong' : 'weak', text, steps, keep }
    }
    return [
      judge('all', loud.length > 0),
      ...speaking.filter(own).map((link) => judge(link.name, loud.includes(link))),
    ]

    /** A host may have hundreds of interfaces for containers; the value for all is enough for them unless their own is worse. */
    function own(link: Link): boolean {
      return ipv4Of(link).length > 0 || (value(link.name) !== 0 && !rule.right(value(link.name)))
    }
  })
}

export function settingKey(place: string, name: string): string {
  return `net/ipv4/conf/${place}/${name}`
}

/** As sysctl takes it: with dots, unless a dot belongs to an interface's name. */
export function dotted(key: string): string {
  return key.includes('.') ? key : key.replaceAll('/', '.')
}

export function ipv4Of(link: Link) {
  return link.addresses.filter(({ address }) => familyOf(address) === 4)
}
