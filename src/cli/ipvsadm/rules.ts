// SPDX-License-Identifier: Apache-2.0
// Which options a command needs and allows, and the tunnel types theirs. What is in neither list is illegal.
import type { CommandName, OptionName } from './words.js'

export interface Rule {
  readonly needs?: readonly OptionName[]
  readonly allows?: readonly OptionName[]
  /** at most one of these */
  readonly either?: readonly OptionName[]
}

const SERVICE: Rule = {
  needs: ['service-address'],
  allows: ['scheduler', 'persistent', 'netmask', 'ops', 'pe', 'sched-flags'],
}

const SERVER: Rule = {
  needs: ['service-address', 'real-server'],
  allows: [
    'forwarding-method',
    'weight',
    'u-threshold',
    'l-threshold',
    'tun-type',
    'tun-port',
    'tun-nocsum',
    'tun-csum',
    'tun-remcsum',
  ],
}

export const COMMANDS: Readonly<Record<CommandName, Rule>> = {
  'add-service': SERVICE,
  'edit-service': SERVICE,
  'delete-service': { needs: ['service-address'] },
  flush: {},
  list: {
    allows: [
      'numeric',
      'stats',
      'rate',
      'thresholds',
      'persistent-conn',
      'nosort',
      'syncid',
      'exact',
      'tun-info',
    ],
    either: ['connection', 'service-address', 'timeout', 'daemon'],
  },
  'add-server': SERVER,
  'delete-server': { needs: ['service-address', 'real-server'] },
  'edit-server': SERVER,
  set: {},
  'start-daemon': {
    allows: ['mcast-interface', 'syncid', 'mcast-group', 'mcast-port', 'mcast-ttl', 'sync-maxlen'],
  },
  'stop-daemon': { allows: ['syncid'] },
  restore: {},
  save: { allows: ['numeric'] },
  zero: { allows: ['service-address'] },
}

export const TUNNELS: Readonly<Record<string, Rule>> = {
  ipip: { allows: ['tun-type'] },
  gue: {
    needs: ['tun-port'],
    allows: ['tun-type'],
    either: ['tun-nocsum', 'tun-csum', 'tun-remcsum'],
  },
  gre: { allows: ['tun-type'], either: ['tun-nocsum', 'tun-csum'] },
}
