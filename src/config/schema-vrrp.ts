// SPDX-License-Identifier: Apache-2.0
// Where xlvs and keepalived's VRRP meet, in the file.
import { pathFault } from '../model/rules.js'
import { LOST_WHEN } from '../model/vrrp.js'
import * as patterns from './patterns.js'
import { choice, map, text } from './schema-words.js'

export const vrrp = map('vrrp', {
  'notify-fifo': path('notify-fifo', "FIFO of keepalived's vrrp_notify_fifo: who is master").optional(),
  'track-file': path(
    'track-file',
    "keepalived's track_file: 0, or -1 while nothing can be served",
  ).optional(),
  'lost-when': choice('lost-when', LOST_WHEN, 'all')
    .optional()
    .describe('services without a usable real server at which nothing can be served'),
})

function path(key: string, about: string) {
  return text(key, '/run/keepalived/notify', (value) => pathFault(key, value), {
    description: about,
    pattern: patterns.PATH_PATTERN,
    examples: ['/run/keepalived/notify'],
  })
}
