// SPDX-License-Identifier: Apache-2.0
import { describe, expect, it } from 'vitest'
import { healthTexts } from '../../../src/metrics/health.js'

describe('the series about health', () => {
  it('are there for those who are checked or drained', () => {
    const text = [
      ...healthTexts([
        {
          match: { vip: '192.0.2.10', port: 80, protocol: 'tcp' },
          quorum: false,
          reals: [
            { name: '192.0.2.21', up: false, failures: 3, drained: false },
            { name: '192.0.2.22', drained: true },
          ],
        },
        { match: { mark: 6, family: 4 }, reals: [{ name: '192.0.2.21:8080', up: true, drained: false }] },
      ]),
    ].join('')
    const samples = text.split('\n').filter((line) => line !== '' && !line.startsWith('#'))
    expect(samples).toEqual([
      'xlvs_real_up{vip="192.0.2.10",port="80",proto="tcp",real="192.0.2.21"} 0',
      'xlvs_real_up{vip="",port="",proto="fwm",mark="6",real="192.0.2.21:8080"} 1',
      'xlvs_real_check_failures_total{vip="192.0.2.10",port="80",proto="tcp",real="192.0.2.21"} 3',
      'xlvs_real_drained{vip="192.0.2.10",port="80",proto="tcp",real="192.0.2.22"} 1',
      'xlvs_service_quorum{vip="192.0.2.10",port="80",proto="tcp"} 0',
    ])
    expect([...text.matchAll(/^# TYPE/gm)]).toHaveLength(4)
  })
})
