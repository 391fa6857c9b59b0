// SPDX-License-Identifier: Apache-2.0
// IPVS beside xlvs: what xlvs passes to the kernel, IPVS may balance a second time.
import { canonicalAddress } from '../abi/address.js'
import { endpointText } from '../model/keys.js'
import type { Facts, IpvsService } from './facts.js'
import type { Finding } from './finding.js'

export function judgeIpvs({ ipvs, vips }: Facts): readonly Finding[] {
  const both = ipvs.filter(({ address }) => address !== undefined && vips.includes(address))
  if (both.length === 0) return [{ check: 'ipvs', level: 'green', says: 'IPVS has no service at these VIPs' }]
  return both.map(({ key, words }) => ({
    check: 'ipvs',
    level: 'yellow',
    says: `IPVS has a service at the same VIP: ${key}`,
    fix: `ipvsadm -D ${words}`,
  }))
}

const FLAG = { TCP: '-t', UDP: '-u', SCTP: '--sctp-service' } as const

/** The services of /proc/net/ip_vs: 'TCP  C000020A:0050 rr', 'UDP  [2001:0db8:…]:0035 rr', 'FWM  00000006 rr'. */
export function readIpvs(text: string): readonly IpvsService[] {
  const lines = text.matchAll(/^(TCP|UDP|SCTP) +(?:([0-9A-F]{8})|\[([0-9a-f:]+)\]):([0-9A-F]{4}) /gm)
  return [...lines].flatMap(([, protocol, four, six, port]) => {
    const address = canonicalAddress(four === undefined ? `${six}` : dotted(four))
    if (address === undefined) return []
    const endpoint = endpointText(address, Number.parseInt(port as string, 16))
    const flag = FLAG[protocol as keyof typeof FLAG]
    const word = six === undefined ? endpoint : `'${endpoint}'`
    return { key: `${protocol?.toLowerCase()} ${endpoint}`, address, words: `${flag} ${word}` }
  })
}

function dotted(hex: string): string {
  return [...hex.matchAll(/../g)].map(([byte]) => Number.parseInt(byte, 16)).join('.')
}
