// SPDX-License-Identifier: Apache-2.0
// Hosts for the judgement: an ordinary one with eth0 and a default route, and changes to it.
import { judge } from '../../../src/realserver/judge.js'
import type { Address, Facts, Finding, Link, Wish } from '../../../src/realserver/types.js'

export const VIP = '192.0.2.10'
export const VIP6 = '2001:db8::10'
export const WISH: Wish = { vips: [VIP, VIP6], home: 'lo', from: [], keeper: 'none', root: '' }

export function address(text: string, more: Partial<Address> = {}): Address {
  return { address: text, prefix: text.includes(':') ? 128 : 32, dadFailed: false, tentative: false, ...more }
}

export function link(name: string, addresses: readonly Address[] = [], more: Partial<Link> = {}): Link {
  return { name, up: true, answers: name !== 'lo', addresses, ...more }
}

export const ETH0 = link('eth0', [
  address('192.0.2.21', { prefix: 24 }),
  address('2001:db8::21', { prefix: 64 }),
])
export const LO = link('lo', [address('127.0.0.1', { prefix: 8 }), address('::1')])
export const LO_WITH_VIPS = link('lo', [...LO.addresses, address(VIP), address(VIP6)])

/** 'all.arp_ignore' -> value */
export function settings(values: Readonly<Record<string, number>>): ReadonlyMap<string, number> {
  return new Map(
    Object.entries(values).map(([name, value]) => {
      const cut = name.lastIndexOf('.')
      return [`net/ipv4/conf/${name.slice(0, cut)}/${name.slice(cut + 1)}`, value]
    }),
  )
}

export const SILENT = {
  'all.arp_ignore': 1,
  'all.arp_announce': 2,
  'eth0.arp_ignore': 1,
  'eth0.arp_announce': 2,
}

export function facts(more: Partial<Facts> = {}): Facts {
  return {
    links: [LO, ETH0],
    settings: new Map(),
    defaults: ['eth0'],
    proxies: [],
    arpRules: [],
    nft: true,
    signs: new Set(),
    files: new Map(),
    ...more,
  }
}

/** A host that is right, but for what is given and for files. */
export function rightBut(more: Partial<Facts>): Facts {
  return facts({ links: [LO_WITH_VIPS, ETH0], settings: settings(SILENT), ...more })
}

/** What is not right, files left aside. */
export function faults(given: Facts, wish: Wish = WISH): readonly Finding[] {
  return judge(wish, given).filter(
    ({ verdict, text }) => verdict !== 'right' && !/^\/|neither systemd/.test(text),
  )
}
