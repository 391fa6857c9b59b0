// SPDX-License-Identifier: Apache-2.0
// ARP silence: nobody is told that this host has a VIP. The kernel uses the greater of the value for all interfaces
// and the interface's own (IN_DEV_MAXCONF). Pure.
import { addressToBytes, familyOf, prefixToMask } from '../abi/address.js'
import type { AddressText } from '../model/types.js'
import { arpTableText } from './nft.js'
import type { Address, ArpRule, Facts, Finding, Link, Wish } from './types.js'

type Name = 'arp_ignore' | 'arp_announce'

/** What each setting has to be, and what comes of others. */
const RULES: readonly {
  readonly name: Name
  /** whose rules do the same */
  readonly hook: ArpRule['hook']
  readonly want: number
  readonly right: (value: number) => boolean
  readonly harm: string
}[] = [
  {
    name: 'arp_ignore',
    hook: 'input',
    want: 1,
    // 3 answers for addresses of global scope, 4 to 7 are as 0, 8 does not answer the director either
    right: (value) => value === 1 || value === 2,
    harm: 'answer ARP for an address on lo',
  },
  {
    name: 'arp_announce',
    hook: 'output',
    want: 2,
    right: (value) => value >= 2,
    harm: 'ask with the VIP as sender, and neighbours learn it',
  },
]

export function arpFindings(wish: Wish, facts: Facts): readonly Finding[] {
  if (!wish.vips.some((vip) => familyOf(vip) === 4)) return []
  const speaking = facts.links.filter((link) => link.answers)
  if (wish.arp === 'arptables') return ruleFindings(wish, facts, speaking)
  return RULES.flatMap((rule) => {
    if (wish.arp === undefined && speaking.length > 0 && speaking.every(isSilenced(rule.hook, wish, facts)))
      return [{ verdict: 'right', text: `rules of arp tables do what ${rule.name} would`, steps: [] }]
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

function ruleFindings(wish: Wish, facts: Facts, speaking: readonly Link[]): readonly Finding[] {
  const keepRules = arpTableText(wish.vips, speaking)
  const silent = (hook: ArpRule['hook']) => isSilenced(hook, wish, facts)
  const loud = speaking.filter((link) => !silent('input')(link) || !silent('output')(link))
  if (loud.length === 0)
    return [{ verdict: 'right', text: 'rules of arp tables keep the VIPs silent', steps: [], keepRules }]
  const text = `no rule of arp tables keeps ${loud.map(({ name }) => name).join(', ')} silent about the VIPs`
  if (!facts.nft) {
    const fix = 'run it as root, with nftables installed; or use --arp sysctl'
    return [{ verdict: 'wrong', text: `${text}, as far as can be seen: nft lists none`, steps: [], fix }]
  }
  const step = { kind: 'rules', text: keepRules, was: facts.arpTable ?? null } as const
  return [{ verdict: 'wrong', text, steps: [step], keepRules }]
}

/** Rules say nothing of any VIP there. */
function isSilenced(hook: ArpRule['hook'], { vips }: Wish, { arpRules }: Facts): (link: Link) => boolean {
  const four = vips.filter((vip) => familyOf(vip) === 4)
  return ({ name }) => {
    const there = arpRules.filter((rule) => rule.hook === hook && (rule.device ?? name) === name)
    return four.every((vip) => there.some(({ networks }) => networks.some((one) => isWithin(vip, one))))
  }
}

export function isWithin(
  vip: AddressText,
  { address, prefix }: Pick<Address, 'address' | 'prefix'>,
): boolean {
  const [mask, a, b] = [prefixToMask(prefix), addressToBytes(vip), addressToBytes(address)]
  return mask.every((byte, i) => (byte & (a[i] ?? 0)) === (byte & (b[i] ?? 0)))
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
