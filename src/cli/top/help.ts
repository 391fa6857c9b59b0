// SPDX-License-Identifier: Apache-2.0
// The keys, and what the columns mean. Pure.
import { clip, exactly } from './cells.js'
import type { Body } from './frame.js'

const KEYS: readonly (readonly [string, string])[] = [
  ['arrows, j k', 'move; PgUp PgDn Home End, g G'],
  ['Enter, right', 'the real servers of a service'],
  ['Esc, left', 'back; first takes a filter away'],
  ['Tab, 1 2 3', 'overview, services, drops'],
  ['s S, r', 'sort by the next, the last; reverse'],
  ['/', 'filter: Enter keeps it, Esc clears it'],
  ['p, Space', 'pause; ask now'],
  ['+ -', 'ask less often, more often'],
  ['Ctrl-L, Ctrl-Z', 'draw anew; stop, fg comes back'],
  ['q, Ctrl-C', 'quit'],
]

const NOTES: readonly string[] = [
  'PKT/S CONN/S BIT/S: of what clients send, since',
  'the last poll; replies bypass the director.',
  'SHARE: of the connections held; DUE: by weight.',
  'P50 P99: handshake times, SYN to first ACK:',
  "they include the client's path.",
]

export const helpBody: Body = (_, { columns }, look) => {
  const { more } = look.signs
  const keys = KEYS.map(([key, what]) => [exactly(key, 15, more), clip(what, columns - 16, more)] as const)
  return [
    '',
    ...keys.map(([key, what]) => `${look.bold(key)} ${what}`),
    '',
    ...NOTES.map((note) => look.dim(clip(note, columns, more))),
  ]
}
