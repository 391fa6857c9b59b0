// SPDX-License-Identifier: Apache-2.0
// One real server of one service: its checks, and what they and the datapath's look come to.
import { isDeepStrictEqual } from 'node:util'
import type { CheckRow } from '../api/contract.js'
import type { Check, Health, PassivePolicy } from '../model/checks.js'
import type { AddressText, RealKey, ServiceKey } from '../model/types.js'
import { type CheckState, type Fault, startDown, startUntried, startUp } from '../plan/health/machine.js'
import { nextStep, type Standing, sameStanding, standingOf } from '../plan/health/together.js'
import type { Marks, MarkUse } from './marks.js'
import { type One, type OneWorld, startOne } from './one.js'
import type { Entry } from './schedule.js'
import type { Place } from './target.js'

/** A real server to be checked, in one service. */
export interface Subject {
  readonly key: RealKey
  readonly service: ServiceKey
  /** a mark's service has none */
  readonly vip?: AddressText
  readonly port: number
  readonly real: AddressText
  /** wished; for slow start, and who has none gets no clients */
  readonly weight: number
  readonly checks: readonly Check[]
  /** down until the first good answer */
  readonly alpha: boolean
  /** seconds */
  readonly slowStart?: number
  readonly passive?: PassivePolicy
}

export interface RealWorld extends OneWorld {
  readonly marks: Marks
  /** the datapath's look: it swallows connections */
  isOut(subject: Subject): boolean
  /** its health is another than before */
  changed(key: RealKey): void
}

export interface CheckedReal {
  subject(): Subject
  health(): Health
  /** by its checks alone */
  isUp(): boolean
  rows(): readonly CheckRow[]
  /** looks again at all that is known */
  judge(): void
  /** false: it is asked elsewhere than the one before, so it is another */
  change(to: Subject): boolean
  /** kept when nothing of it is open */
  end(): Promise<void>
}

interface Life {
  subject: Subject
  ones: readonly One[]
  standing: Standing | undefined
  step: Entry | undefined
  /** of checks that have left it */
  leaving: Promise<void>
}

export function startReal(subject: Subject, remembered: Health | undefined, world: RealWorld): CheckedReal {
  const marks = world.marks.use(subject.vip ?? '', subject.real)
  const before: Standing | undefined = remembered && { health: remembered }
  const life: Life = { subject, ones: [], standing: before, step: undefined, leaving: Promise.resolve() }
  const judge = () => stand(life, world)
  const start = (check: Check, state: CheckState): One =>
    startOne({ check, place: placeOf(subject), state, marks, changed: judge }, world)
  life.ones = subject.checks.map((check) => start(check, firstState(subject, remembered)))
  judge()
  return {
    subject: () => life.subject,
    health: () => (life.standing as Standing).health,
    isUp: () => areUp(life.ones),
    rows: () => life.ones.map((one) => ({ service: subject.service, real: subject.key, ...one.row() })),
    judge,
    change: (to) => {
      if (!isDeepStrictEqual(placeOf(to), placeOf(subject))) return false
      life.subject = to
      exchange(life, to.checks, start)
      judge()
      return true
    },
    end: () => end(life, marks),
  }
}

function stand(life: Life, world: RealWorld): void {
  const { subject, ones, standing: before } = life
  const moment = { date: world.now(), now: world.monotonic() }
  const parts = { ...subject, checks: ones.map((one) => one.state()), out: world.isOut(subject) }
  life.standing = standingOf(parts, before, moment)
  life.step?.cancel()
  const due = nextStep(life.standing, subject.slowStart, moment.now)
  life.step = due === undefined ? undefined : world.schedule.at(due, () => stand(life, world))
  if (before === undefined || !sameStanding(before.health, life.standing.health)) world.changed(subject.key)
}

/** What asks the same goes on as it is. What is new starts as its real server stands: no reload brings a dead one up. */
function exchange(
  life: Life,
  checks: readonly Check[],
  start: (check: Check, state: CheckState) => One,
): void {
  const { ones } = life
  if (checks.length === ones.length && checks.every((check, i) => same(check, ones[i]?.check))) return
  const left = [...ones]
  const state = newcomer(life)
  life.ones = checks.map((check) => {
    const found = left.findIndex((one) => same(one.check, check))
    return left.splice(found, found < 0 ? 0 : 1)[0] ?? start(check, state)
  })
  const leaving = left.map((one) => one.end())
  life.leaving = Promise.all([life.leaving, ...leaving]).then(() => {})
}

function newcomer({ ones, standing }: Life): CheckState {
  if (standing === undefined || areUp(ones)) return startUp()
  const { reason, detail } = standing.health
  return reason === 'waiting' ? startUntried() : startUntried(faultOf(reason, detail))
}

function firstState({ alpha }: Subject, remembered: Health | undefined): CheckState {
  if (remembered === undefined) return alpha ? startUntried() : startUp()
  if (remembered.up || remembered.reason === 'swallows') return startUp()
  return startDown(faultOf(remembered.reason, remembered.detail))
}

function faultOf(reason: Fault['reason'], detail: string | undefined): Fault {
  return detail === undefined ? { reason } : { reason, detail }
}

async function end(life: Life, marks: MarkUse): Promise<void> {
  life.step?.cancel()
  await Promise.all([life.leaving, ...life.ones.map((one) => one.end())])
  marks.done()
}

function same(a: Check, b: Check | undefined): boolean {
  return a === b || isDeepStrictEqual(a, b)
}

function areUp(ones: readonly One[]): boolean {
  return ones.every((one) => one.state().up)
}

function placeOf({ vip, port, real, service }: Subject): Place {
  return { vip, port, real, service }
}
