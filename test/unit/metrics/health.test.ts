// SPDX-License-Identifier: Apache-2.0
import { describe, expect, it } from 'vitest'
import { pageText, samplesOf, snapshotOf } from './given.js'

describe('the series about health', () => {
  it('are there for those who are checked or drained, in the maps or not', async () => {
    const text = await pageText(snapshotOf(), {
      health: [
        {
          match: { vip: '192.0.2.10', port: 80, protocol: 'tcp' },
          quorum: false,
          reals: [
            { name: '192.0.2.21', up: false, failures: 3, drained: false },
            { name: '192.0.2.22', drained: true },
          ],
        },
        { match: { mark: 6, family: 4 }, reals: [{ name: '192.0.2.21:8080', up: true, drained: false }] },
      ],
    })
    const about = [...samplesOf(text)].filter(([name]) => /^xlvs_(real|service)_/.test(name))
    expect(about).toEqual([
      ['xlvs_service_quorum{vip="192.0.2.10",port="80",proto="tcp"}', '0'],
      ['xlvs_real_up{vip="192.0.2.10",port="80",proto="tcp",real="192.0.2.21"}', '0'],
      ['xlvs_real_up{vip="",port="",proto="fwm",mark="6",real="192.0.2.21:8080"}', '1'],
      ['xlvs_real_check_failures_total{vip="192.0.2.10",port="80",proto="tcp",real="192.0.2.21"}', '3'],
      ['xlvs_real_drained{vip="192.0.2.10",port="80",proto="tcp",real="192.0.2.22"}', '1'],
    ])
  })
})
