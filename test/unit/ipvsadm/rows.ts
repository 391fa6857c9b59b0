// SPDX-License-Identifier: Apache-2.0
// Rows of the daemon's listings with little in them.
import type { ConnRow, RealRow, ServiceRow, TemplateRow } from '../../../src/api/contract.js'
import { serviceKey } from '../../../src/model/keys.js'
import type { ServiceMatch } from '../../../src/model/types.js'

const NOTHING = {
  rates: { cps: 0, inPps: 0, inBps: 0 },
  sinceZero: { connections: 0, packets: 0, bytes: 0 },
  active: 0,
  inactive: 0,
  persistent: 0,
  connections: 0,
  packets: 0,
  bytes: 0,
}

export const WEB: ServiceMatch = { vip: '10.0.1.1', port: 80, protocol: 'tcp' }

export function serviceRow(match: ServiceMatch = WEB, rest: Partial<ServiceRow> = {}): ServiceRow {
  const none = { ...NOTHING, reals: 0, drained: 0, down: 0, quiesced: 0 }
  return { ...none, service: serviceKey(match), match, scheduler: 'rr', ...rest }
}

export function realRow(address: string, rest: Partial<RealRow> = {}): RealRow {
  const service = serviceKey(WEB)
  return {
    ...NOTHING,
    service,
    real: `${service} > ${address}`,
    address,
    port: 80,
    weight: 1,
    effectiveWeight: 1,
    upper: 0,
    lower: 0,
    overloaded: false,
    nexthop: { state: 'up' },
    ...rest,
  }
}

export function connRow(rest: Partial<ConnRow> = {}): ConnRow {
  return {
    protocol: 'tcp',
    client: '192.168.0.1',
    clientPort: 1000,
    vip: '10.0.1.1',
    virtualPort: 80,
    real: '10.0.2.1',
    realPort: 80,
    state: 'SYN_RECV',
    expiresIn: 59,
    controlled: false,
    ...rest,
  }
}

export function templateRow(rest: Partial<TemplateRow> = {}): TemplateRow {
  return {
    protocol: 'tcp',
    clientNet: '192.168.0.1',
    vip: '10.0.1.1',
    virtualPort: 80,
    real: '10.0.2.1',
    realPort: 80,
    assured: false,
    controls: 0,
    timeout: 100,
    expiresIn: 99,
    ...rest,
  }
}
