// SPDX-License-Identifier: Apache-2.0
// Every word of ipvsadm's command line: how it is spelt, whether a value follows, which command or option it is.

export type CommandName =
  | 'add-service'
  | 'edit-service'
  | 'delete-service'
  | 'flush'
  | 'list'
  | 'add-server'
  | 'delete-server'
  | 'edit-server'
  | 'set'
  | 'start-daemon'
  | 'stop-daemon'
  | 'restore'
  | 'save'
  | 'zero'

/** In the order in which ipvsadm looks at them: the first that is wrong is the one it complains about. */
export const OPTIONS = [
  'numeric',
  'connection',
  'service-address',
  'scheduler',
  'persistent',
  'netmask',
  'real-server',
  'forwarding-method',
  'weight',
  'u-threshold',
  'l-threshold',
  'mcast-interface',
  'timeout',
  'daemon',
  'stats',
  'rate',
  'thresholds',
  'persistent-conn',
  'nosort',
  'syncid',
  'exact',
  'ops',
  'pe',
  'sched-flags',
  'mcast-group',
  'mcast-port',
  'mcast-ttl',
  'sync-maxlen',
  'tun-info',
  'tun-type',
  'tun-port',
  'tun-nocsum',
  'tun-csum',
  'tun-remcsum',
] as const
export type OptionName = (typeof OPTIONS)[number]

export interface Word {
  readonly long: string
  readonly short?: string
  /** 'maybe': what follows, unless that begins with '-' */
  readonly value: 'none' | 'text' | 'maybe'
  readonly is:
    | { readonly command: CommandName | 'help' | 'version' }
    | { readonly option: OptionName }
    /** may be repeated and is no option to ipvsadm's tables */
    | { readonly free: 'ipv6' | 'sort' }
}

export const WORDS: readonly Word[] = [
  command('add-service', 'A'),
  command('edit-service', 'E'),
  command('delete-service', 'D'),
  command('flush', 'C', 'clear'),
  command('list', 'L'),
  command('list', 'l'),
  command('zero', 'Z'),
  command('add-server', 'a'),
  command('edit-server', 'e'),
  command('delete-server', 'd'),
  command('set', undefined),
  command('help', 'h'),
  command('version', 'v'),
  command('restore', 'R'),
  command('save', 'S'),
  { ...command('start-daemon', undefined), value: 'text' },
  { ...command('stop-daemon', undefined), value: 'text' },
  valued('service-address', 't', 'tcp-service'),
  valued('service-address', 'u', 'udp-service'),
  valued('service-address', undefined, 'sctp-service'),
  valued('service-address', 'f', 'fwmark-service'),
  valued('scheduler', 's'),
  { ...valued('persistent', 'p'), value: 'maybe' },
  valued('netmask', 'M'),
  valued('real-server', 'r'),
  plain('forwarding-method', 'm', 'masquerading'),
  plain('forwarding-method', 'i', 'ipip'),
  plain('forwarding-method', 'g', 'gatewaying'),
  valued('weight', 'w'),
  valued('u-threshold', 'x'),
  valued('l-threshold', 'y'),
  plain('numeric', 'n'),
  plain('connection', 'c'),
  valued('mcast-interface'),
  valued('mcast-group'),
  valued('mcast-port'),
  valued('mcast-ttl'),
  valued('syncid'),
  valued('sync-maxlen'),
  plain('timeout'),
  plain('daemon'),
  plain('stats'),
  plain('rate'),
  plain('thresholds'),
  plain('persistent-conn'),
  plain('tun-info'),
  plain('nosort'),
  { long: 'sort', value: 'none', is: { free: 'sort' } },
  plain('exact', 'X'),
  { long: 'ipv6', short: '6', value: 'none', is: { free: 'ipv6' } },
  plain('ops', 'o'),
  valued('pe'),
  valued('sched-flags', 'b'),
  valued('tun-type'),
  valued('tun-port'),
  plain('tun-nocsum'),
  plain('tun-csum'),
  plain('tun-remcsum'),
]

function command(
  name: CommandName | 'help' | 'version',
  short: string | undefined,
  long: string = name,
): Word {
  return { long, ...(short === undefined ? {} : { short }), value: 'none', is: { command: name } }
}

function valued(option: OptionName, short?: string, long: string = option): Word {
  return { ...plain(option, short, long), value: 'text' }
}

function plain(option: OptionName, short?: string, long: string = option): Word {
  return { long, ...(short === undefined ? {} : { short }), value: 'none', is: { option } }
}
