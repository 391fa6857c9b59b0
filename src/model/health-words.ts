// SPDX-License-Identifier: Apache-2.0
// Why a real server stands as it does, in words: the one table of them.
import type { FailureReason, StandingReason } from './checks.js'

/** What each failure means, after 'down: '. What exactly was seen is in the detail that goes with it. */
export const DOWN_REASONS: Readonly<Record<FailureReason, string>> = {
  refused: 'it refuses connections: nothing listens on that port',
  timeout: 'no answer in time',
  unreachable: 'it cannot be reached: no route, or no neighbour answers',
  'vip-missing': 'it answers at its own address but not at the VIP: the VIP is not on its loopback',
  closed: 'it closes the connection before it has answered',
  tls: 'the TLS handshake fails',
  status: 'it answers with an error status',
  body: 'the content of its answer is not as wanted',
  protocol: 'its answer is not in the protocol that is asked for',
  'not-serving': 'it says that it is not serving',
  script: 'the check program says that it is bad',
  'cannot-check': 'the check itself cannot be made: the fault is on this director',
}

/** A sentence without its full stop for every reason. */
export const STANDING_REASONS: Readonly<Record<StandingReason, string>> = {
  ...DOWN_REASONS,
  unchecked: 'nobody checks it, so it counts as up',
  waiting: 'its first answer is awaited',
  healthy: 'its checks are good',
  'slow-start': 'it came up a moment ago, and its weight is rising',
  swallows: "clients' connection attempts get no answer from it",
  'fail-open':
    'all real servers of the service are down, and the service is set to use them rather than none',
  drained: 'an operator drains it',
  quiesced: 'its weight is 0: it gets no new connections',
}
