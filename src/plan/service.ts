// SPDX-License-Identifier: Apache-2.0
// One wanted service: which ids it gets, what happens to its list, whether a new version must be published.

import { Limit } from '../abi/generated.js'
import { realKey } from '../model/keys.js'
import type { AddressText, Real, Service, ServiceKey } from '../model/types.js'
import type { ActualReal, ActualService } from './actual.js'
import { portKey } from './directory.js'
import type { Draft } from './draft.js'
import type { ListEdit, Listed, ServiceShape } from './ops.js'
import { persistenceText } from './region.js'
import { planTrash } from './trash.js'

export function planService(
  draft: Draft,
  wanted: Service,
  key: ServiceKey,
  found: ActualService | undefined,
): void {
  const shape = shapeOf(draft, wanted, key, found)
  if (shape === undefined) return
  draft.heldVips.add(shape.vipId)
  draft.listed[shape.protocol].push({ key: portKey(shape.vipId, shape.port), value: shape.id })
  const { edits, revived } = planReals(draft, wanted, shape, key, found)
  if (found)
    planTrash(
      draft,
      found.trash.filter((real) => !revived.has(real.id)),
    )
  const fresh = !found?.listed || found.scheduler !== wanted.scheduler
  const changed = fresh || edits.length > 0 || found.stale
  if (!changed && persistenceText(found.persistence) === persistenceText(wanted.persistence)) return
  const was: Listed[] = found?.reals.map(({ id, weight }) => ({ id, weight })) ?? []
  draft.publish.push({
    op: 'service-publish',
    key,
    service: shape,
    was,
    edits: mend(found, was, edits),
    fresh,
  })
}

function shapeOf(
  draft: Draft,
  wanted: Service,
  key: ServiceKey,
  found?: ActualService,
): ServiceShape | undefined {
  const { vip, port, protocol, scheduler, persistence } = wanted
  if (wanted.reals.length > Limit.MAX_REALS_PER_SERVICE) {
    const reason = `${wanted.reals.length} real servers in one service, ${Limit.MAX_REALS_PER_SERVICE} are possible`
    draft.problems.push({ subject: key, reason, fix: 'spread them over several services' })
  }
  const vipId = found?.vipId ?? vipIdOf(draft, vip, key)
  const id = found?.id ?? draft.newService()
  if (id === undefined) draft.problems.push(exhausted(key, 'services', draft.actual.limits.services))
  if (id === undefined || vipId === undefined) return undefined
  const shape = { id, vipId, vip, port, protocol, scheduler }
  return persistence ? { ...shape, persistence } : shape
}

function vipIdOf(draft: Draft, address: AddressText, key: ServiceKey): number | undefined {
  const known = draft.vipIds.get(address)
  if (known !== undefined) return known
  const id = draft.newVip()
  if (id === undefined) {
    draft.problems.push(exhausted(key, 'services', draft.actual.limits.services))
    return undefined
  }
  draft.vipIds.set(address, id)
  draft.place.push({ op: 'vip-add', id, address })
  return id
}

/** Removals, then new weights, then additions in the order they are written: one fold for the scheduler. */
function planReals(
  draft: Draft,
  wanted: Service,
  shape: ServiceShape,
  key: ServiceKey,
  found?: ActualService,
) {
  const linked = byAddress(found?.reals)
  const trash = byAddress(found?.trash)
  const weights: ListEdit[] = []
  const additions: ListEdit[] = []
  const revived = new Set<number>()
  const seen = new Set<AddressText>()
  for (const real of wanted.reals) {
    if (seen.has(real.address)) continue
    seen.add(real.address)
    const there = linked.get(real.address)
    if (there === undefined) {
      const id = placeReal(draft, real, shape, key, trash.get(real.address))
      if (id === undefined) continue
      revived.add(id)
      additions.push({ edit: 'add', id, weight: real.weight })
    } else if (there.weight !== real.weight) {
      draft.place.push(reweigh(there, real.weight))
      weights.push({ edit: 'weight', id: there.id, weight: real.weight })
    }
  }
  const removals: ListEdit[] = []
  for (const real of linked.values()) {
    if (seen.has(real.address)) continue
    removals.push({ edit: 'remove', id: real.id })
    const since = real.referenced ? 0 : draft.now
    draft.retire.push({ op: 'real-trash', id: real.id, address: real.address, since })
  }
  return { edits: [...removals, ...weights, ...additions], revived }
}

function reweigh(real: ActualReal, weight: number) {
  const lastWeight = weight === 0 ? real.lastWeight : weight
  return { op: 'real-edit', id: real.id, address: real.address, weight, lastWeight } as const
}

/** A new real server at the head of the list, or the very object its connections still point at. */
function placeReal(
  draft: Draft,
  real: Real,
  shape: ServiceShape,
  key: ServiceKey,
  old?: ActualReal,
): number | undefined {
  const id = old?.id ?? draft.newReal()
  if (id === undefined) {
    draft.problems.push(exhausted(realKey(key, real.address), 'reals', draft.actual.limits.reals))
    return undefined
  }
  draft.place.push({
    op: old ? 'real-revive' : 'real-add',
    id,
    address: real.address,
    service: shape.id,
    port: shape.port,
    weight: real.weight,
    lastWeight: real.weight,
    order: draft.nextOrder++,
  })
  return id
}

/** A version that a controller did not finish is made again; telling wrr of an edit makes it start at the head. */
function mend(
  found: ActualService | undefined,
  was: readonly Listed[],
  edits: readonly ListEdit[],
): readonly ListEdit[] {
  const head = was[0]
  if (!found?.stale || head === undefined) return edits
  return [{ edit: 'weight', id: head.id, weight: head.weight }, ...edits]
}

function byAddress(reals: readonly ActualReal[] = []): Map<AddressText, ActualReal> {
  const map = new Map<AddressText, ActualReal>()
  for (const real of reals) map.set(real.address, real)
  return map
}

function exhausted(subject: string, what: 'services' | 'reals', limit: number) {
  return {
    subject,
    reason: `the maps have room for ${limit} ${what}, counting removed ones that connections still point at`,
    fix: `raise limits.${what}, then \`xlvs detach --all\` and start again: sizes are fixed when the maps are made`,
  }
}
