// SPDX-License-Identifier: Apache-2.0
// What xlvs and keepalived's VRRP tell each other: who is master, and whether this director can serve. No I/O.

/** Where they meet. VRRP itself stays keepalived's. */
export interface VrrpWish {
  /** FIFO that keepalived writes changes of state to (its vrrp_notify_fifo) */
  readonly notifyFifo?: string
  /** file that keepalived watches (its track_file): 0 while this director can serve, -1 while it cannot */
  readonly trackFile?: string
  /** it cannot serve when 'all' services, or 'any' one of them, have no usable real server; absent = 'all' */
  readonly lostWhen?: LostWhen
}

export type LostWhen = 'all' | 'any'
export const LOST_WHEN: readonly LostWhen[] = ['all', 'any']

export const VRRP_STATES = ['MASTER', 'BACKUP', 'FAULT', 'STOP', 'DELETED'] as const
export type VrrpState = (typeof VRRP_STATES)[number]

/** One line of the FIFO: `INSTANCE "VI_1" MASTER 100`. */
export interface VrrpNotice {
  readonly kind: 'instance' | 'group'
  readonly name: string
  readonly state: VrrpState
  /** of an instance */
  readonly priority?: number
}

/** What is known of an instance or group. */
export interface VrrpStanding extends VrrpNotice {
  /** ms since the epoch: when it came into this state */
  readonly since: number
}

const LINE = /^(INSTANCE|GROUP)\s+"([^"]+)"\s+([A-Z_]+)(?:\s+(\d+))?\s*$/
/** Changes of priority that keepalived tells too, where it is configured to: the state stays. */
const OTHER: Readonly<Record<string, VrrpState>> = {
  MASTER_RX_LOWER_PRI: 'MASTER',
  MASTER_PRIORITY: 'MASTER',
  BACKUP_PRIORITY: 'BACKUP',
}

/** keepalived.conf(5), vrrp_notify_fifo. Undefined: a line of another kind. */
export function parseNotice(line: string): VrrpNotice | undefined {
  const [, kind, name, word = '', priority] = LINE.exec(line.trim()) ?? []
  const state = OTHER[word] ?? VRRP_STATES.find((known) => known === word)
  if (name === undefined || state === undefined) return undefined
  return {
    kind: kind === 'GROUP' ? 'group' : 'instance',
    name,
    state,
    ...(priority !== undefined && kind === 'INSTANCE' && { priority: Number(priority) }),
  }
}

/** `usable`: of each service, whether it has a real server that can serve. Nothing to serve: nothing is lost. */
export function canServe(usable: readonly boolean[], lostWhen: LostWhen = 'all'): boolean {
  if (usable.length === 0) return true
  return lostWhen === 'any' ? usable.every(Boolean) : usable.some(Boolean)
}
