// SPDX-License-Identifier: Apache-2.0
// One check of one real server: it rests, waits for its turn, asks, judges the answer, and rests again, until it ends.
import type { CheckRow } from '../api/contract.js'
import type { Answer, Check } from '../model/checks.js'
import { type CheckState, type Due, firstDue, judge, nextDue, refine } from '../plan/health/machine.js'
import { type Asker, type AskerWorld, createAsker, type Pending } from './asker.js'
import type { MarkUse } from './marks.js'
import type { Entry } from './schedule.js'
import { isThroughVip, type Place, targetText } from './target.js'

export interface OneWorld extends AskerWorld {
  /** ms since the epoch */
  now(): number
  /** 0..1 */
  random(): number
}

export interface Given {
  readonly check: Check
  readonly place: Place
  readonly state: CheckState
  readonly marks: MarkUse
  /** after every answer */
  changed(): void
}

export interface One {
  readonly check: Check
  state(): CheckState
  row(): Omit<CheckRow, 'service' | 'real'>
  /** at once: no answer counts any more; the promise is kept when nothing of it is open */
  end(): Promise<void>
}

/** What it does now, as far as `row` tells it. */
interface Life {
  state: CheckState
  /** ms since the epoch, of the last answer */
  at: number | undefined
  /** silent at the VIP, but it answered at its own address the last time it was asked there */
  vipMissing: boolean
  /** it is being asked there */
  following: boolean
  due: Due
  rest: Entry | undefined
  pending: Pending | undefined
  ended: boolean
}

export function startOne(given: Given, world: OneWorld): One {
  const { check, place, state } = given
  const due = firstDue(check, world.monotonic(), world.random())
  const life: Life = {
    ...{ state, at: undefined, vipMissing: false, following: false, due },
    ...{ rest: undefined, pending: undefined, ended: false },
  }
  const asker = createAsker(check, place, given.marks, world)
  restUntil(due, life, given, asker, world)
  return {
    check,
    state: () => life.state,
    row: () => rowOf(given, life, world.monotonic()),
    end: () => {
      life.ended = true
      life.rest?.cancel()
      return asker.end()
    },
  }
}

function restUntil(due: Due, life: Life, given: Given, asker: Asker, world: OneWorld): void {
  life.due = due
  life.pending = undefined
  life.rest = world.schedule.at(due.at, () => {
    life.rest = undefined
    life.pending = asker.ask('as wished', (answer) => answered(answer, life, given, asker, world))
  })
}

function answered(answer: Answer, life: Life, given: Given, asker: Asker, world: OneWorld): void {
  if (life.ended) return
  const { check, place } = given
  const silent = !answer.good && answer.reason === 'timeout' && isThroughVip(check, place)
  if (answer.good) life.vipMissing = false
  life.at = world.now()
  life.state = judge(life.state, check, silent && life.vipMissing ? vipMissing(answer, place) : answer)
  const due = nextDue(life.state, check, life.due.nominal, world.monotonic(), world.random())
  restUntil(due, life, given, asker, world)
  given.changed()
  if (!silent || life.following) return
  life.following = true
  asker.ask('at its own address', (there) => followed(answer, there, life, given))
}

/** The VIP was silent: what the real server's own address said tells whether it is the VIP that is missing. */
function followed(silence: Answer, there: Answer, life: Life, { place, changed }: Given): void {
  life.following = false
  const { last, failing } = life.state
  if (life.ended || !failing || last === undefined || last.good) return
  if (last.reason !== 'timeout' && last.reason !== 'vip-missing') return
  life.vipMissing = there.good
  const told = there.good ? vipMissing(silence, place) : silence
  if (told.good || told.reason === last.reason) return
  life.state = refine(life.state, told)
  changed()
}

function vipMissing({ took }: Answer, { vip, real }: Place): Answer & { readonly good: false } {
  const detail = `answers at ${real}, but not to packets for ${vip}: the VIP is not on its loopback`
  return { good: false, took, reason: 'vip-missing', detail }
}

function rowOf({ check, place }: Given, life: Life, now: number): ReturnType<One['row']> {
  const { state, at, due, pending } = life
  const fresh = state.untried && (state.up || state.fault === undefined)
  const since = pending?.queuedSince()
  return {
    kind: check.kind,
    via: isThroughVip(check, place) ? 'vip' : 'real',
    target: targetText(check, place),
    state: fresh ? 'waiting' : state.up ? 'up' : 'down',
    doing: pending === undefined ? 'resting' : since === undefined ? 'asking' : 'queued',
    ...(state.last !== undefined && { last: state.last }),
    ...(at !== undefined && { at }),
    inARow: state.unmade || state.row,
    nextIn: pending === undefined ? Math.max(0, due.at - now) : since === undefined ? 0 : since - now,
  }
}
