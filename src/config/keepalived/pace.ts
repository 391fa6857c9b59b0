// SPDX-License-Identifier: Apache-2.0
// How often and how patiently a checker asks: its own words, else its real server's, else its virtual server's, else
// what keepalived.conf(5) gives for its kind.
import { CHECK_SECONDS, IN_A_ROW, RETRY_SECONDS } from '../../model/check-values.js'
import type { CheckTiming } from '../../model/checks.js'
import type { Range } from '../../model/rules.js'
import { lastOf } from './real-server.js'
import type { Remarks } from './remarks.js'
import type { Statement } from './tree.js'

/** From the innermost outwards. */
export type Levels = readonly (readonly Statement[])[]

const DELAY_LOOP = 60
const CONNECT_TIMEOUT = 5
const RETRY = 1
const RETRIES: Readonly<Record<string, number>> = { DNS_CHECK: 3, MISC_CHECK: 0 }
const DELAY_BEFORE_RETRY = 1
const DELAYS_BEFORE_RETRY: Readonly<Record<string, number>> = { HTTP_GET: 3, SSL_GET: 3 }

export function inherited(levels: Levels, keyword: string): Statement | undefined {
  for (const level of levels) {
    const line = lastOf(level, keyword)
    if (line !== undefined) return line
  }
  return undefined
}

/** One good answer is enough; so many failures as there are retries are overlooked. */
export function paceOf(kind: string, levels: Levels, remarks: Remarks): CheckTiming {
  const number = (keyword: string, standard: number, range: Range) => {
    const line = inherited(levels, keyword)
    return line === undefined ? standard : clamped(line, Number(line.args[0]), range, remarks)
  }
  const interval = number('delay_loop', DELAY_LOOP, CHECK_SECONDS)
  const retries = number('retry', RETRIES[kind] ?? RETRY, [0, IN_A_ROW[1] - 1])
  const standard = kind === 'DNS_CHECK' ? interval : (DELAYS_BEFORE_RETRY[kind] ?? DELAY_BEFORE_RETRY)
  const retryInterval = number('delay_before_retry', standard, RETRY_SECONDS)
  const warmup = number('warmup', interval, RETRY_SECONDS)
  return {
    interval,
    timeout: timeoutOf(kind, levels, interval, number),
    rise: 1,
    fall: retries + 1,
    ...(retries === 0 || retryInterval === interval ? {} : { retryInterval }),
    ...(warmup === interval ? {} : { warmup }),
  }
}

/** A script without a time, or with none, has that of one loop. */
function timeoutOf(
  kind: string,
  levels: Levels,
  interval: number,
  number: (keyword: string, standard: number, range: Range) => number,
): number {
  if (kind !== 'MISC_CHECK') return number('connect_timeout', CONNECT_TIMEOUT, CHECK_SECONDS)
  const none = Number(inherited(levels, 'misc_timeout')?.args[0] ?? 0) === 0
  return none ? interval : number('misc_timeout', interval, CHECK_SECONDS)
}

function clamped(line: Statement, value: number, [low, high]: Range, remarks: Remarks): number {
  const near = Math.min(high, Math.max(low, value))
  if (near !== value) remarks.adjusted(line, { reason: `${value} becomes ${near}: xlvs has ${low}..${high}` })
  return near
}
