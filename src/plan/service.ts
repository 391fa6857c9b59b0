// SPDX-License-Identifier: Apache-2.0
// One wanted service: which ids it gets, what happens to its list, whether a new version must be published.

import { Limit } from '../abi/generated.js'
import { matchOf, realKey, realText } from '../model/keys.js'
import type { Real, Service, ServiceKey } from '../model/types.js'
import type { ActualReal, ActualService } from './actual.js'
import { portKey } from './directory.js'
import { type Draft, exhausted, vipIdOf } from './draft.js'
import type { ListEdit, Listed, RealTerms, ServiceShape } from './ops.js'
import { termsText } from './region.js'
import { planTrash } from './trash.js'

/** The id it has or gets. */
export function planService(
  draft: Draft,
  wanted: Service,
  key: ServiceKey,
  found: ActualService | undefined,
): number | undefined {
  const shape = shapeOf(draft, wanted, key, found)
  if (shape === undefined) return undefined
  const { id, vipId, match } = shape
  if (match.mark === undefined) {
    draft.heldVips.add(vipId)
    draft.listed[match.protocol].push({ key: portKey(vipId, match.port), value: id })
  }
  if (found && !found.listed)
    draft.place.push({ op: 'service-anew', id, reals: found.trash.map((real) => real.id) })
  const { edits, revived } = planReals(draft, wanted, shape, key, found)
  if (found)
    planTrash(
      draft,
      found.trash.filter((real) => !revived.has(real.id)),
    )
  const fresh = !found?.listed || found.scheduler !== wanted.scheduler
  const changed = fresh || edits.length > 0 || found.stale
  if (!changed && termsText(found) === termsText(shape)) return id
  const was: readonly Listed[] = found?.reals ?? []
  draft.publish.push({
    op: 'service-publish',
    key,
    service: shape,
    was,
    edits: mend(found, was, edits),
    fresh,
  })
  return id
}

function shapeOf(
  draft: Draft,
  wanted: Service,
  key: ServiceKey,
  found?: ActualService,
): ServiceShape | undefined {
  const { scheduler, flags, persistence, onePacket, reals } = wanted
  // more servers than slots: IPVS's mh answers EINVAL
  const most = scheduler === 'mh' ? Limit.MH_SLOTS : Limit.MAX_REALS_PER_SERVICE
  if (reals.length > most) {
    const reason = `${reals.length} real servers in one service${scheduler === 'mh' ? ' of mh' : ''}, ${most} are possible`
    draft.problems.push({ subject: key, reason, fix: 'spread them over several services' })
  }
  const vipId = wanted.mark !== undefined ? 0 : (found?.vipId ?? vipIdOf(draft, wanted.vip, key))
  const id = found?.id ?? draft.newService()
  if (id === undefined) draft.problems.push(exhausted(key, 'services', draft.actual.limits.services))
  if (id === undefined || vipId === undefined) return undefined
  return {
    ...{ id, vipId, match: matchOf(wanted), scheduler },
    ...(flags && flags.length > 0 && { flags }),
    ...(persistence && { persistence }),
    ...(onePacket && { onePacket }),
    ...(reals.some(({ upper }) => upper) && { limited: true as const }),
  }
}

/** Removals, then edits, then additions in the order they are written: one fold for the scheduler. */
function planReals(
  draft: Draft,
  wanted: Service,
  shape: ServiceShape,
  key: ServiceKey,
  found?: ActualService,
) {
  const linked = byName(found?.reals, shape)
  const trash = byName(found?.trash, shape)
  const changes: ListEdit[] = []
  const additions: ListEdit[] = []
  const revived = new Set<number>()
  const seen = new Set<string>()
  for (const real of wanted.reals) {
    const name = nameOf(real, shape)
    if (seen.has(name)) continue
    seen.add(name)
    const there = linked.get(name)
    const { weight, address } = real
    if (there === undefined) {
      const placed = placeReal(draft, real, shape, key, trash.get(name))
      if (placed === undefined) continue
      revived.add(placed.id)
      additions.push({ edit: 'add', id: placed.id, weight, address, port: placed.port })
    } else if (!sameTerms(there, real)) {
      const lastWeight = weight === 0 ? there.lastWeight : weight
      draft.place.push({ op: 'real-edit', id: there.id, address, ...termsOf(real, lastWeight) })
      changes.push({ edit: 'weight', id: there.id, weight })
    }
  }
  const removals: ListEdit[] = []
  for (const [name, real] of linked) {
    if (seen.has(name)) continue
    removals.push({ edit: 'remove', id: real.id })
    const since = real.referenced ? 0 : draft.now
    draft.retire.push({ op: 'real-trash', id: real.id, address: real.address, since })
  }
  return { edits: [...removals, ...changes, ...additions], revived }
}

function termsOf({ weight, upper = 0, lower = 0, drain }: Real, lastWeight: number): RealTerms {
  return { weight, lastWeight, upper, lower, ...(drain && { drain }) }
}

function sameTerms(found: ActualReal, { weight, upper = 0, lower = 0, drain }: Real): boolean {
  return found.weight === weight && found.upper === upper && found.lower === lower && found.drain === drain
}

/** A new real server at the head of the list, or the very object its connections still point at. */
function placeReal(
  draft: Draft,
  real: Real,
  shape: ServiceShape,
  key: ServiceKey,
  old?: ActualReal,
): { readonly id: number; readonly port: number } | undefined {
  const id = old?.id ?? draft.newReal()
  if (id === undefined) {
    draft.problems.push(exhausted(realKey(key, real), 'reals', draft.actual.limits.reals))
    return undefined
  }
  const { match } = shape
  const port = match.mark === undefined ? match.port : (real.port ?? 0)
  draft.place.push({
    op: old ? 'real-revive' : 'real-add',
    id,
    address: real.address,
    service: shape.id,
    port,
    ...termsOf(real, real.weight),
    order: draft.nextOrder++,
  })
  return { id, port }
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

function byName(reals: readonly ActualReal[] = [], shape: ServiceShape): Map<string, ActualReal> {
  const map = new Map<string, ActualReal>()
  for (const real of reals) map.set(nameOf(real, shape), real)
  return map
}

/** What makes it that real server: its address, in services of a mark its port too. */
function nameOf(real: Pick<Real, 'address' | 'port'>, { match }: ServiceShape): string {
  return match.mark === undefined ? real.address : realText(real)
}
