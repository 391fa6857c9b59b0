// SPDX-License-Identifier: Apache-2.0
// Bulk transfer through a lab: an iperf3 server in a real server, a client that returns what it measured.
import type { Host, Lab, Running } from './index.js'

export interface IperfResult {
  readonly bytes: number
  readonly bitsPerSecond: number
  /** UDP only */
  readonly lostPackets: number
  readonly packets: number
}

/** Listens on the VIP, so that UDP answers leave from it. */
export async function serveIperf(lab: Lab, real: Host, vip: string, port = 5201): Promise<Running> {
  const argv = ['iperf3', '--server', '--bind', vip, '--port', String(port), '--forceflush']
  const server = lab.start(real.namespace, argv)
  await server.line(/Server listening/)
  return server
}

export interface IperfOptions {
  readonly port?: number
  readonly seconds?: number
  /** target of a UDP transfer, such as '50M'; TCP unless told */
  readonly udpRate?: string
  /** bytes of a datagram; 1400 unless told */
  readonly length?: number
}

/** Sends for `seconds` and returns what arrived at the server. */
export async function iperf(
  lab: Lab,
  client: Host,
  vip: string,
  wish: IperfOptions = {},
): Promise<IperfResult> {
  const { port = 5201, seconds = 2, udpRate, length = 1_400 } = wish
  const udp = udpRate === undefined ? [] : ['--udp', '--bitrate', udpRate, '--length', String(length)]
  const argv = [
    'iperf3',
    '--json',
    '--client',
    vip,
    '--port',
    String(port),
    '--time',
    String(seconds),
    ...udp,
  ]
  const { end } = JSON.parse(await lab.must(client.namespace, argv)) as { end: Summary }
  const sum = end.sum_received ?? end.sum
  if (sum === undefined) throw new Error(`iperf3 has measured nothing: ${JSON.stringify(end)}`)
  return {
    bytes: sum.bytes,
    bitsPerSecond: sum.bits_per_second,
    lostPackets: sum.lost_packets ?? 0,
    packets: sum.packets ?? 0,
  }
}

interface Sum {
  readonly bytes: number
  readonly bits_per_second: number
  readonly lost_packets?: number
  readonly packets?: number
}

interface Summary {
  readonly sum?: Sum
  readonly sum_received?: Sum
}
