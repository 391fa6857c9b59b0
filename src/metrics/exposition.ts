// SPDX-License-Identifier: Apache-2.0
// Prometheus text format 0.0.4: families with HELP and TYPE, samples, escaping. Strings in, strings out.

export interface Family {
  readonly name: string
  readonly type: 'counter' | 'gauge' | 'histogram'
  readonly help: string
}

export type Value = number | bigint | boolean

/** Label pairs, ready for a sample: 'vip="192.0.2.10",port="80"'. */
export type LabelText = string

/** `# HELP` and `# TYPE` of a family. */
export function header(family: Family): string {
  return `# HELP ${family.name} ${escapeHelp(family.help)}\n# TYPE ${family.name} ${family.type}\n`
}

/** One line: the name, its labels, its value. */
export function sample(name: string, labels: LabelText, value: Value): string {
  return labels === '' ? `${name} ${number(value)}\n` : `${name}{${labels}} ${number(value)}\n`
}

export function labels(pairs: Readonly<Record<string, string | number | undefined>>): LabelText {
  return Object.entries(pairs)
    .filter(([, value]) => value !== undefined)
    .map(([name, value]) => `${name}="${escapeLabel(String(value))}"`)
    .join(',')
}

export function number(value: Value): string {
  if (typeof value === 'boolean') return value ? '1' : '0'
  if (typeof value === 'bigint' || Number.isFinite(value)) return String(value)
  if (Number.isNaN(value)) return 'NaN'
  return value > 0 ? '+Inf' : '-Inf'
}

/** Of flags: how many are set. */
export function plus(sum: Value | undefined, value: Value): Value {
  if (typeof sum === 'bigint' && typeof value === 'bigint') return sum + value
  return Number(sum ?? 0) + Number(value)
}

export function escapeLabel(text: string): string {
  return text.replace(/\\/g, '\\\\').replace(/"/g, '\\"').replace(/\n/g, '\\n')
}

function escapeHelp(text: string): string {
  return text.replace(/\\/g, '\\\\').replace(/\n/g, '\\n')
}
