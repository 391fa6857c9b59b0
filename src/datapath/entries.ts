// SPDX-License-Identifier: Apache-2.0
// Connections and templates as they are listed, and which of them.
import type { AddressText, Protocol, ServiceKey } from '../model/types.js'

export interface ConnFilter {
  readonly service?: ServiceKey
  readonly real?: AddressText
  readonly client?: AddressText
  /** stop after so many */
  readonly limit?: number
}

export interface ConnEntry {
  readonly protocol: Protocol
  readonly client: AddressText
  readonly clientPort: number
  readonly vip: AddressText
  readonly virtualPort: number
  readonly real: AddressText
  readonly realPort: number
  readonly realId: number
  /** IPVS's names: 'ESTABLISHED', 'SYN_RECV', 'UDP', 'C-SENT', ... */
  readonly state: string
  /** s */
  readonly expiresIn: number
  /** made through a persistence template */
  readonly controlled: boolean
}

export interface TemplateEntry {
  /** 'ip': of a mark, whatever the protocol */
  readonly protocol: Protocol | 'ip'
  /** network part of the client's address */
  readonly clientNet: AddressText
  /** of a mark: the mark as an address, 0.0.0.6 or 0:6::, as IPVS has it */
  readonly vip: AddressText
  /** 0: any */
  readonly virtualPort: number
  readonly real: AddressText
  /** 0: that of the packet; 65535, as the virtual port then is too: disabled, another template took its place */
  readonly realPort: number
  readonly realId: number
  /** one of its connections was ESTABLISHED */
  readonly assured: boolean
  /** connections it controls */
  readonly controls: number
  /** s */
  readonly timeout: number
  /** s */
  readonly expiresIn: number
}
