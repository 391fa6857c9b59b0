// SPDX-License-Identifier: Apache-2.0
// -L: the table of services and real servers in one of its views.
import type { EndpointText } from './endpoints.js'
import { type Group, isIPv6, markText, protocolOf } from './rows.js'
import { listedTerms } from './terms.js'
import type { View } from './views.js'

/** IPv4 names are cut there, IPv6 ones are not. */
const SERVICE_WIDTH = 33
const REAL_WIDTH = 28

export function tableLines(groups: readonly Group[], view: View, text: EndpointText): readonly string[] {
  return [...view.title, ...groups.flatMap((group) => groupLines(group, view, text))]
}

/** Of the whole table, above it. */
export function sizeLine(size: number): string {
  return `IP Virtual Server version 1.2.1 (size=${size})`
}

function groupLines(group: Group, view: View, text: EndpointText): readonly string[] {
  const { service, reals } = group
  const cut = (name: string, width: number) => (isIPv6(group) ? name : name.slice(0, width))
  return [
    view.service(service, cut(serviceName(group, text), SERVICE_WIDTH), listedTerms(service)),
    ...reals.map((real) =>
      view.real(real, cut(text(real.address, real.port, protocolOf(group)), REAL_WIDTH)),
    ),
  ]
}

function serviceName({ service: { match } }: Group, text: EndpointText): string {
  if (match.mark !== undefined) return `FWM  ${markText(match.mark)}${match.family === 6 ? ' IPv6' : ''}`
  return `${match.protocol.toUpperCase().padEnd(4)} ${text(match.vip, match.port, match.protocol)}`
}
