// SPDX-License-Identifier: Apache-2.0
// The two generators, both on the client's end of a director's veth. Neither goes on before what it sent is through:
// the kernel takes a batch to its end in the same soft interrupt.
import { readFileSync, writeFileSync } from 'node:fs'
import { interfaceIndex } from 'libbpf-ts'
import { linkOf } from './guest-directors.js'
import type { Rig } from './guest-rig.js'
import { type Case, CLIENT_MAC, DIRECTOR_MAC, FLOWS, FRAME, PORT, type Traffic, VIP } from './plan.js'

const PKTGEN = '/proc/net/pktgen'
const FIRST_PORT = 1024
/** `new flows` of `frames` come from 10.0.0.0 and up, those of pktgen from here */
const PKTGEN_CLIENTS = 0x0b000000

let unseen = BigInt(FLOWS['10,000 flows'])
let nextClient = PKTGEN_CLIENTS

export function sendFrames(rig: Rig, director: Case, traffic: Traffic, packets: number): void {
  const first = traffic === 'new flows' ? unseen : 0n
  if (traffic === 'new flows') unseen += BigInt(packets)
  rig.fire(packets, interfaceIndex(linkOf(director)) ?? 0, FLOWS[traffic], first)
}

export function sendPktgen(director: Case, traffic: Traffic, packets: number): void {
  const link = linkOf(director)
  tell('kpktgend_0', 'rem_device_all')
  tell('kpktgend_0', `add_device ${link}`)
  const addresses = [`dst_mac ${DIRECTOR_MAC}`, `src_mac ${CLIENT_MAC}`, `dst ${VIP}`]
  const ports = [`udp_dst_min ${PORT}`, `udp_dst_max ${PORT}`]
  const size = [`count ${packets}`, 'delay 0', `pkt_size ${FRAME}`, 'clone_skb 0']
  for (const order of [...size, ...addresses, ...ports, ...sources(traffic, packets)]) tell(link, order)
  tell('pgctrl', 'start')
  const result = readFileSync(`${PKTGEN}/${link}`, 'utf8')
  if (!/^Result: OK/m.test(result)) throw new Error(`pktgen on ${link}: ${result}`)
}

/** pktgen steps through ports of one client, or, for flows never seen, through clients with one port. */
function sources(traffic: Traffic, packets: number): readonly string[] {
  const fresh = traffic === 'new flows'
  const [clients, ports] = fresh ? [packets, 1] : [1, FLOWS[traffic]]
  const client = fresh ? nextClient : PKTGEN_CLIENTS - 1
  if (fresh) nextClient += packets
  return [
    `src_min ${dotted(client)}`,
    `src_max ${dotted(client + clients - 1)}`,
    `udp_src_min ${FIRST_PORT}`,
    `udp_src_max ${FIRST_PORT + ports - 1}`,
  ]
}

function dotted(address: number): string {
  return [24, 16, 8, 0].map((shift) => (address >>> shift) & 255).join('.')
}

function tell(file: string, order: string): void {
  try {
    writeFileSync(`${PKTGEN}/${file}`, `${order}\n`)
  } catch (error) {
    throw new Error(`pktgen refuses "${order}" on ${file}: ${(error as Error).message}`)
  }
}
