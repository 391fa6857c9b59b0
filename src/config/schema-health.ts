// SPDX-License-Identifier: Apache-2.0
// The shape of `health`: what follows for a service from the health of its real servers.
import { z } from 'zod'
import { CHECK_SECONDS, HYSTERESIS, QUORUM, RETRIES } from '../model/check-values.js'
import { DEFAULT_HEALTH, DEFAULT_PASSIVE } from '../model/checks.js'
import { command, duration, flag } from './schema-checks.js'
import { realAddress } from './schema-names.js'
import { choice, map, whole, wrongKind } from './schema-words.js'

export const onDown = choice('on-down', ['quiesce', 'remove'])
  .optional()
  .describe('quiesce: weight 0, connections live on; remove: out of the service')

export const notify = map('notify', {
  up: command('up', 'program that is told, or program and arguments; no shell').optional(),
  down: command('down', 'program that is told, or program and arguments; no shell').optional(),
})

const passive = z.union(
  [
    z.boolean(),
    map('passive', {
      retries: whole(
        'retries',
        RETRIES,
        "clients' repeated SYNs within a second that take a server out",
        DEFAULT_PASSIVE.retries,
      ).optional(),
      pause: duration('pause', CHECK_SECONDS, 'until it is tried again', DEFAULT_PASSIVE.pause).optional(),
      most: duration(
        'most',
        CHECK_SECONDS,
        'longest pause: each doubles it',
        DEFAULT_PASSIVE.most,
      ).optional(),
    }),
  ],
  { error: wrongKind('passive', 'write true, false, or {retries: 3, pause: 5, most: 300}') },
)

export const health = map('health', {
  quorum: whole('quorum', QUORUM, 'sum of the weights that must be up', DEFAULT_HEALTH.quorum).optional(),
  hysteresis: whole(
    'hysteresis',
    HYSTERESIS,
    'lost below quorum - hysteresis, gained at quorum + hysteresis',
    DEFAULT_HEALTH.hysteresis,
  ).optional(),
  sorry: realAddress.optional(),
  'sorry-inhibit': flag('sorry-inhibit', 'the sorry server stands in the service with weight 0'),
  'on-down': onDown,
  alpha: flag('alpha', 'real servers are down until their first good answer'),
  omega: flag('omega', 'programs are told when the daemon ends its checks'),
  'fail-open': flag('fail-open', 'when all are down, use all rather than none'),
  'slow-start': duration(
    'slow-start',
    CHECK_SECONDS,
    'over which the weight of one that comes up rises',
  ).optional(),
  passive: passive.optional().describe("take out servers that do not answer clients' SYNs"),
  notify: notify.optional().describe('programs that are told when the quorum is gained and lost'),
})

export type HealthShape = z.infer<typeof health>
export type NotifyShape = z.infer<typeof notify>
