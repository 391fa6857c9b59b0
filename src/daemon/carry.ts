// SPDX-License-Identifier: Apache-2.0
// From a wish to the kernel, make before break: new interfaces, next hops of new real servers, the maps, and last
// the interfaces that go. What fails on the way is undone.
import type { Attachment, Datapath, NextHopState } from '../datapath/types.js'
import { formatProblems, succeed } from '../model/describe.js'
import type { AddressText, Desired, InterfaceWish, Outcome, Problem } from '../model/types.js'
import type { Actual } from '../plan/actual.js'
import { diff } from '../plan/diff.js'
import type { Op } from '../plan/ops.js'

export interface Outside {
  readonly datapath: Datapath
}

export interface Carried {
  readonly notices: readonly string[]
}

/** Neighbours on the same wire answer in milliseconds; who does not is published all the same and found later. */
const NEXTHOP_DEADLINE_MS = 1_000
const FEW = 10

/** `reachable`: refuse when a new real server with weight cannot be reached. */
export async function carryOut(
  { datapath }: Outside,
  effective: Desired,
  reachable: boolean,
): Promise<Outcome<Carried>> {
  const possible = diff(effective, datapath.actual(), datapath.now())
  if (!possible.ok) return possible
  const attached = await attachNew(datapath, effective.interfaces)
  if (!attached.ok) return attached
  const undo = async (problems: readonly Problem[]): Promise<Outcome<never>> => {
    for (const name of attached.value) await datapath.detach(name)
    return { ok: false, problems }
  }
  const hops = await resolveNew(datapath, effective)
  if (reachable && hops.length > 0) return undo(hops.map(unreachable))
  const applied = applyNow(datapath, effective)
  if (!applied.ok) return undo(applied.problems)
  const left = await detachOld(datapath, effective.interfaces)
  return succeed({ notices: [...fewOf(hops.map(lateHop)), ...left] })
}

/** The periodic round: no new wishes, only what fell out of step. */
export async function reconcile({ datapath }: Outside, effective: Desired): Promise<Reconciled> {
  const attached = await attachNew(datapath, effective.interfaces)
  const applied = applyNow(datapath, effective)
  return {
    problems: [attached, applied].flatMap((outcome) => (outcome.ok ? [] : outcome.problems)),
    mended: [
      ...(attached.ok ? attached.value.map((name) => `interface ${name}`) : []),
      ...(applied.ok ? applied.value.flatMap(mendedBy) : []),
    ],
  }
}

export interface Reconciled {
  readonly problems: readonly Problem[]
  /** what was out of step; what nothing needs any more is freed without a word */
  readonly mended: readonly string[]
}

function mendedBy(op: Op): readonly string[] {
  if (op.op === 'service-publish' || op.op === 'service-withdraw') return [op.key]
  if (op.op === 'directory-publish') return [`the directory ${op.directory}`]
  if (op.op === 'marks-publish') return [`the marks of ${op.protocol}`]
  return op.op === 'timeouts' || op.op === 'tunables' || op.op === 'peers' ? [op.op] : []
}

function applyNow(datapath: Datapath, effective: Desired): Outcome<readonly Op[]> {
  const ops = diff(effective, datapath.actual(), datapath.now())
  if (!ops.ok || ops.value.length === 0) return ops
  const applied = datapath.apply(ops.value)
  return applied.ok ? ops : applied
}

/** The names that were attached now; when one fails, the others are detached again. */
async function attachNew(
  datapath: Datapath,
  wishes: readonly InterfaceWish[],
): Promise<Outcome<readonly string[]>> {
  const attached: string[] = []
  for (const { name, mode } of wishes) {
    const there = attachmentOf(datapath, name)
    if (there?.mode === mode) continue
    if (there) await datapath.detach(name)
    const outcome = await datapath.attach(name, mode)
    if (outcome.ok) {
      attached.push(name)
      continue
    }
    for (const one of attached) await datapath.detach(one)
    if (there) await datapath.attach(name, there.mode)
    return outcome
  }
  return succeed(attached)
}

/** What could not be detached stays in the notices. */
async function detachOld(datapath: Datapath, wishes: readonly InterfaceWish[]): Promise<readonly string[]> {
  const notices: string[] = []
  for (const { interface: name } of [...datapath.attachments()]) {
    if (wishes.some((wish) => wish.name === name)) continue
    const outcome = await datapath.detach(name)
    if (!outcome.ok) notices.push(formatProblems(outcome.problems))
  }
  return notices
}

function attachmentOf(datapath: Datapath, name: string): Attachment | undefined {
  return datapath.attachments().find((attachment) => attachment.interface === name)
}

/** Those of the new real servers that wait for connections and did not resolve in time. */
export async function resolveNew(datapath: Datapath, effective: Desired): Promise<readonly NextHopState[]> {
  const known = linked(datapath.actual())
  const reals = effective.services.flatMap((service) => service.reals)
  const fresh = new Set(reals.map(({ address }) => address).filter((address) => !known.has(address)))
  if (fresh.size === 0) return []
  const states = await datapath.resolveNextHops([...fresh], NEXTHOP_DEADLINE_MS)
  if (datapath.attachments().length === 0) return []
  const waiting = new Set(reals.filter(({ weight }) => weight > 0).map(({ address }) => address))
  return states.filter(({ state, address }) => state === 'unresolved' && waiting.has(address))
}

function linked(actual: Actual): ReadonlySet<AddressText> {
  return new Set([...actual.services.values()].flatMap(({ reals }) => reals.map(({ address }) => address)))
}

/** A dead network is one thing to say, not ten thousand. */
function fewOf(lines: readonly string[]): readonly string[] {
  if (lines.length <= FEW) return lines
  return [...lines.slice(0, FEW), `${lines.length - FEW} more cannot be reached yet; see: xlvs show nexthops`]
}

function unreachable({ address, why }: NextHopState): Problem {
  return {
    reason: `real server ${address} cannot be reached: ${why ?? 'its next hop is not resolved'}`,
    fix: 'bring it up, or give it weight 0 until it is',
  }
}

function lateHop({ address, why }: NextHopState): string {
  return `real server ${address} cannot be reached yet: ${why ?? 'its next hop is not resolved'}`
}
