// SPDX-License-Identifier: Apache-2.0
import { expect, it } from 'vitest'
import { parseYaml } from '../../../src/config/yaml.js'
import { healthNotices } from '../../../src/model/health-notices.js'

function notices(lines: string, real = '192.0.2.21'): readonly string[] {
  const outcome = parseYaml(`services:\n- {vip: "192.0.2.10:80", reals: [${real}], ${lines}}`, 'lb.yaml')
  return outcome.ok ? healthNotices(outcome.value) : outcome.problems.map(({ reason }) => reason)
}

it.each([
  ['checks: [tcp]'],
  ['checks: [{kind: tcp, interval: 1, timeout: 1}]'],
  ['checks: [tcp], health: {sorry: 192.0.2.99}'],
  ['health: {sorry: 192.0.2.99, passive: true}'],
])('nothing is said of %s', (lines) => expect(notices(lines)).toEqual([]))

it.each([
  [
    'checks: [{kind: tcp, interval: 1, timeout: 3}]',
    'tcp 192.0.2.10:80: the tcp check may take 3 s and is asked every 1 s: while nothing answers it is asked less often',
  ],
  [
    'checks: [tcp], health: {quorum: 2}',
    'tcp 192.0.2.10:80: its quorum is gained at weight 2, and all its real servers together have 1',
  ],
  [
    'health: {sorry: 192.0.2.99}',
    'tcp 192.0.2.10:80: nothing checks its real servers, so its sorry server serves only when all of them are drained or have weight 0',
  ],
])('something is said of %s', (lines, expected) => expect(notices(lines)).toEqual([expected]))

it('a check of one real server is named with it', () => {
  const real = '{address: 192.0.2.21, checks: [{kind: dns, timeout: 1m}]}'
  expect(notices('name: web', real)).toEqual([
    'tcp 192.0.2.10:80 > 192.0.2.21: the dns check may take 60 s and is asked every 2 s: while nothing answers it is asked less often',
  ])
})
