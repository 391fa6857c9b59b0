// SPDX-License-Identifier: Apache-2.0
// Whether a real server may get new connections, in a word or two.
import type { Standing } from '../../api/contract.js'
import type { Look } from '../look.js'

/** 'up', 'up: slow-start', 'down: timeout', 'drained', '-' */
export function standingText(standing: Standing | undefined): string {
  if (standing === undefined || standing.reason === 'unchecked') return '-'
  const { up, reason } = standing
  if (reason === 'drained' || reason === 'quiesced') return reason
  if (up) return reason === 'healthy' ? 'up' : `up: ${reason}`
  return `down: ${reason}`
}

export function paintStanding(standing: Standing | undefined, text: string, look: Look): string {
  if (standing === undefined || text === '-') return text
  if (standing.reason === 'drained' || standing.reason === 'quiesced') return look.warn(text)
  return standing.up ? look.good(text) : look.bad(text)
}
