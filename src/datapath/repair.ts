// SPDX-License-Identifier: Apache-2.0
// Repair: something in the maps or on an interface was not what this controller had made of it, and is again.

export type RepairKind =
  | 'vip'
  | 'real'
  | 'service'
  | 'directory'
  | 'settings'
  | 'nexthop'
  | 'port'
  | 'interface'
  | 'link'

export interface Repair {
  readonly kind: RepairKind
  /** 'real server 192.0.2.21', 'the pin of eth0' */
  readonly what: string
}
