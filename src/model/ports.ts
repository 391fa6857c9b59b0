// SPDX-License-Identifier: Apache-2.0
// Sets of ports as ranges that ascend and do not touch: equal sets are equal lists.
import { quote, succeed } from './describe.js'
import { type Fault, problem, rangeFault, SERVICE_PORT, wholeNumber } from './rules.js'
import type { Outcome, PortRange, Problem } from './types.js'

/** '80,443,1000:2000', also '1000-2000'; in any order, what overlaps is taken together. */
export function parsePorts(text: string, subject?: string): Outcome<readonly PortRange[]> {
  const problems: Problem[] = []
  const ranges: PortRange[] = []
  for (const item of text.split(',')) {
    const range = parseRange(item.trim())
    if (Array.isArray(range)) ranges.push(range as unknown as PortRange)
    else problems.push(problem(range as Fault, subject))
  }
  return problems.length > 0 ? { ok: false, problems } : succeed(unitePorts(ranges))
}

/** '80,443,1000:2000' */
export function portsText(ranges: readonly PortRange[]): string {
  return ranges.map(([first, last]) => (first === last ? `${first}` : `${first}:${last}`)).join(',')
}

/** All ports of all ranges, in order and as few ranges as possible. */
export function unitePorts(ranges: readonly PortRange[]): readonly PortRange[] {
  const united: [number, number][] = []
  for (const [first, last] of [...ranges].sort((a, b) => a[0] - b[0])) {
    const before = united.at(-1)
    if (before !== undefined && first <= before[1] + 1) before[1] = Math.max(before[1], last)
    else united.push([first, last])
  }
  return united
}

/** The ports of `ranges` that are not in `taken`. */
export function withoutPorts(
  ranges: readonly PortRange[],
  taken: readonly PortRange[],
): readonly PortRange[] {
  return taken.reduce<readonly PortRange[]>(
    (left, [from, to]) =>
      left.flatMap(([first, last]): PortRange[] => {
        if (to < first || from > last) return [[first, last]]
        const below: PortRange[] = first < from ? [[first, from - 1]] : []
        return to < last ? [...below, [to + 1, last]] : below
      }),
    ranges,
  )
}

export function commonPorts(a: readonly PortRange[], b: readonly PortRange[]): readonly PortRange[] {
  return withoutPorts(a, withoutPorts(a, b))
}

/** Ranges that some program made. */
export function portsFault(ranges: unknown): Fault | undefined {
  const fix = 'write ports like 80,443,1000:2000'
  if (!Array.isArray(ranges) || ranges.length === 0) return { reason: 'ports are missing', fix }
  for (const range of ranges as unknown[]) {
    if (!Array.isArray(range) || range.length !== 2)
      return { reason: 'a range of ports is not a pair', fix: 'give [first, last]' }
    const wrong = boundsFault(range[0], range[1])
    if (wrong) return wrong
  }
  return undefined
}

function parseRange(text: string): PortRange | Fault {
  const match = /^([^:-]+)(?:[:-](.+))?$/s.exec(text)
  if (match === null) {
    return { reason: `${quote(text)} is not a port`, fix: 'write ports like 80,443,1000:2000' }
  }
  const first = wholeNumber((match[1] as string).trim())
  const last = match[2] === undefined ? first : wholeNumber(match[2].trim())
  return boundsFault(first, last) ?? [first as number, last as number]
}

function boundsFault(first: unknown, last: unknown): Fault | undefined {
  const wrong = rangeFault('port', first, SERVICE_PORT) ?? rangeFault('port', last, SERVICE_PORT)
  if (wrong || (first as number) <= (last as number)) return wrong
  return { reason: `range ${first}:${last} ends before it begins`, fix: `write ${last}:${first}` }
}
