// SPDX-License-Identifier: Apache-2.0
// What became of a packet, in the oracle's words. A frame that went out is looked at byte by byte: a wrong one is no
// decision at all and is told as such.

import type { Judgement } from '../../bpf/rig.js'
import { bytes, CLIENT_MAC, checksum, DIRECTOR_MAC, mac } from '../../packets/frames.js'
import type { Result, Value } from '../scenario.js'
import { decode, type Words } from './decode.js'

const LINK = 14
/** What an answer quotes at most: RFC 1812 section 4.3.2.3, RFC 4443 section 2.4 (c). */
const QUOTED = { 4: 576 - 28, 6: 1280 - 48 } as const

export function frameOf(packet: Uint8Array): Uint8Array {
  const kind = (packet[0] ?? 0) >> 4 === 6 ? [0x86, 0xdd] : [0x08, 0x00]
  return bytes(mac(DIRECTOR_MAC), mac(CLIENT_MAC), kind, packet)
}

export interface Surroundings {
  /** real servers by their MAC */
  readonly names: ReadonlyMap<string, string>
  /** of the way to them, in bytes */
  readonly mtu: number
}

export function verdictOf(sent: Uint8Array, judgement: Judgement, { names, mtu }: Surroundings): Result {
  const { action, frame, reason } = judgement
  if (action === 'pass') return same(frame, frameOf(sent)) ? { v: 'local' } : { v: 'local, but changed' }
  if (action === 'drop') return { v: 'drop' }
  if (action !== 'tx') return { v: `${action} (${reason})` }
  const packet = frame.subarray(LINK)
  const to = macText(frame.subarray(0, 6))
  const words = decode(packet)
  if (macText(frame.subarray(6, 12)) !== DIRECTOR_MAC) return { v: 'a frame not from the director' }
  if (to === CLIENT_MAC) return answered(sent, packet, words, mtu)
  const name = names.get(to) ?? `mac:${to}`
  const wrong = changed(sent, packet)
  return { v: wrong === undefined ? name : `${name}, but ${wrong}`, out: [{ to: name, ...words } as Value] }
}

/** Direct routing changes the TTL and the header's checksum. */
function changed(sent: Uint8Array, packet: Uint8Array): string | undefined {
  if (same(packet, spent(sent))) return undefined
  return 'the packet is another'
}

function spent(packet: Uint8Array): Uint8Array {
  const after = Uint8Array.from(packet)
  if ((packet[0] ?? 0) >> 4 === 6) after[7] = (packet[7] ?? 0) - 1
  else {
    after[8] = (packet[8] ?? 0) - 1
    const header = ((packet[0] ?? 0) & 15) * 4
    after.set([0, 0], 10)
    const sum = checksum(after.subarray(0, header))
    after.set([sum >> 8, sum & 255], 10)
  }
  return after
}

function answered(sent: Uint8Array, packet: Uint8Array, words: Words, mtu: number): Result {
  const v6 = (sent[0] ?? 0) >> 4 === 6
  const asked = decode(sent)
  const quoted = packet.subarray(v6 ? 48 : 28)
  const wrong: string[] = [
    ...('badcsum' in words || 'badicmpcsum' in words ? ['its checksum is wrong'] : []),
    ...(words['src'] === asked['dst'] && words['dst'] === asked['src'] ? [] : ['its addresses are others']),
    ...(words['len'] === packet.length ? [] : ['its length is another']),
    ...(quotes(quoted, sent, QUOTED[v6 ? 6 : 4]) ? [] : ['it quotes another packet']),
  ]
  const name = `${String(words['proto'])}:${String(words['type'])}/${String(words['code'])}`
  const told = ['icmp:3/4', 'icmp6:2/0'].includes(name) ? mtu : undefined
  if (words['rest'] !== told) wrong.push('it tells another MTU')
  return { v: [name, ...wrong].join(', but '), out: [{ to: 'client', ...words } as Value] }
}

/** As it came, or with the hop spent that the director took before it looked at the MTU. */
function quotes(quoted: Uint8Array, sent: Uint8Array, most: number): boolean {
  return [sent, spent(sent)].some((packet) => same(quoted, packet.subarray(0, most)))
}

function same(a: Uint8Array, b: Uint8Array): boolean {
  return a.length === b.length && Buffer.compare(a, b) === 0
}

function macText(data: Uint8Array): string {
  return [...data].map((byte) => byte.toString(16).padStart(2, '0')).join(':')
}
