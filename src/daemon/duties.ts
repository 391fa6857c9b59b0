// SPDX-License-Identifier: Apache-2.0
// What a datapath in service needs beside changes: sweeps, rates, zeros, the defence. Each is a round of its own; some
// also follow a change at once.
import { setImmediate } from 'node:timers/promises'
import type { Change } from '../api/contract.js'
import type { Counts } from '../datapath/counts.js'
import type { Datapath, Snapshot } from '../datapath/types.js'
import type { Happening } from '../events/feed.js'
import { fail, quote, succeed } from '../model/describe.js'
import { realKey, serviceKey } from '../model/keys.js'
import type { Desired, Outcome, RealKey, ServiceKey, Tunables } from '../model/types.js'
import { createDefence } from './defence.js'
import { DEADLINE_MS, endDrains } from './drains.js'
import { Drops } from './drops.js'
import type { Carriage, Engine } from './engine.js'
import { createEstimator, ESTIMATION_MS, type Estimator } from './estimator.js'
import { createMeter, type Meter } from './meter.js'
import { DEFENCE_MS, type Round, SLICES, SWEEP_MS, setsPerSlice, TEND_MS } from './rounds.js'
import { desiredOf, effectiveOf, type Store, tunablesOf } from './store.js'
import { storeZero } from './store-settings.js'
import { isNone, withoutPast, withoutServices, zeroNow } from './zero.js'

export interface DutyWorld {
  readonly datapath: Datapath
  readonly engine: () => Engine
  /** of the last moment, for looking */
  readonly snapshot: () => Snapshot
  /** of now, for what must be exact */
  readonly fresh: () => Snapshot
  /** free memory and buffers, in pages */
  readonly pages: () => number
  /** ms since the epoch */
  readonly now: () => number
  readonly log: (line: string) => void
  readonly tell: (event: Happening) => void
}

export interface Duties {
  readonly meter: Meter
  readonly drops: Drops
  readonly rounds: readonly Round[]
  /** in force, the automatic ones as they are now */
  tunables(): Tunables
  /** counters and rates of one service, or of all and the total */
  zero(service?: ServiceKey): Promise<Outcome<Change>>
  /** the first change is in the maps */
  begin(): void
  leaving(from: Store, to: Store): Store
  changed(carriage: Carriage): void
  end(): void
}

export function createDuties(world: DutyWorld): Duties {
  const { datapath, engine, fresh, pages, tell } = world
  const estimator = createEstimator()
  const drops = new Drops()
  const tunables = () => tunablesOf(engine().store())
  const frozen = () => tunables().run_estimation === 0
  const defence = createDefence({ datapath, tunables, pages, random: Math.random, tell })
  const sweeper = createSweeper(world)
  const estimating = createEstimating(world, estimator, drops)
  return {
    drops,
    meter: createMeter(estimator, () => engine().store().runtime.zero, frozen),
    rounds: [
      { what: 'sweeping the tables', every: SWEEP_MS, act: sweeper.slice },
      { what: 'reconciling', every: TEND_MS, act: () => engine().tend() },
      {
        what: 'estimating',
        every: ESTIMATION_MS,
        act: () => (frozen() ? undefined : estimating()),
      },
      { what: 'ending drains', every: DEADLINE_MS, act: () => endDrains(world) },
      { what: 'defending', every: DEFENCE_MS, act: defence.second },
    ],
    tunables: defence.shown,
    zero: (service) => zero(world, estimator, service),
    begin: () => {
      const now = fresh()
      estimator.prime(now, trashOf(datapath))
      drops.prime(now)
    },
    leaving: (from, to) => leaving(from, to, fresh),
    changed: ({ from, to }) => {
      defence.judge()
      if (tunablesOf(to).expire_nodest_conn === 1 && lost(from, to)) sweeper.round()
    },
    end: sweeper.end,
  }
}

/** A zero can be past only where ids may have gone to others, or a counter did go back. */
function createEstimating({ datapath, engine, snapshot }: DutyWorld, estimator: Estimator, drops: Drops) {
  let judged: Counts['services'] | undefined
  return async (): Promise<void> => {
    const now = datapath.counts()
    const back = estimator.tick(now)
    drops.tick(now)
    if (!back && judged === now.services) return
    const { zero } = engine().store().runtime
    if (!isNone(zero) && withoutPast(zero, snapshot()) !== zero)
      await engine().remember((s) => storeZero(s, withoutPast(s.runtime.zero, snapshot())))
    judged = now.services
  }
}

async function zero(
  { engine, fresh }: DutyWorld,
  estimator: Estimator,
  service: ServiceKey | undefined,
): Promise<Outcome<Change>> {
  const now = fresh()
  if (service !== undefined && !now.services.some(({ key }) => key === service)) return unknown(service)
  const kept = await engine().remember((s) => storeZero(s, zeroNow(s.runtime.zero, now, service)))
  if (!kept.ok) return kept
  estimator.zero(now, service)
  return succeed({ ...kept.value, changed: true })
}

function unknown(service: ServiceKey): Outcome<never> {
  const reason = `there is no service ${quote(service)}`
  return fail({ code: 'no-service', subject: service, reason, fix: 'see `xlvs show services`' })
}

/** Their numbers may come back to the list, and have counted before. */
function trashOf(datapath: Datapath): readonly number[] {
  return [...datapath.actual().services.values()].flatMap(({ trash }) => trash.map(({ id }) => id))
}

/** The total keeps what services that go have counted; those the maps have from an earlier start too. */
function leaving(from: Store, to: Store, fresh: () => Snapshot): Store {
  const kept = keysOf(desiredOf(to))
  const first = from.base.services.length + from.runtime.services.length === 0
  if (!first && [...keysOf(desiredOf(from))].every((key) => kept.has(key))) return to
  const gone = fresh().services.filter(({ key }) => !kept.has(key))
  const zero = withoutServices(to.runtime.zero, gone)
  return { ...to, runtime: { ...to.runtime, zero } }
}

function keysOf({ services }: Desired): ReadonlySet<ServiceKey> {
  return new Set(services.map(serviceKey))
}

/** A real server of before is not there any more. */
function lost(from: Store, to: Store): boolean {
  const kept = realsOf(effectiveOf(to))
  return [...realsOf(effectiveOf(from))].some((key) => !kept.has(key))
}

function realsOf({ services }: Desired): ReadonlySet<RealKey> {
  return new Set(services.flatMap((service) => service.reals.map((real) => realKey(service, real))))
}

/** Slices by the clock, and a whole round at once where IPVS too looks at every connection (expire_nodest_conn). */
function createSweeper({ datapath, snapshot, log }: DutyWorld) {
  let sets = 0
  let ended = false
  const slice = (): number => {
    sets ||= setsPerSlice(snapshot().tables)
    return datapath.sweep({ sets }).sets
  }
  const round = async () => {
    for (let swept = slice(); swept < sets * SLICES; swept += Math.max(1, slice())) {
      await setImmediate()
      if (ended) return
    }
  }
  return {
    slice,
    round: () => void round().catch((error: Error) => log(`sweeping the tables failed: ${error.message}`)),
    end: () => {
      ended = true
    },
  }
}
