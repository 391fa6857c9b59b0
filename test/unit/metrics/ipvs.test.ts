// SPDX-License-Identifier: Apache-2.0
// Held against what node_exporter's ipvs collector documents (prometheus/node_exporter, collector/ipvs_linux.go), and
// against how the kernel writes marks and protocols into /proc/net/ip_vs.
import { describe, expect, it } from 'vitest'
import { pageText, realOf, samplesOf, serviceOf, snapshotOf } from './given.js'

const BACKEND = ['local_address', 'local_mark', 'local_port', 'proto', 'remote_address', 'remote_port']
const DOCUMENTED: Readonly<Record<string, { readonly type: string; readonly labels: readonly string[] }>> = {
  node_ipvs_connections_total: { type: 'counter', labels: [] },
  node_ipvs_incoming_packets_total: { type: 'counter', labels: [] },
  node_ipvs_outgoing_packets_total: { type: 'counter', labels: [] },
  node_ipvs_incoming_bytes_total: { type: 'counter', labels: [] },
  node_ipvs_outgoing_bytes_total: { type: 'counter', labels: [] },
  node_ipvs_backend_connections_active: { type: 'gauge', labels: BACKEND },
  node_ipvs_backend_connections_inactive: { type: 'gauge', labels: BACKEND },
  node_ipvs_backend_weight: { type: 'gauge', labels: BACKEND },
}

const counters = { packets: 10n, bytes: 1000n, connections: 2n }
const snapshot = snapshotOf({
  services: [
    serviceOf({
      ...counters,
      reals: [realOf({ active: 3, inactive: 4, weight: 5, effectiveWeight: 0 })],
    }),
    serviceOf({
      ...{ id: 2, key: 'udp [2001:db8::1]:53', ...counters },
      match: { vip: '2001:db8::1', port: 53, protocol: 'udp' },
      reals: [realOf({ id: 2, address: '2001:db8::21', port: 53 })],
    }),
    serviceOf({
      ...{ id: 3, key: 'fwm 268439552', match: { mark: 0x10001000, family: 4 } },
      reals: [realOf({ id: 3, address: '192.0.2.23', port: 8080 })],
    }),
    serviceOf({
      ...{ id: 4, key: 'fwm 10 ipv6', match: { mark: 10, family: 6 } },
      reals: [realOf({ id: 4, address: '2001:db8::22', port: 0 })],
    }),
  ],
})
const gone = { packets: 100n, bytes: 200n, connections: 300n }
const page = () => pageText(snapshot, { view: { names: ['node_ipvs'] }, gone })

describe("node_exporter's names of IPVS", () => {
  it('are there with the documented types and labels, and no other', async () => {
    const text = await page()
    const found = Object.fromEntries(
      [...text.matchAll(/^# TYPE (node_ipvs_\S+) (\w+)$/gm)].map(([, name = '', type]) => {
        const first = text
          .split('\n')
          .find((line) => line.startsWith(`${name}{`) || line.startsWith(`${name} `))
        const labels = [...`${first}`.matchAll(/(\w+)="/g)].map((match) => match[1] as string)
        return [name, { type, labels: labels.sort() }]
      }),
    )
    expect(found).toEqual(DOCUMENTED)
  })

  it('carry the numbers, addresses, protocols and marks as the kernel writes them', async () => {
    const samples = [...samplesOf(await page())].filter(([name]) => name.startsWith('node_ipvs_'))
    const tcp =
      'local_address="192.0.2.10",local_port="80",remote_address="192.0.2.21",remote_port="80",proto="TCP",local_mark=""'
    const udp =
      'local_address="2001:db8::1",local_port="53",remote_address="2001:db8::21",remote_port="53",proto="UDP",local_mark=""'
    const fwm =
      'local_address="",local_port="0",remote_address="192.0.2.23",remote_port="8080",proto="FWM",local_mark="10001000"'
    const fwm6 =
      'local_address="",local_port="0",remote_address="2001:db8::22",remote_port="0",proto="FWM",local_mark="0000000A"'
    const each = (name: string, values: readonly number[]) =>
      [tcp, udp, fwm, fwm6].map((labels, i) => [`${name}{${labels}}`, `${values[i]}`])
    expect(samples).toEqual([
      ['node_ipvs_connections_total', '304'],
      ['node_ipvs_incoming_packets_total', '120'],
      ['node_ipvs_outgoing_packets_total', '0'],
      ['node_ipvs_incoming_bytes_total', '2200'],
      ['node_ipvs_outgoing_bytes_total', '0'],
      ...each('node_ipvs_backend_connections_active', [3, 0, 0, 0]),
      ...each('node_ipvs_backend_connections_inactive', [4, 0, 0, 0]),
      ...each('node_ipvs_backend_weight', [0, 1, 1, 1]),
    ])
  })

  it('are not there unless they are wished', async () => {
    expect(await pageText(snapshot)).not.toContain('node_ipvs')
  })
})
