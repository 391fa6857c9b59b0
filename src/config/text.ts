// SPDX-License-Identifier: Apache-2.0
// Bytes of a file -> text, when they are UTF-8 and not too many.
import { succeed } from '../model/describe.js'
import type { Outcome, Problem } from '../model/types.js'
import { MAX_BYTES, placeIn } from './document.js'

export function decodeText(bytes: Uint8Array, file: string): Outcome<string> {
  if (bytes.length > MAX_BYTES) {
    const reason = `the file has ${bytes.length} bytes, more than ${MAX_BYTES}`
    return refuse({
      place: { file, line: 1, column: 1 },
      reason,
      fix: 'give a configuration of xlvs, not data',
    })
  }
  try {
    return succeed(new TextDecoder('utf-8', { fatal: true }).decode(bytes))
  } catch {
    const good = goodPrefix(bytes)
    const text = new TextDecoder().decode(bytes.subarray(0, good), { stream: true })
    const place = placeIn(text, text.length, file)
    return refuse({ place, reason: 'the file is not UTF-8 here', fix: 'save it as UTF-8' })
  }
}

/** How many bytes from the start can be the start of UTF-8 text. */
function goodPrefix(bytes: Uint8Array): number {
  let [good, bad] = [0, bytes.length]
  while (bad - good > 1) {
    const middle = (good + bad) >> 1
    if (decodes(bytes.subarray(0, middle))) good = middle
    else bad = middle
  }
  return good
}

function decodes(bytes: Uint8Array): boolean {
  try {
    new TextDecoder('utf-8', { fatal: true }).decode(bytes, { stream: true })
    return true
  } catch {
    return false
  }
}

function refuse<T>(problem: Problem): Outcome<T> {
  return { ok: false, problems: [problem] }
}
