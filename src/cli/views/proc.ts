// SPDX-License-Identifier: Apache-2.0
// The files that IPVS has in /proc/net, in its own layout (ip_vs_ctl.c, ip_vs_conn.c): for programs that read those.
// Pure.
import { parseAddress } from '../../abi/address.js'
import type { ConnRow, RealRow, ServiceRow, Statistics, TemplateRow } from '../../api/contract.js'
import type { AddressText } from '../../model/types.js'

/** The kernel gives persistence in jiffies; of its possible rates this is the one that programs are shown elsewhere. */
const HZ = 100

/** ip_vs */
export function ipVsLines(
  services: readonly ServiceRow[],
  reals: readonly RealRow[],
  { size }: Pick<Statistics, 'size'>,
): readonly string[] {
  const of = new Map<string, string[]>()
  for (const real of reals) of.set(real.service, [...(of.get(real.service) ?? []), realLine(real)])
  const marks = services.filter(({ match }) => match.mark !== undefined)
  const addresses = services.filter(({ match }) => match.mark === undefined)
  return [
    `IP Virtual Server version 1.2.1 (size=${size})`,
    'Prot LocalAddress:Port Scheduler Flags',
    '  -> RemoteAddress:Port Forward Weight ActiveConn InActConn',
    ...[...addresses, ...marks].flatMap((service) => [
      serviceLine(service),
      ...(of.get(service.service) ?? []),
    ]),
  ]
}

/** ip_vs_conn: templates are connections there. */
export function ipVsConnLines(
  conns: readonly ConnRow[],
  templates: readonly TemplateRow[],
): readonly string[] {
  return [
    'Pro FromIP   FPrt ToIP     TPrt DestIP   DPrt State       Expires PEName PEData',
    ...conns.map(connLine),
    ...templates.map((template) =>
      connLine({
        ...template,
        client: template.clientNet,
        clientPort: 0,
        state: template.assured ? 'ASSURED' : 'NONE',
      }),
    ),
  ]
}

/** ip_vs_stats: replies bypass the director, so nothing goes out. */
export function ipVsStatsLines({ sinceZero, rates }: Statistics): readonly string[] {
  const row = (conns: number, packets: number, bytes: number) =>
    `${right(conns, 8)} ${right(packets, 8)} ${right(0, 8)} ${right(bytes, 16)} ${right(0, 16)}`
  return [
    '   Total Incoming Outgoing         Incoming         Outgoing',
    '   Conns  Packets  Packets            Bytes            Bytes',
    row(sinceZero.connections, sinceZero.packets, sinceZero.bytes),
    '',
    ' Conns/s   Pkts/s   Pkts/s          Bytes/s          Bytes/s',
    row(rates.cps, rates.inPps, rates.inBps),
  ]
}

function serviceLine({ match, scheduler, onePacket, persistence }: ServiceRow): string {
  const ops = onePacket ? 'ops ' : ''
  const persistent = persistence
    ? `persistent ${persistence.timeout * HZ} ${netmask(persistence, isSix(match))}`
    : ''
  if (match.mark !== undefined) return `FWM  ${hex(match.mark, 8)} ${scheduler} ${ops}${persistent}`
  const head = `${match.protocol.toUpperCase()}  ${endpoint(match.vip, match.port)} ${scheduler} `
  return isSix(match) ? `${head}${persistent}` : `${head}${ops} ${persistent}`
}

function realLine({ address, port, effectiveWeight, active, inactive }: RealRow): string {
  const counts = [left(effectiveWeight, 6), left(active, 10), left(inactive, 10)]
  return `  -> ${endpoint(address, port)}      ${left('Route', 7)} ${counts.join(' ')}`
}

interface Entry {
  readonly protocol: string
  readonly client: AddressText
  readonly clientPort: number
  readonly vip: AddressText
  readonly virtualPort: number
  readonly real: AddressText
  readonly realPort: number
  readonly state: string
  readonly expiresIn: number
}

function connLine(entry: Entry): string {
  const from = `${address(entry.client)} ${hex(entry.clientPort, 4)}`
  const to = `${address(entry.vip)} ${hex(entry.virtualPort, 4)}`
  const at = `${address(entry.real)} ${hex(entry.realPort, 4)}`
  const protocol = left(entry.protocol.toUpperCase(), 3)
  return `${protocol} ${from} ${to} ${at} ${left(entry.state, 11)} ${String(entry.expiresIn).padStart(7)}`
}

/** '0A000101:0050', '[fd00:0001:…:0001]:0050' */
function endpoint(text: AddressText, port: number): string {
  return text.includes(':') ? `[${address(text)}]:${hex(port, 4)}` : `${address(text)}:${hex(port, 4)}`
}

function address(text: AddressText): string {
  const parsed = parseAddress(text)
  const bytes = [...(parsed?.bytes ?? [])].map((byte) => byte.toString(16).padStart(2, '0')).join('')
  if (parsed?.family === 4) return bytes.slice(0, 8).toUpperCase()
  return bytes.match(/.{4}/g)?.join(':') ?? text
}

/** Of IPv6 the kernel keeps a prefix length where the mask would be, and turns its bytes round all the same. */
function netmask({ prefix, mask }: NonNullable<ServiceRow['persistence']>, six: boolean): string {
  if (mask !== undefined) return address(mask)
  if (six) return hex((prefix << 24) >>> 0, 8)
  return hex(prefix === 0 ? 0 : (0xffffffff << (32 - prefix)) >>> 0, 8)
}

function isSix(match: ServiceRow['match']): boolean {
  return match.mark === undefined ? match.vip.includes(':') : match.family === 6
}

function hex(value: number, digits: number): string {
  return value.toString(16).toUpperCase().padStart(digits, '0')
}

function right(value: number, width: number): string {
  return value.toString(16).toUpperCase().padStart(width)
}

function left(value: number | string, width: number): string {
  return String(value).padEnd(width)
}
