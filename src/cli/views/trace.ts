// SPDX-License-Identifier: Apache-2.0
// A traced packet as a line for people, and as the comment that Wireshark shows. What a client sent comes in as numbers only.
import type { TraceLoss, TraceRecord } from '../../api/contract-sight.js'
import { harmless } from '../../model/describe.js'
import { frameSummary } from '../../pcap/summary.js'
import type { Look } from '../look.js'
import { grouped, plural } from '../numbers.js'

export function headOf({ head }: TraceRecord): Uint8Array {
  return Buffer.from(head, 'base64')
}

/** '12:03:10.123456 eth0 198.51.100.7:4711 > 192.0.2.10:80 tcp S  forward_new -> 192.0.2.21' */
export function traceLine(record: TraceRecord, look: Look): string {
  const { at, reason, length } = record
  const packet = `${frameSummary(headOf(record))}, ${length} bytes`
  const end = `${paintOf(reason, look)(reason)}${target(record, look)}`
  return `${look.dim(clock(at))} ${harmless(record.interface)} ${packet}  ${end}`
}

/** 'forward_new -> 192.0.2.21, tcp 192.0.2.10:80' */
export function traceComment({ reason, service, real }: TraceRecord): string {
  const to = real === undefined ? '' : ` -> ${realIn(real)}`
  return harmless(`${reason}${to}${service === undefined ? '' : `, ${service}`}`)
}

/** '12 records, 3 limited, 0 lost' */
export function traceTotals(records: number, { limited, lost }: TraceLoss): string {
  return `${plural(records, 'record')}, ${grouped(limited)} limited, ${grouped(lost)} lost`
}

/** Of a mark's service the packet does not say which it is. */
function target({ service, real }: TraceRecord, look: Look): string {
  const to = real === undefined ? '' : ` -> ${look.bold(harmless(realIn(real)))}`
  return service?.startsWith('fwm') ? `${to} (${harmless(service)})` : to
}

function realIn(key: string): string {
  return key.slice(key.lastIndexOf(' > ') + 3)
}

function paintOf(reason: string, look: Look): (text: string) => string {
  if (reason.startsWith('drop_')) return look.bad
  if (reason.startsWith('answer_')) return look.warn
  return reason.startsWith('forward_') ? look.good : look.dim
}

/** Of the day here, to the microsecond. */
function clock(ms: number): string {
  const at = new Date(ms)
  const two = (n: number) => String(n).padStart(2, '0')
  const micros = String(Math.floor(ms * 1_000) % 1_000_000).padStart(6, '0')
  return `${[at.getHours(), at.getMinutes(), at.getSeconds()].map(two).join(':')}.${micros}`
}
