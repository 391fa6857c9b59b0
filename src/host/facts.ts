// SPDX-License-Identifier: Apache-2.0
// Reads from a host what the judgement of a real server needs.
import { canonicalAddress } from '../abi/address.js'
import { settingKey } from '../realserver/arp.js'
import { ALL_SIGNS, NETWORKD_FOLDER, pathsOf } from '../realserver/keep.js'
import { ARP_TABLE, readArpRules } from '../realserver/nft.js'
import type { Address, Facts, Link, Wish } from '../realserver/types.js'
import { deviceOf } from '../realserver/vip.js'
import type { Host } from './host.js'

export function readFacts(host: Host, wish: Wish): Facts {
  const links = linksOf(host)
  const loNetwork = loNetworkOf(host, wish.root)
  const paths = pathsOf(wish, wish.home === 'lo' ? loNetwork : undefined)
  return {
    links,
    settings: settingsOf(host, links, wish),
    defaults: defaultsOf(host),
    proxies: proxiesOf(host),
    ...arpOf(host),
    signs: new Set(ALL_SIGNS.filter((sign) => host.exists(wish.root + sign))),
    files: new Map(
      paths.flatMap((path) => {
        const text = host.read(path)
        return text === undefined ? [] : [[path, text] as const]
      }),
    ),
    ...(loNetwork !== undefined && { loNetwork }),
  }
}

interface ShownLink {
  readonly ifname: string
  readonly flags: readonly string[]
  readonly addr_info: readonly {
    readonly local?: string
    readonly prefixlen?: number
    readonly dadfailed?: boolean
    readonly tentative?: boolean
  }[]
}

function linksOf(host: Host): readonly Link[] {
  const shown = listed<ShownLink>(host, ['-json', 'address', 'show'])
  return shown.map(({ ifname, flags, addr_info }) => ({
    name: ifname,
    up: flags.includes('UP'),
    answers: !flags.includes('LOOPBACK') && !flags.includes('NOARP'),
    addresses: addr_info.flatMap(
      ({ local, prefixlen = 0, dadfailed = false, tentative = false }): Address[] =>
        local === undefined
          ? []
          : [
              {
                address: canonicalAddress(local) ?? local,
                prefix: prefixlen,
                dadFailed: dadfailed,
                tentative,
              },
            ],
    ),
  }))
}

function settingsOf(host: Host, links: readonly Link[], { home }: Wish): ReadonlyMap<string, number> {
  const keys = ['all', ...links.map(({ name }) => name)].flatMap((place) =>
    ['arp_ignore', 'arp_announce', 'rp_filter'].map((name) => settingKey(place, name)),
  )
  const off = `net/ipv6/conf/${deviceOf(home)}/disable_ipv6`
  return new Map(
    [...keys, off].flatMap((key) => {
      const value = host.setting(key)
      return value === undefined ? [] : [[key, value] as const]
    }),
  )
}

interface ShownRoute {
  readonly dev?: string
  readonly nexthops?: readonly { readonly dev?: string }[]
}

function defaultsOf(host: Host): readonly string[] {
  const routes = listed<ShownRoute>(host, ['-json', '-4', 'route', 'show', 'default'])
  const devices = routes.flatMap(({ dev, nexthops = [] }) => [dev, ...nexthops.map((hop) => hop.dev)])
  return [...new Set(devices.filter((dev) => dev !== undefined))]
}

function proxiesOf(host: Host): Facts['proxies'] {
  const shown = listed<{ dst?: string; dev?: string }>(host, ['-json', '-6', 'neigh', 'show', 'proxy'])
  return shown.flatMap(({ dst, dev }) =>
    dst === undefined || dev === undefined ? [] : [{ address: canonicalAddress(dst) ?? dst, device: dev }],
  )
}

/** Only root may list rules; a kernel without them refuses. */
function arpOf(host: Host): Pick<Facts, 'arpRules' | 'arpTable' | 'nft'> {
  try {
    const json = host.privileged ? host.nft(['-j', 'list', 'ruleset', 'arp']) : undefined
    if (json === undefined) return { arpRules: [], nft: false }
    const ours = host.nft(['list', 'tables', 'arp'])?.split('\n').includes(`table arp ${ARP_TABLE}`)
    const table = ours ? host.nft(['list', 'table', 'arp', ARP_TABLE]) : undefined
    return { arpRules: readArpRules(json), nft: true, ...(table !== undefined && { arpTable: table }) }
  } catch {
    return { arpRules: [], nft: false }
  }
}

/** The ip command writes nothing at all for some empty lists. */
function listed<Row>(host: Host, words: readonly string[]): readonly Row[] {
  return JSON.parse(host.ip(words).trim() || '[]') as Row[]
}

/** The file in /etc/systemd/network that is for lo alone and not ours; a drop-in of one for more would put VIPs on those. */
function loNetworkOf(host: Host, root: string): string | undefined {
  const folder = root + NETWORKD_FOLDER
  const names = host.list(folder).filter((name) => /^(?!05-xlvs-).*\.network$/.test(name))
  const found = names.sort().find((name) => /^Name=lo\s*$/m.test(host.read(`${folder}/${name}`) ?? ''))
  return found
}
