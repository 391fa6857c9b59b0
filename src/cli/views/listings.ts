// SPDX-License-Identifier: Apache-2.0
// Connections, templates, next hops, interfaces, reasons: one table each.

import { addressToBytes } from '../../abi/address.js'
import type {
  ConnRow,
  InterfaceRow,
  NexthopRow,
  ReasonRow,
  TableRow,
  TemplateRow,
} from '../../api/contract.js'
import { endpointText } from '../../model/keys.js'
import type { Look } from '../look.js'
import { count, grouped as digits, duration, share } from '../numbers.js'
import { type Column, table } from '../table.js'
import { hopText, paintHop } from './services.js'

/** The port of a template that another took the place of, as in IPVS. */
const DISABLED = 65_535

const CONNS: readonly Column<ConnRow>[] = [
  { title: 'PRO', value: (c) => c.protocol },
  { title: 'EXPIRES', value: (c) => duration(c.expiresIn), right: true },
  { title: 'STATE', value: (c) => c.state },
  { title: 'CLIENT', value: (c) => endpointText(c.client, c.clientPort) },
  { title: 'VIRTUAL', value: (c) => endpointText(c.vip, c.virtualPort) },
  { title: 'REAL', value: realEnd },
]

const TEMPLATES: readonly Column<TemplateRow>[] = [
  { title: 'EXPIRES', value: (t) => duration(t.expiresIn), right: true },
  { title: 'CLIENTS', value: (t) => t.clientNet },
  { title: 'VIRTUAL', value: virtualText },
  {
    title: 'REAL',
    value: realEnd,
    paint: (t, text, look) => (t.realPort === DISABLED ? look.dim(text) : text),
  },
  { title: 'CONNS', value: (t) => count(t.controls), right: true },
  { title: 'ASSURED', value: (t) => (t.assured ? 'yes' : 'no'), spare: 1 },
]

const NEXTHOPS: readonly Column<NexthopRow>[] = [
  { title: 'REAL', value: (n) => n.address },
  { title: 'STATE', value: hopText, paint: paintHop },
  { title: 'MAC', value: (n) => n.mac ?? '-' },
  { title: 'VLAN', value: (n) => n.vlan?.join('.') || '-', spare: 2 },
  { title: 'SERVICES', value: (n) => count(n.services.length), right: true, spare: 1 },
  { title: 'WHY', value: (n) => n.why ?? '' },
]

const INTERFACES: readonly Column<InterfaceRow>[] = [
  { title: 'INTERFACE', value: (i) => i.name, paint: (_, text, look) => look.bold(text) },
  {
    title: 'MODE',
    value: (i) => i.mode,
    paint: (i, text, look) => (i.mode === 'generic' ? look.warn(text) : text),
  },
  { title: 'DRIVER', value: (i) => i.driver ?? '-', spare: 1 },
  { title: 'MAC', value: (i) => i.mac, spare: 2 },
  { title: 'FORWARDED', value: (i) => count(i.packets.tx + i.packets.redirect), right: true },
  { title: 'PASSED', value: (i) => count(i.packets.pass), right: true },
  { title: 'DROPPED', value: (i) => count(i.packets.drop), right: true },
]

const REASONS: readonly Column<ReasonRow>[] = [
  { title: 'REASON', value: (r) => r.reason },
  {
    title: 'ACTION',
    value: (r) => r.action,
    paint: (r, text, look) => (r.action === 'drop' ? look.bad(text) : text),
  },
  { title: 'PACKETS', value: (r) => digits(r.packets), right: true },
  { title: 'BYTES', value: (r) => (r.bytes === undefined ? '-' : digits(r.bytes)), right: true },
]

const TABLES: readonly Column<TableRow>[] = [
  { title: 'TABLE', value: (t) => t.name },
  { title: 'IN USE', value: (t) => digits(t.entries), right: true },
  { title: 'ROOM FOR', value: (t) => digits(t.capacity), right: true },
  { title: 'FULL', value: (t) => share(t.entries, t.capacity), right: true },
]

/** Direct routing leaves ports alone, so the real server's is only told when it is another. */
function realEnd({ real, realPort, virtualPort }: ConnRow | TemplateRow): string {
  return realPort === 0 || realPort === virtualPort ? real : endpointText(real, realPort)
}

/** A template of a mark has the mark for an address. */
function virtualText({ protocol, vip, virtualPort }: TemplateRow): string {
  return protocol === 'ip' ? `mark ${markOf(vip)}` : endpointText(vip, virtualPort)
}

function markOf(vip: string): number {
  const bytes = addressToBytes(vip).subarray(0, 16)
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength)
  return view.getUint32(0) || view.getUint32(12)
}

export const connsLines = (rows: readonly ConnRow[], look: Look) => table(CONNS, rows, look)
export const templatesLines = (rows: readonly TemplateRow[], look: Look) => table(TEMPLATES, rows, look)
export const nexthopsLines = (rows: readonly NexthopRow[], look: Look) => table(NEXTHOPS, rows, look)
export const interfacesLines = (rows: readonly InterfaceRow[], look: Look) => table(INTERFACES, rows, look)
export const tablesLines = (rows: readonly TableRow[], look: Look) => table(TABLES, rows, look)

/** Reasons that never happened say nothing and are left to --json. */
export function reasonsLines(rows: readonly ReasonRow[], look: Look): readonly string[] {
  return table(
    REASONS,
    rows.filter((row) => row.packets > 0),
    look,
  )
}
