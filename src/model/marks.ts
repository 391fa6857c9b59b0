// SPDX-License-Identifier: Apache-2.0
// Rules that mark packets: which ports of a VIP carry which number, so that several of them are one service.
import { type Finding, located, type Path } from './findings.js'
import { commonPorts, portsFault, portsText, unitePorts } from './ports.js'
import { choiceFault, type Fault, MARK, PROTOCOLS, rangeFault } from './rules.js'
import { addressFault } from './service-rules.js'
import type { AddressText, MarkRule, PortRange, Protocol } from './types.js'

export interface MarkedRange {
  readonly vip: AddressText
  readonly protocol: Protocol
  /** both included */
  readonly first: number
  readonly last: number
  readonly mark: number
}

/** What is known so far about a rule; wrong parts are absent. */
export type SketchedMark = { readonly [K in 'vip' | 'protocol' | 'ports' | 'mark']?: MarkRule[K] | undefined }

/** 'tcp 192.0.2.10:80,443' */
export function markText({ protocol, vip, ports }: Pick<MarkRule, 'protocol' | 'vip' | 'ports'>): string {
  return `${protocol} ${vip.includes(':') ? `[${vip}]` : vip}:${portsText(ports)}`
}

/** All rules together as ranges, none of which overlap; the rules are valid. */
export function markedRanges(rules: readonly MarkRule[]): readonly MarkedRange[] {
  const merged = new Map<string, { readonly rule: MarkRule; readonly ports: PortRange[] }>()
  for (const rule of rules) {
    const key = `${rule.protocol} ${rule.vip} ${rule.mark}`
    const one = merged.get(key) ?? { rule, ports: [] }
    one.ports.push(...rule.ports)
    merged.set(key, one)
  }
  return [...merged.values()].flatMap(({ rule: { vip, protocol, mark }, ports }) =>
    unitePorts(ports).map(([first, last]) => ({ vip, protocol, first, last, mark })),
  )
}

/** Each value of a rule that some program made. */
export function markFaults(rule: MarkRule, path: Path = []): Finding[] {
  const at = (key: string, fault: Fault | undefined) => located([...path, key], fault)
  return [
    ...at('vip', addressFault('VIP', rule.vip)),
    ...at('protocol', choiceFault('protocol', rule.protocol, PROTOCOLS)),
    ...at('ports', portsFault(rule.ports) ?? untidyFault(rule.ports)),
    ...at('mark', rangeFault('mark', rule.mark, MARK)),
  ]
}

/** Ports cannot carry two marks. */
export function markClash(rule: MarkRule, other: MarkRule): Fault | undefined {
  if (rule.vip !== other.vip || rule.protocol !== other.protocol || rule.mark === other.mark) return undefined
  const ports = commonPorts(rule.ports, other.ports)
  return ports.length === 0 ? undefined : clashFault({ ...rule, ports }, other.mark)
}

/** Rules that mark the same ports differently; each rule is named once. */
export function markClashes(rules: readonly SketchedMark[]): Finding[] {
  const ranges = rules
    .flatMap(({ vip, protocol, ports, mark }, index) =>
      vip === undefined || protocol === undefined || mark === undefined
        ? []
        : (ports ?? []).map(([first, last]) => ({ at: `${protocol} ${vip}`, first, last, mark, index })),
    )
    .sort((a, b) => (a.at < b.at ? -1 : a.at > b.at ? 1 : a.first - b.first))
  const found = new Map<number, Finding>()
  let far: (typeof ranges)[0] | undefined
  for (const range of ranges) {
    if (far !== undefined && far.at === range.at && range.first <= far.last && far.mark !== range.mark) {
      const [early, late] = far.index < range.index ? [far, range] : [range, far]
      const ports: PortRange[] = [[range.first, Math.min(range.last, far.last)]]
      const { vip, protocol } = rules[late.index] as MarkRule
      const fault = clashFault({ vip, protocol, ports }, early.mark)
      const [path, first] = [late, early].map(({ index }): Path => ['marks', index, 'ports'])
      if (!found.has(late.index))
        found.set(late.index, { path: path as Path, first: first as Path, ...fault })
    }
    if (far === undefined || far.at !== range.at || range.last > far.last) far = range
  }
  return [...found.values()]
}

function clashFault(rule: Pick<MarkRule, 'protocol' | 'vip' | 'ports'>, mark: number): Fault {
  return {
    reason: `${markText(rule)} carries mark ${mark} already`,
    fix: `leave ${portsText(rule.ports)} out, or take that mark away`,
  }
}

function untidyFault(ports: readonly PortRange[]): Fault | undefined {
  const tidy = portsText(unitePorts(ports))
  return tidy === portsText(ports)
    ? undefined
    : { reason: 'ranges of ports are not canonical', fix: `give ${tidy}` }
}
