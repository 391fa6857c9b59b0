// SPDX-License-Identifier: Apache-2.0
// ipvsadm's command lines, heard by xlvsadm's own parser and carried out on a Desired as the daemon carries them out.
import type { Draft } from '../../../src/cli/ipvsadm/draft.js'
import type { Failure } from '../../../src/cli/ipvsadm/failure.js'
import { refused } from '../../../src/cli/ipvsadm/failure.js'
import { type Names, systemNames } from '../../../src/cli/ipvsadm/names.js'
import { parse } from '../../../src/cli/ipvsadm/parse.js'
import { NO_SCHEDULER, NO_SERVICE, sentenceOf } from '../../../src/cli/ipvsadm/refusals.js'
import {
  keyOf,
  realEdit,
  realName,
  realSpec,
  schedulerOf,
  serviceEdit,
  serviceSpec,
  timeoutsEdit,
} from '../../../src/cli/ipvsadm/specs.js'
import type { CommandName } from '../../../src/cli/ipvsadm/words.js'
import {
  addReal,
  addService,
  removeReal,
  removeService,
  setReal,
  setService,
  setTimeouts,
} from '../../../src/model/change.js'
import { succeed } from '../../../src/model/describe.js'
import { serviceKey } from '../../../src/model/keys.js'
import { SCHEDULERS } from '../../../src/model/rules.js'
import type { Desired, Outcome, ServiceKey } from '../../../src/model/types.js'

/** Another Desired, or why not; for -Z whose counters are zero from now. */
export interface Done {
  readonly desired: Desired
  readonly zero?: ServiceKey | 'all'
  readonly failure?: Failure
}

type Order = Readonly<Draft>

const names: Names = systemNames()

const EDITS: Partial<Readonly<Record<CommandName, (desired: Desired, order: Order) => Outcome<Desired>>>> = {
  'add-service': (desired, order) => addService(desired, serviceSpec(order)),
  'edit-service': (desired, order) => setService(desired, keyOf(order), serviceEdit(order)),
  'delete-service': (desired, order) => removeService(desired, keyOf(order)),
  flush: (desired) => succeed({ ...desired, services: [] }),
  'add-server': (desired, order) => addReal(desired, keyOf(order), realSpec(order)),
  'edit-server': (desired, order) => setReal(desired, keyOf(order), realName(order), realEdit(order)),
  'delete-server': (desired, order) => removeReal(desired, keyOf(order), realName(order)),
  set: (desired, order) => setTimeouts(desired, timeoutsEdit(order)),
}

export async function ipvsadm(desired: Desired, line: string): Promise<Done> {
  const parsed = await parse(line.trim().split(/\s+/), names)
  if ('fault' in parsed) return { desired, failure: parsed.fault }
  if ('show' in parsed) throw new Error(`ipvsadm ${line}: scenarios ask for listings by snap`)
  const { order } = parsed
  if (order.command === 'zero') return zeroed(desired, order)
  if (!(SCHEDULERS as readonly string[]).includes(schedulerOf(order)))
    return { desired, failure: refused(NO_SCHEDULER) }
  const outcome = EDITS[order.command]?.(desired, order)
  if (outcome === undefined) throw new Error(`ipvsadm ${line}: nothing here carries out ${order.command}`)
  if (outcome.ok) return { desired: outcome.value }
  return { desired, failure: refused(sentenceOf(outcome.problems, order.command)) }
}

function zeroed(desired: Desired, order: Order): Done {
  if (!order.given.has('service-address')) return { desired, zero: 'all' }
  const key = keyOf(order)
  const known = desired.services.some((service) => serviceKey(service) === key)
  return known ? { desired, zero: key } : { desired, failure: refused(NO_SERVICE) }
}
