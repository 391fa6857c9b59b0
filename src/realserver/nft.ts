// SPDX-License-Identifier: Apache-2.0
// Rules of nftables' arp family, read from `nft -j list ruleset` and written for `nft -f`. arptables of today writes such
// rules too. Only what is wholly understood counts as silence. Pure.
import { familyOf } from '../abi/address.js'
import type { AddressText } from '../model/types.js'
import type { ArpRule, Link } from './types.js'

export const ARP_TABLE = 'xlvs_vip'

type Json = Readonly<Record<string, unknown>>
type Network = ArpRule['networks'][number]

interface Chain {
  readonly table: string
  readonly name: string
  readonly hook?: string
}

/** What is not of this family or does not silence is left out. */
export function readArpRules(json: string): readonly ArpRule[] {
  const { nftables = [] } = JSON.parse(json.trim() || '{}') as { readonly nftables?: readonly Json[] }
  const of = <T>(kind: string): readonly T[] =>
    nftables.flatMap((one) => {
      const found = one[kind] as (T & { readonly family: string }) | undefined
      return found?.family === 'arp' ? [found] : []
    })
  const sets = of<{ table: string; name: string; elem?: readonly unknown[] }>('set')
  return of<Chain>('chain').flatMap(({ table, name, hook }) => {
    if (hook !== 'input' && hook !== 'output') return []
    const own = sets.filter((set) => set.table === table)
    const named = new Map(own.map((set) => [`@${set.name}`, { set: set.elem ?? [] }]))
    const rules = of<{ table: string; chain: string; expr: readonly Json[] }>('rule')
    const inChain = rules.filter((rule) => rule.table === table && rule.chain === name)
    // what is accepted before is not kept silent after
    const letting = inChain.findIndex(({ expr }) => expr.some((one) => LETTING.some((word) => word in one)))
    return inChain
      .slice(0, letting === -1 ? undefined : letting)
      .flatMap(({ expr }) => silencing(hook, expr, named) ?? [])
  })
}

const LETTING = ['accept', 'jump', 'goto', 'return', 'vmap', 'queue']
/** They hold of every ARP packet that asks for an IPv4 address on Ethernet. */
const ALWAYS: Readonly<Record<string, readonly unknown[]>> = {
  htype: [1],
  ptype: [0x0800, 'ip'],
  hlen: [6],
  plen: [4],
}
const SIDE = {
  input: { address: 'daddr ip', device: 'iifname' },
  output: { address: 'saddr ip', device: 'oifname' },
} as const

function silencing(
  hook: ArpRule['hook'],
  expr: readonly Json[],
  named: ReadonlyMap<string, unknown>,
): ArpRule | undefined {
  const side = SIDE[hook]
  let [networks, device, silent]: [readonly Network[], string | undefined, boolean] = [[], undefined, false]
  for (const one of expr) {
    const match = one['match'] as { op: string; left: Json; right: unknown } | undefined
    if ('counter' in one || 'log' in one || 'comment' in one) continue
    if (match === undefined) {
      silent = 'drop' in one || (hook === 'output' && isOtherSender(one))
      if (!silent) return undefined
      break
    }
    const field = (match.left['payload'] as Json | undefined)?.['field'] as string | undefined
    const meta = (match.left['meta'] as Json | undefined)?.['key']
    if (match.op !== '==') return undefined
    if (field === side.address) networks = networksOf(named.get(`${match.right}`) ?? match.right)
    else if (meta === side.device && typeof match.right === 'string') device = match.right
    else if (field === 'operation' && hook === 'input' && match.right === 'request') continue
    else if (!(field !== undefined && ALWAYS[field]?.includes(match.right))) return undefined
  }
  if (!silent || networks.length === 0) return undefined
  return { hook, networks, ...(device !== undefined && { device }) }
}

/** arptables' own mangle does not show its address here. */
function isOtherSender(one: Json): boolean {
  const { key } = (one['mangle'] ?? {}) as { readonly key?: { readonly payload?: Json } }
  return key?.payload?.['field'] === 'saddr ip' || (one['xt'] as Json | undefined)?.['name'] === 'mangle'
}

function networksOf(right: unknown): readonly Network[] {
  if (typeof right === 'string') return [{ address: right, prefix: 32 }]
  const { prefix, set } = (right ?? {}) as {
    readonly prefix?: { readonly addr: AddressText; readonly len: number }
    readonly set?: readonly unknown[]
  }
  if (prefix !== undefined) return [{ address: prefix.addr, prefix: prefix.len }]
  return (set ?? []).flatMap(networksOf)
}

/** Our table in the place of what it was. What is asked in a VIP's name is asked in the interface's own. */
export function arpTableText(vips: readonly AddressText[], links: readonly Link[]): string {
  const four = vips.filter((vip) => familyOf(vip) === 4)
  const senders = links.flatMap(({ name, addresses }) => {
    const own = addresses.find(({ address }) => familyOf(address) === 4 && !vips.includes(address))
    return own === undefined
      ? []
      : [`\t\toifname "${name}" arp saddr ip @vips arp saddr ip set ${own.address}\n`]
  })
  return replacing(`table arp ${ARP_TABLE} {
\tset vips {
\t\ttype ipv4_addr
\t\telements = { ${four.join(', ')} }
\t}

\tchain input {
\t\ttype filter hook input priority 0; policy accept;
\t\tarp daddr ip @vips drop
\t}

\tchain output {
\t\ttype filter hook output priority 0; policy accept;
${senders.join('')}\t\tarp saddr ip @vips drop
\t}
}
`)
}

/** Whatever was there before, all at once. */
export function replacing(table: string): string {
  return `table arp ${ARP_TABLE}\ndelete table arp ${ARP_TABLE}\n${table}`
}
