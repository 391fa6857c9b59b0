// SPDX-License-Identifier: Apache-2.0
// -L -c: connections, and persistence templates among them.
import type { ConnRow, TemplateRow } from '../../../api/contract.js'
import type { AddressText } from '../../../model/types.js'
import type { EndpointText } from './endpoints.js'

/** A template as the connection that IPVS takes it for. */
export function connOf(template: TemplateRow): ConnLine {
  const { clientNet: client, assured } = template
  return { ...template, client, clientPort: 0, state: assured ? 'ASSURED' : 'NONE' }
}

type ConnLine = Omit<ConnRow, 'protocol' | 'controlled'> & { readonly protocol: TemplateRow['protocol'] }

export function addressesOf(rows: readonly ConnLine[]): readonly AddressText[] {
  return rows.flatMap(({ client, vip, real }) => [client, vip, real])
}

/** `engines`: with the columns of persistence engines, of which there is none. */
export function connLines(
  rows: readonly ConnLine[],
  engines: boolean,
  text: EndpointText,
): readonly string[] {
  const columns = ['source', 'virtual', engines ? 'destination'.padEnd(18) : 'destination']
  return [
    'IPVS connection entries',
    [line('pro', 'expire', 'state', columns), ...(engines ? ['pe name'.padEnd(16), 'pe_data'] : [])].join(
      ' ',
    ),
    ...rows.map((row) => connLine(row, text)),
  ]
}

function connLine(row: ConnLine, text: EndpointText): string {
  const protocol = row.protocol === 'ip' ? undefined : row.protocol
  return line(row.protocol.toUpperCase(), clock(row.expiresIn), row.state, [
    text(row.client, row.clientPort, protocol),
    text(row.vip, row.virtualPort, protocol),
    text(row.real, row.realPort, protocol),
  ])
}

function line(protocol: string, expire: string, state: string, ends: readonly string[]): string {
  const [source = '', virtual = '', destination = ''] = ends
  return [
    protocol.padEnd(3),
    expire.padEnd(6),
    state.padEnd(11),
    source.padEnd(18),
    virtual.padEnd(18),
    destination,
  ].join(' ')
}

/** Minutes may need more than two digits. */
function clock(seconds: number): string {
  const whole = Math.max(0, Math.floor(seconds))
  return [Math.floor(whole / 60), whole % 60].map((part) => String(part).padStart(2, '0')).join(':')
}
