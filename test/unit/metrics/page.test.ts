// SPDX-License-Identifier: Apache-2.0
import { spawnSync } from 'node:child_process'
import { describe, expect, it } from 'vitest'
import { controlMetrics } from '../../../src/metrics/process.js'
import { DEFAULT_TUNABLES } from '../../../src/model/types.js'
import { interfaceOf, largeSnapshot, pageText, realOf, serviceOf, snapshotOf } from './given.js'

const full = snapshotOf({
  services: [
    serviceOf({
      name: 'the "web"\nof C:\\',
      owner: 'file',
      packets: 30n,
      bytes: 18446744073709551615n,
      connections: 3n,
      reals: [
        realOf({ weight: 3, effectiveWeight: 0, active: 1, inactive: 2, persistent: 4, packets: 10n }),
        realOf({ address: '192.0.2.22', nexthop: { address: '192.0.2.22', state: 'unresolved' } }),
        realOf({ address: '192.0.2.23', nexthop: { address: '192.0.2.23', state: 'local' } }),
      ],
    }),
    serviceOf({
      id: 2,
      key: 'udp [2001:db8::1]:53',
      match: { vip: '2001:db8::1', port: 53, protocol: 'udp' },
      scheduler: 'rr',
      reals: [realOf({ id: 9, address: '2001:db8::21' })],
    }),
    serviceOf({
      id: 3,
      key: 'fwm 6',
      match: { mark: 6, family: 4 },
      connections: 66n,
      reals: [
        realOf({ id: 10, address: '192.0.2.21', port: 8080, upper: 100, overloaded: true }),
        realOf({ id: 11, address: '192.0.2.22', port: 0, upper: 200, lower: 50 }),
      ],
    }),
    serviceOf({ id: 4, key: 'fwm 6 ipv6', match: { mark: 6, family: 6 } }),
  ],
  interfaces: [interfaceOf('eth0'), interfaceOf('eth1')],
  reasons: {
    drop_no_real: { packets: 5n, bytes: 500n },
    drop_ttl: { packets: 0n, bytes: 0n },
    pass_not_vip: { packets: 7n, bytes: 700n },
    answer_no_real: { packets: 9n, bytes: 900n },
  },
})

/** Every family that the product promises, with the labels of its first sample. */
const PROMISED = [
  'xlvs_build_info{version,node}',
  'xlvs_interface_info{interface,mode,driver,mac,ifindex}',
  'xlvs_packets_total{interface,action}',
  'xlvs_bytes_total{interface,action}',
  'xlvs_drops_total{reason}',
  'xlvs_answers_total{reason}',
  'xlvs_service_info{vip,port,proto,name,scheduler,owner}',
  'xlvs_service_packets_total{vip,port,proto}',
  'xlvs_service_bytes_total{vip,port,proto}',
  'xlvs_service_connections_total{vip,port,proto}',
  'xlvs_service_drops_total{vip,port,proto,reason}',
  'xlvs_service_answers_total{vip,port,proto,reason}',
  'xlvs_service_handshake_seconds_bucket{vip,port,proto,le}',
  'xlvs_service_handshake_seconds_count{vip,port,proto}',
  'xlvs_real_handshake_seconds_bucket{vip,port,proto,real,le}',
  'xlvs_real_handshake_seconds_sum{vip,port,proto,real}',
  'xlvs_metrics_series_limit{}',
  'xlvs_metrics_series_dropped{}',
  'xlvs_real_packets_total{vip,port,proto,real}',
  'xlvs_real_bytes_total{vip,port,proto,real}',
  'xlvs_real_connections_total{vip,port,proto,real}',
  'xlvs_real_connections{vip,port,proto,real,state}',
  'xlvs_real_weight{vip,port,proto,real}',
  'xlvs_real_effective_weight{vip,port,proto,real}',
  'xlvs_real_nexthop_up{vip,port,proto,real}',
  'xlvs_real_upper_threshold{vip,port,proto,mark,real}',
  'xlvs_real_lower_threshold{vip,port,proto,mark,real}',
  'xlvs_real_overloaded{vip,port,proto,mark,real}',
  'xlvs_tunable{name}',
  'xlvs_conn_created_total{}',
  'xlvs_conn_expired_total{}',
  'xlvs_conn_evicted_total{}',
  'xlvs_table_entries{table}',
  'xlvs_table_capacity{table}',
  'xlvs_config_last_reload_successful{}',
  'xlvs_config_generation{}',
]

function page(): Promise<string> {
  const control = controlMetrics('0.1.0')
  control.reloaded(true)
  control.generation(4)
  control.reconciled(0.02)
  control.tuned({ ...DEFAULT_TUNABLES, drop_entry: 2 })
  return pageText(full, {}, control)
}

function promtool(text: string) {
  const run = spawnSync('promtool', ['check', 'metrics'], { input: text, encoding: 'utf8' })
  return { status: run.status, said: run.stdout + run.stderr }
}

describe('the metrics page', () => {
  it('has nothing that promtool objects to', async () => {
    expect(promtool(await page())).toEqual({ status: 0, said: '' })
  })

  it('has nothing that promtool objects to when there is nothing to show', async () => {
    expect(promtool(await pageText(snapshotOf()))).toEqual({
      status: 0,
      said: '',
    })
  })

  it('is judged by a promtool that does object', () => {
    expect(promtool('# TYPE a_total gauge\na_total 1\n').status).not.toBe(0)
  })

  it('has every promised family with exactly the promised labels', async () => {
    const lines = (await page()).split('\n')
    for (const promised of PROMISED) {
      const name = promised.slice(0, promised.indexOf('{'))
      const line =
        lines.find((l) => l.startsWith(`${name}{`) || l.startsWith(`${name} `)) ?? `${name} is missing`
      const found = [...line.matchAll(/(\w+)="/g)].map((match) => match[1])
      expect(`${name}{${found.join(',')}}`).toBe(promised)
    }
  })

  it('announces every family once, before its first sample, and keeps its samples together', async () => {
    const seen: string[] = []
    for (const line of (await page())
      .split('\n')
      .filter((l) => l.startsWith('xlvs_') || l.startsWith('# TYPE xlvs_'))) {
      const name = line
        .replace('# TYPE ', '')
        .replace(/[{ ].*/, '')
        .replace(/_(bucket|sum|count)$/, '')
      if (line.startsWith('#')) seen.push(name)
      else expect(seen.at(-1)).toBe(name)
    }
    expect(new Set(seen).size).toBe(seen.length)
  })

  it('gives the numbers of the snapshot', async () => {
    const text = await page()
    for (const line of [
      'xlvs_service_bytes_total{vip="192.0.2.10",port="80",proto="tcp"} 18446744073709551615',
      'xlvs_real_packets_total{vip="192.0.2.10",port="80",proto="tcp",real="192.0.2.21"} 10',
      'xlvs_real_connections{vip="192.0.2.10",port="80",proto="tcp",real="192.0.2.21",state="persistent"} 4',
      'xlvs_real_weight{vip="192.0.2.10",port="80",proto="tcp",real="192.0.2.21"} 3',
      'xlvs_real_effective_weight{vip="192.0.2.10",port="80",proto="tcp",real="192.0.2.21"} 0',
      'xlvs_real_nexthop_up{vip="2001:db8::1",port="53",proto="udp",real="2001:db8::21"} 1',
      'xlvs_real_nexthop_up{vip="192.0.2.10",port="80",proto="tcp",real="192.0.2.22"} 0',
      'xlvs_real_nexthop_up{vip="192.0.2.10",port="80",proto="tcp",real="192.0.2.23"} 1',
      'xlvs_packets_total{interface="eth1",action="redirect"} 3',
      'xlvs_drops_total{reason="no_real"} 5',
      'xlvs_config_generation 4',
      'xlvs_answers_total{reason="no_real"} 9',
      'xlvs_tunable{name="drop_entry"} 2',
      'xlvs_tunable{name="icmp_ratelimit"} 1000',
      'xlvs_service_connections_total{vip="",port="",proto="fwm",mark="6"} 66',
      'xlvs_service_connections_total{vip="",port="",proto="fwm",mark="6 ipv6"} 0',
      'xlvs_real_overloaded{vip="",port="",proto="fwm",mark="6",real="192.0.2.21:8080"} 1',
      'xlvs_real_overloaded{vip="",port="",proto="fwm",mark="6",real="192.0.2.22"} 0',
      'xlvs_real_lower_threshold{vip="",port="",proto="fwm",mark="6",real="192.0.2.22"} 50',
    ])
      expect(text.split('\n')).toContain(line)
  })

  it('counts drops only among the drops', async () => {
    expect(await page()).not.toContain('not_vip')
  })

  it('says nothing of thresholds where none are set', async () => {
    expect((await page()).match(/^xlvs_real_(upper_threshold|lower_threshold|overloaded)/gm)).toHaveLength(6)
  })

  it('escapes the name that somebody gave to a service', async () => {
    expect(await page()).toContain('name="the \\"web\\"\\nof C:\\\\"')
  })

  it('has nine series for each of 10,000 real servers without thresholds', async () => {
    const text = await pageText(largeSnapshot(100, 100))
    expect(text.match(/^xlvs_real_(?!handshake)/gm)?.length).toBe(90_000)
  })
})
