// SPDX-License-Identifier: Apache-2.0
// What has to stand in files so that a boot finds the host as it is now: settings in sysctl.d, addresses with whoever
// gives this host its addresses. Pure.
import { familyOf } from '../abi/address.js'
import { dotted } from './arp.js'
import type { Facts, Finding, Keeper, Wish } from './types.js'
import { DUMMY, deviceOf, prefixOf } from './vip.js'

/** Any of a keeper's signs tells that it is in use. The first keeper that is in use is taken. */
const SIGNS: Readonly<Record<Exclude<Keeper, 'none'>, readonly string[]>> = {
  networkd: ['/etc/systemd/system/multi-user.target.wants/systemd-networkd.service', '/run/systemd/netif'],
  NetworkManager: [
    '/etc/systemd/system/multi-user.target.wants/NetworkManager.service',
    '/run/NetworkManager',
  ],
  ifupdown: ['/etc/network/interfaces'],
}

const KEEPERS = Object.keys(SIGNS) as (keyof typeof SIGNS)[]

export const ALL_SIGNS: readonly string[] = Object.values(SIGNS).flat()
export const NETWORKD_FOLDER = '/etc/systemd/network'
const INTERFACES = '/etc/network/interfaces'
const RULES = '/etc/xlvs/arp.nft'
/** It runs before there is a network, and needs not be enabled. */
const RULES_AT_BOOT = '/etc/systemd/system/systemd-sysctl.service.d/xlvs-arp.conf'
const HEAD = '# Made by `xlvs realserver setup --apply`; --undo removes it.\n'

interface File {
  readonly path: string
  readonly text: string
  readonly mode: number
}

export function keeperOf({ keeper }: Wish, { signs }: Facts): Keeper {
  return keeper ?? KEEPERS.find((name) => SIGNS[name].some((sign) => signs.has(sign))) ?? 'none'
}

/** Every path that may have to be looked at, with the root. */
export function pathsOf({ root }: Wish, loNetwork: string | undefined): readonly string[] {
  return [
    '/etc/sysctl.d/99-xlvs-realserver.conf',
    RULES,
    RULES_AT_BOOT,
    networkPath(loNetwork),
    `${NETWORKD_FOLDER}/05-xlvs-vip.netdev`,
    '/etc/NetworkManager/system-connections/xlvs-vip.nmconnection',
    '/etc/network/interfaces.d/xlvs-vip',
    INTERFACES,
  ].map((path) => root + path)
}

export function keepFindings(wish: Wish, facts: Facts, settled: readonly Finding[]): readonly Finding[] {
  const keeper = keeperOf(wish, facts)
  const files = [...settingsFile(settled), ...rulesFiles(settled), ...addressFiles(wish, facts, keeper)]
  return [
    ...files.map((file) => fileFinding({ ...file, path: wish.root + file.path }, facts)),
    ...(keeper === 'none' ? [unkept] : []),
    ...(keeper === 'ifupdown' ? sourced(wish, facts) : []),
  ]
}

const unkept: Finding = {
  verdict: 'weak',
  text: 'neither systemd-networkd, NetworkManager nor ifupdown is in use: after a boot the VIPs are gone',
  fix: 'name one with --keeper, or run `xlvs realserver setup --apply` at boot',
  steps: [],
}

function fileFinding({ path, text, mode }: File, { files }: Facts): Finding {
  const was = files.get(path)
  if (was === text) return { verdict: 'right', text: `${path} is as it should be`, steps: [] }
  const why = was === undefined ? 'is not there' : 'says something else'
  return {
    verdict: 'weak',
    text: `${path} ${why}: the next boot does not keep this`,
    steps: [{ kind: 'file', path, text, mode, was: was ?? null }],
  }
}

/** Nothing is kept that is not wanted; read after 99-sysctl.conf, which distributions link to /etc/sysctl.conf. */
function settingsFile(settled: readonly Finding[]): readonly File[] {
  const lines = settled.flatMap(({ keep }) => (keep ? [`${dotted(keep.key)} = ${keep.value}\n`] : []))
  if (lines.length === 0) return []
  return [{ path: '/etc/sysctl.d/99-xlvs-realserver.conf', text: HEAD + lines.join(''), mode: 0o644 }]
}

function rulesFiles(settled: readonly Finding[]): readonly File[] {
  const text = settled.flatMap(({ keepRules }) => keepRules ?? []).join('')
  if (text === '') return []
  const service = `${HEAD}\n[Service]\nExecStartPost=/usr/sbin/nft -f ${RULES}\n`
  return [
    { path: RULES, text: `${HEAD}\n${text}`, mode: 0o644 },
    { path: RULES_AT_BOOT, text: service, mode: 0o644 },
  ]
}

function addressFiles(wish: Wish, { loNetwork }: Facts, keeper: Keeper): readonly File[] {
  switch (keeper) {
    case 'networkd':
      return networkdFiles(wish, loNetwork)
    case 'NetworkManager':
      return [
        {
          path: '/etc/NetworkManager/system-connections/xlvs-vip.nmconnection',
          text: connectionText(wish),
          mode: 0o600,
        },
      ]
    case 'ifupdown':
      return [{ path: '/etc/network/interfaces.d/xlvs-vip', text: stanzas(wish), mode: 0o644 }]
    case 'none':
      return []
  }
}

/** networkd takes one file for a link, the first that matches: another one for lo gets a drop-in. */
function networkPath(loNetwork: string | undefined): string {
  return loNetwork === undefined
    ? `${NETWORKD_FOLDER}/05-xlvs-vip.network`
    : `${NETWORKD_FOLDER}/${loNetwork}.d/xlvs-vip.conf`
}

function networkdFiles({ vips, home }: Wish, loNetwork: string | undefined): readonly File[] {
  const other = home === 'lo' ? loNetwork : undefined
  const match = other === undefined ? `\n[Match]\nName=${deviceOf(home)}\n` : ''
  const addresses = vips.map((vip) => {
    const quiet = familyOf(vip) === 6 ? 'DuplicateAddressDetection=none\n' : ''
    return `\n[Address]\nAddress=${vip}/${prefixOf(vip)}\n${quiet}`
  })
  const network = { path: networkPath(other), text: HEAD + match + addresses.join(''), mode: 0o644 }
  if (home === 'lo') return [network]
  const device = `${HEAD}\n[NetDev]\nName=${DUMMY}\nKind=dummy\n`
  return [{ path: `${NETWORKD_FOLDER}/05-xlvs-vip.netdev`, text: device, mode: 0o644 }, network]
}

/** A profile for lo needs NetworkManager 1.42; it leaves 127.0.0.1 and ::1 there by itself. */
function connectionText({ vips, home }: Wish): string {
  const kind = home === 'lo' ? 'loopback' : 'dummy'
  const section = (family: 4 | 6) => {
    const own = vips.filter((vip) => familyOf(vip) === family)
    if (own.length > 0)
      return `\n[ipv${family}]\nmethod=manual\n${own.map((vip, i) => `address${i + 1}=${vip}/${prefixOf(vip)}\n`).join('')}`
    // without a word a dummy would ask for DHCP
    return home === 'dummy' ? `\n[ipv${family}]\nmethod=disabled\n` : ''
  }
  return `${HEAD}\n[connection]\nid=xlvs-vip\ntype=${kind}\ninterface-name=${deviceOf(home)}\nautoconnect=true\n${section(4)}${section(6)}`
}

/** A dummy is made by the first stanza and deleted by the last: ifdown takes them in the same order as ifup. */
function stanzas({ vips, home }: Wish): string {
  const device = deviceOf(home)
  const each = vips.map((vip, i) =>
    [
      `\niface ${device} ${familyOf(vip) === 4 ? 'inet' : 'inet6'} static`,
      `address ${vip}/${prefixOf(vip)}`,
      ...(familyOf(vip) === 6 ? ['dad-attempts 0'] : []),
      ...(home === 'dummy' && i === 0 ? [`pre-up ip link add dev ${device} type dummy`] : []),
      ...(home === 'dummy' && i === vips.length - 1 ? [`post-down ip link delete dev ${device}`] : []),
    ].join('\n    '),
  )
  return `${HEAD}\nauto ${device}\n${each.map((stanza) => `${stanza}\n`).join('')}`
}

function sourced({ root }: Wish, { files }: Facts): readonly Finding[] {
  const text = files.get(root + INTERFACES) ?? ''
  if (/^\s*source(?:-directory)?\s+\S*interfaces\.d/m.test(text)) return []
  return [
    {
      verdict: 'weak',
      text: `${root}${INTERFACES} does not read interfaces.d: after a boot the VIPs are gone`,
      fix: `echo 'source /etc/network/interfaces.d/*' >>${root}${INTERFACES}`,
      steps: [],
    },
  ]
}
