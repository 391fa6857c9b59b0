// SPDX-License-Identifier: Apache-2.0
import { describe, expect, it } from 'vitest'
import { LATENCY_BOUNDS_US, NO_LATENCY } from '../../../src/model/latency.js'
import { pageText, realOf, samplesOf, serviceOf, snapshotOf } from './given.js'

const buckets = NO_LATENCY.buckets.map((_, i) => (i === 0 ? 2 : i === 2 ? 3 : i === 13 ? 1 : 0))
const latency = { count: 6, sumUs: 2_345_600n, buckets }
const snapshot = snapshotOf({
  services: [
    serviceOf({ latency, reals: [realOf({ latency }), realOf({ id: 2, address: '192.0.2.22' })] }),
    serviceOf({
      ...{ id: 2, key: 'udp 192.0.2.10:53', match: { vip: '192.0.2.10', port: 53, protocol: 'udp' } },
      reals: [realOf({ id: 3, port: 53 })],
    }),
  ],
})

async function histogram(labels: string): Promise<Readonly<Record<string, string>>> {
  const samples = [...samplesOf(await pageText(snapshot))]
  const mine = samples.filter(([name]) => name.includes('_handshake_seconds') && name.includes(`{${labels}`))
  return Object.fromEntries(
    mine.map(([name, value]) => [name.replace(`{${labels}`, '{').replace('{,', '{'), value]),
  )
}

describe('handshake times', () => {
  it('are cumulative histograms in seconds', async () => {
    const all = await histogram('vip="192.0.2.10",port="80",proto="tcp",real="192.0.2.21"')
    const bucket = (le: string) => Number(all[`xlvs_real_handshake_seconds_bucket{le="${le}"}`])
    expect(['0.00025', '0.0005', '0.001', '0.002', '1.024', '+Inf'].map(bucket)).toEqual([2, 2, 5, 5, 5, 6])
    expect(Object.keys(all)).toHaveLength(LATENCY_BOUNDS_US.length + 3)
    expect(all['xlvs_real_handshake_seconds_sum{}']).toBe('2.3456')
    expect(all['xlvs_real_handshake_seconds_count{}']).toBe('6')
  })

  it('are there at 0 before the first client, and of services too', async () => {
    const none = await histogram('vip="192.0.2.10",port="80",proto="tcp",real="192.0.2.22"')
    expect(new Set(Object.values(none))).toEqual(new Set(['0']))
    expect(Object.keys(none)).toHaveLength(LATENCY_BOUNDS_US.length + 3)
    const service = await histogram('vip="192.0.2.10",port="80",proto="tcp"')
    expect(service['xlvs_service_handshake_seconds_count{}']).toBe('6')
  })

  it('are not there where there are no handshakes', async () => {
    expect(await histogram('vip="192.0.2.10",port="53"')).toEqual({})
  })

  it('say that the path of the client is in them', async () => {
    const helps = (await pageText(snapshot)).match(/^# HELP xlvs_\w+_handshake_seconds .*$/gm)
    expect(helps).toHaveLength(2)
    for (const help of helps ?? []) expect(help).toContain("the client's path included")
  })
})
