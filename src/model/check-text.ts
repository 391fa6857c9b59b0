// SPDX-License-Identifier: Apache-2.0
// Checks and policies as one line of text, what goes without saying left out: 'tcp, http asks=[{"path":"/health"}]'.
import { briefCheck } from './check-specs.js'
import { type Check, DEFAULT_HEALTH, type HealthPolicy, type Notify } from './checks.js'
import { harmless } from './describe.js'
import { wordOf } from './judge.js'
import type { ServiceMatch } from './types.js'

/** Of an address; for a mark, via=real is said. */
const ANY: ServiceMatch = { vip: '', port: 0, protocol: 'tcp' }

/** '' when there are none. */
export function checksText(checks: readonly Check[]): string {
  return checks
    .map((check) => {
      const { kind, ...rest } = briefCheck(check, ANY)
      return [kind, ...wordTexts(rest)].join(' ')
    })
    .join(', ')
}

/** '' for the default. */
export function healthText(health: HealthPolicy): string {
  const usual = new Map<string, unknown>(Object.entries(DEFAULT_HEALTH))
  const differs = Object.entries(health).filter(([key, value]) => value !== usual.get(key))
  return wordTexts(Object.fromEntries(differs)).join(' ')
}

export function notifyText(notify: Notify): string {
  return wordTexts(notify).join(' ')
}

/** In one order, however the words were given. */
function wordTexts(words: object): string[] {
  return Object.entries(words)
    .sort(([a], [b]) => (a < b ? -1 : 1))
    .map(([key, value]) => {
      const text = typeof value === 'object' ? JSON.stringify(value) : String(value)
      return harmless(`${wordOf(key)}=${text}`)
    })
}
