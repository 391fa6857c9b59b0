// SPDX-License-Identifier: Apache-2.0
// What the doctor says: one finding per thing looked at. Red is broken or about to be, yellow is worse than it could be.

export type Level = 'green' | 'yellow' | 'red'

/** Everything that is looked at, in the order it is reported. */
export const CHECKS = [
  'capabilities',
  'kernel',
  'bpffs',
  'jit',
  'clock',
  'limits',
  'config',
  'daemon',
  'state',
  'interface',
  'program',
  'queues',
  'lro',
  'gro',
  'vlan-offload',
  'mtu',
  'vip',
  'arp',
  'nexthop',
  'neighbour',
  'through-vip',
  'table',
  'losses',
  'ipvs',
] as const
export type Check = (typeof CHECKS)[number]

export interface Finding {
  readonly check: Check
  readonly level: Level
  /** what was looked at: an interface, a VIP, a table */
  readonly subject?: string
  /** one sentence without a full stop */
  readonly says: string
  /** a shell command that mends it as it stands */
  readonly fix?: string
  /** what to do where no command of this machine can */
  readonly advice?: string
}

export function isSick(findings: readonly Finding[]): boolean {
  return findings.some(({ level }) => level === 'red')
}

/** One word of a shell command. */
export function shellWord(text: string): string {
  return /^[\w./:@%+=-]+$/.test(text) ? text : `'${text.replaceAll("'", `'\\''`)}'`
}
