// SPDX-License-Identifier: Apache-2.0
// The first and the last line of an explanation: what the packet is, and what becomes of it. Pure.
import { formatMac } from '../abi/address.js'
import type { Told, ToldFlow } from '../datapath/told.js'
import { endpointText } from '../model/keys.js'
import { REASON_TEXTS } from '../model/reasons.js'
import type { MacText } from '../model/types.js'

const TAGS: ReadonlySet<number> = new Set([0x8100, 0x88a8])
const VID_MASK = 0xfff
const ACTION: Readonly<Record<Told['action'], string>> = {
  aborted: 'XDP_ABORTED',
  drop: 'XDP_DROP',
  pass: 'XDP_PASS',
  tx: 'XDP_TX',
  redirect: 'XDP_REDIRECT',
}

export function packetText({ flow, vip }: Told, bytes: number): string {
  if (flow === undefined || vip === undefined) return `${bytes} bytes`
  return `${kindText(flow)} ${pathText(flow, vip)}, ${bytes} bytes`
}

function kindText({ about, fragment, l4, protocol, tcpFlags }: ToldFlow): string {
  if (about === 'icmp') return `ICMP error about ${protocol}`
  if (about === 'ipsec') return l4 === 51 ? 'AH' : 'ESP'
  const part = fragment === 'no' ? '' : `, ${fragment} fragment`
  if (fragment === 'later') return `later fragment of IP protocol ${l4}`
  return `${protocol}${protocol === 'tcp' ? ` ${flagsText(tcpFlags)}` : ''}${part}`
}

function pathText({ client, clientPort, port, fragment }: ToldFlow, vip: string): string {
  return fragment === 'later'
    ? `${client} -> ${vip}`
    : `${endpointText(client, clientPort)} -> ${endpointText(vip, port)}`
}

const FLAG_NAMES = ['FIN', 'SYN', 'RST', 'PSH', 'ACK', 'URG', 'ECE', 'CWR'] as const

function flagsText(flags: number): string {
  const set = FLAG_NAMES.filter((_, bit) => (flags >> bit) & 1)
  return set.length > 0 ? set.join('+') : 'without flags'
}

/** Of what is forwarded how it is sent; of everything else what its reason means. */
export function verdictText(told: Told): string {
  const { reason, action } = told
  const head = `${reason}, ${ACTION[action]}`
  const meaning = REASON_TEXTS[reason]
  const sent = sentAs(told)
  if (sent !== undefined && reason.startsWith('forward_'))
    return `${head}: from ${sent.source} to ${sent.destination}${vlanText(sent.vlan)}`
  if (meaning === undefined) return head
  return `${head}: ${meaning.when}; the client: ${meaning.client}`
}

/** ', VLAN 7', ', VLAN 100 in 200', '' */
export function vlanText(ids: readonly number[]): string {
  return ids.length > 0 ? `, VLAN ${ids.join(' in ')}` : ''
}

export interface SentAs {
  readonly destination: MacText
  readonly source: MacText
  /** ids, outermost first */
  readonly vlan: readonly number[]
}

/** The link header of a frame that leaves. */
export function sentAs({ action, frame }: Told): SentAs | undefined {
  if (action !== 'tx' && action !== 'redirect') return undefined
  const view = new DataView(frame.buffer, frame.byteOffset, frame.byteLength)
  const vlan: number[] = []
  for (let at = 12; at + 4 <= frame.length && TAGS.has(view.getUint16(at)); at += 4)
    vlan.push(view.getUint16(at + 2) & VID_MASK)
  return { destination: formatMac(frame.subarray(0, 6)), source: formatMac(frame.subarray(6, 12)), vlan }
}
