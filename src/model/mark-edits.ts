// SPDX-License-Identifier: Apache-2.0
// Edits of the marks of a Desired at run time, pure.
import { fail, succeed } from './describe.js'
import { unlocated } from './findings.js'
import { markClash, markFaults, markText } from './marks.js'
import { commonPorts, unitePorts, withoutPorts } from './ports.js'
import { fullFault } from './room.js'
import type { Fault } from './rules.js'
import { serversOf, vipIsRealFault } from './service-rules.js'
import { completeMark, type MarkName, type MarkSpec } from './specs.js'
import type { Desired, MarkRule, Outcome } from './types.js'

/** Joins the request's rule of the same VIP, protocol and mark; the very same Desired when all is so already. */
export function addMark(desired: Desired, spec: MarkSpec): Outcome<Desired> {
  const rule = completeMark(spec)
  const wrong = markFaults(rule)
  if (wrong.length > 0) return fail(...wrong.map(unlocated))
  const marks = withRule(desired.marks, rule)
  if (marks === desired.marks) return succeed(desired)
  const next = { ...desired, marks }
  const fault = placeFault(desired, rule) ?? fullFault(next)
  return fault ? fail({ subject: markText(rule), ...fault }) : succeed(next)
}

/** Takes the ports out of the requests' rules, whatever their mark; every one of them must be marked. */
export function removeMark(desired: Desired, name: MarkName): Outcome<Desired> {
  const wanted = completeMark({ ...name, mark: 1 })
  const wrong = markFaults(wanted)
  if (wrong.length > 0) return fail(...wrong.map(unlocated))
  const here = desired.marks.filter(({ vip, protocol }) => vip === wanted.vip && protocol === wanted.protocol)
  const bare = withoutPorts(
    wanted.ports,
    here.flatMap(({ ports }) => ports),
  )
  if (bare.length > 0) {
    const subject = markText({ ...wanted, ports: bare })
    return fail({ subject, reason: `${subject} carries no mark`, fix: 'see `xlvs show marks`' })
  }
  for (const rule of here) {
    const fixed = rule.owner === 'file' ? commonPorts(rule.ports, wanted.ports) : []
    if (fixed.length > 0) return ofTheFile({ ...rule, ports: fixed })
  }
  const marks = desired.marks.flatMap((rule): MarkRule[] => {
    if (!here.includes(rule)) return [rule]
    const ports = withoutPorts(rule.ports, wanted.ports)
    return ports.length === 0 ? [] : [{ ...rule, ports }]
  })
  return succeed({ ...desired, marks })
}

/** The same list when some rules say it all already. */
function withRule(marks: readonly MarkRule[], rule: MarkRule): readonly MarkRule[] {
  const same = (other: MarkRule) =>
    other.vip === rule.vip && other.protocol === rule.protocol && other.mark === rule.mark
  const known = marks.filter(same).flatMap(({ ports }) => ports)
  const fresh = withoutPorts(rule.ports, known)
  if (fresh.length === 0) return marks
  const index = marks.findIndex((other) => same(other) && other.owner === 'api')
  const own = marks[index]
  if (own === undefined) return [...marks, { ...rule, ports: fresh }]
  return marks.with(index, { ...own, ports: unitePorts([...own.ports, ...fresh]) })
}

function placeFault(desired: Desired, rule: MarkRule): Fault | undefined {
  if (desired.services.some((service) => serversOf(service).some(({ address }) => address === rule.vip)))
    return vipIsRealFault(rule.vip)
  for (const other of desired.marks) {
    const clash = markClash(rule, other)
    if (clash) return clash
  }
  return undefined
}

function ofTheFile(rule: MarkRule): Outcome<never> {
  const subject = markText(rule)
  return fail({
    code: 'of-the-file',
    subject,
    reason: `the mark of ${subject} is in the file`,
    fix: 'edit the file, then: xlvs reload',
  })
}
