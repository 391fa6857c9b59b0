// SPDX-License-Identifier: Apache-2.0
// Listings that may be a million rows long: written piece by piece, with room for other work between the pieces.
import { setImmediate } from 'node:timers/promises'
import { toJson } from '../api/json.js'

/** An answer that is written while it is made. */
export interface Streamed {
  readonly pieces: AsyncIterable<string>
  /** 'application/json' unless told */
  readonly type?: string
  /** Nobody reads any more: the pieces end soon, even when none would come for long. */
  readonly end?: () => void
}

const ROWS_PER_PIECE = 1_000

/**
 * The text of a Listing; limit 0 or none = all. An undefined among the rows is no row: it says that a stretch of the
 * table had nothing to show, and is a moment for other work too.
 */
export function listed<Row>(rows: Iterator<Row | undefined>, limit = 0): Streamed {
  return { pieces: pieces(rows, limit > 0 ? limit : Number.POSITIVE_INFINITY) }
}

export function isStreamed(value: unknown): value is Streamed {
  return typeof value === 'object' && value !== null && 'pieces' in value
}

async function* pieces<Row>(rows: Iterator<Row | undefined>, limit: number): AsyncGenerator<string> {
  let text = '{"rows":['
  let written = 0
  let more = false
  for (let next = rows.next(); !next.done; next = rows.next()) {
    const row = next.value
    more = row !== undefined && written === limit
    if (more) break
    if (row !== undefined) {
      text += (written > 0 ? ',' : '') + toJson(row)
      written += 1
      if (written % ROWS_PER_PIECE > 0) continue
    }
    if (text !== '') yield text
    text = ''
    await setImmediate()
  }
  rows.return?.()
  yield `${text}],"more":${more}}`
}
