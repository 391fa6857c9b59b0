// SPDX-License-Identifier: Apache-2.0
// Listings that may be a million rows long: written piece by piece, with room for other work between the pieces.
import { setImmediate } from 'node:timers/promises'
import { toJson } from '../api/json.js'

/** An answer that is written while it is made. */
export interface Streamed {
  readonly pieces: AsyncIterable<string>
}

const ROWS_PER_PIECE = 1_000

/** The text of a Listing; limit 0 or none = all. */
export function listed<Row>(rows: Iterator<Row>, limit = 0): Streamed {
  return { pieces: pieces(rows, limit > 0 ? limit : Number.POSITIVE_INFINITY) }
}

export function isStreamed(value: unknown): value is Streamed {
  return typeof value === 'object' && value !== null && 'pieces' in value
}

async function* pieces<Row>(rows: Iterator<Row>, limit: number): AsyncGenerator<string> {
  let text = '{"rows":['
  let written = 0
  let next = rows.next()
  for (; !next.done && written < limit; next = rows.next()) {
    text += (written > 0 ? ',' : '') + toJson(next.value)
    written += 1
    if (written % ROWS_PER_PIECE > 0) continue
    yield text
    text = ''
    await setImmediate()
  }
  rows.return?.()
  yield `${text}],"more":${!next.done}}`
}
