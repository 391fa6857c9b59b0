// SPDX-License-Identifier: Apache-2.0
// Checks the health of all real servers: owns time, chance, turns and marks, and tells what changed, all of one moment
// together.
import type { CheckRow } from '../api/contract.js'
import type { Answer, Check, Health } from '../model/checks.js'
import type { Outcome, RealKey, ServiceKey } from '../model/types.js'
import type { Counts, Watchable } from '../plan/health/passive.js'
import { createHerald, type Herald } from './herald.js'
import { createMarks, type Probe } from './marks.js'
import { type CheckedReal, type RealWorld, type Subject, startReal } from './real.js'
import { createRoster, type Roster } from './roster.js'
import { createSchedule, type Schedule } from './schedule.js'
import { createTurns } from './turns.js'
import type { AskWorld, SocketSpec, Way } from './types.js'
import { createWatcher, type Watcher } from './watch.js'

export type { Subject } from './real.js'

export interface HealthWorld {
  ask(check: Check, way: Way, world: AskWorld): Promise<Answer>
  readonly probe: Probe & { socket(spec: SocketSpec): Outcome<number> }
  /** ms since the epoch */
  now(): number
  /** ms */
  monotonic(): number
  /** 0..1 */
  random(): number
  timer(ms: number, act: () => void): { stop(): void }
  /** what changed, all of one moment together; the health of what is new too */
  onChange(changes: ReadonlyMap<RealKey, Health>): void
}

export interface Checks {
  /**
   * What is to be checked from now on. Those that stay keep their state and timing; of those that are new, `remembered`
   * says how they stood before a restart.
   */
  set(subjects: readonly Subject[], remembered?: ReadonlyMap<RealKey, Health>): void
  /**
   * SYNs that came again and finished handshakes since the last call, of each real server: the datapath's look, about
   * five times a second.
   */
  saw(counts: ReadonlyMap<RealKey, Counts>): void
  health(): ReadonlyMap<RealKey, Health>
  /** of each check: last answer, when, next; for `xlvs show health` */
  rows(): readonly CheckRow[]
  /** aborts what is under way and waits for it; nothing is told after the call */
  end(): Promise<void>
}

/** Questions in flight at once; the rest waits its turn. */
export const MOST_QUESTIONS = 4096

export function createChecks(world: HealthWorld, most = MOST_QUESTIONS): Checks {
  const roster = createRoster()
  const herald = createHerald(world, (key) => roster.get(key)?.health())
  const schedule = createSchedule(world)
  const watcher = createWatcher({
    schedule,
    monotonic: () => world.monotonic(),
    reals: (service) => roster.of(service).map(watchable),
    turned: (key) => roster.get(key)?.judge(),
  })
  const inner: RealWorld = {
    ...innerWorld(world, schedule, most),
    isOut: ({ service, key }) => watcher.isOut(service, key),
    changed: herald.changed,
  }
  const parts: Parts = { roster, herald, watcher, inner }
  return {
    set: (subjects, remembered) => set(parts, subjects, remembered),
    saw: (counts) => watcher.saw(byService(counts, roster)),
    health: () => new Map(roster.all().map((real) => [real.subject().key, real.health()])),
    rows: () => roster.all().flatMap((real) => real.rows()),
    end: async () => {
      herald.end()
      for (const real of roster.all()) remove(parts, real)
      await roster.left()
      schedule.end()
    },
  }
}

interface Parts {
  readonly roster: Roster
  readonly herald: Herald
  readonly watcher: Watcher
  readonly inner: RealWorld
}

function set(parts: Parts, ...[subjects, remembered]: Parameters<Checks['set']>): void {
  const { roster, watcher } = parts
  const wanted = new Map(subjects.map((subject) => [subject.key, subject]))
  const touched = roster.services()
  for (const real of roster.all()) if (!wanted.has(real.subject().key)) remove(parts, real)
  for (const subject of wanted.values()) {
    const real = roster.get(subject.key)
    if (real?.change(subject)) continue
    if (real) remove(parts, real)
    add(parts, subject, remembered?.get(subject.key))
  }
  for (const service of touched) watcher.changed(service)
}

function add({ roster, watcher, inner }: Parts, subject: Subject, before: Health | undefined): void {
  const { key, service, passive } = subject
  if (before?.reason === 'swallows' && passive) watcher.remember(service, key, passive)
  roster.add(startReal(subject, before, inner))
}

function remove({ roster, herald }: Parts, real: CheckedReal): void {
  roster.remove(real)
  herald.forget(real.subject().key)
}

/** What checks use of the world, with turns and marks of their own. */
function innerWorld(world: HealthWorld, schedule: Schedule, most: number) {
  const { probe } = world
  return {
    schedule,
    turns: createTurns(most),
    marks: createMarks(probe),
    ask: (check: Check, way: Way, asks: AskWorld) => world.ask(check, way, asks),
    socket: (spec: SocketSpec) => probe.socket(spec),
    now: () => world.now(),
    monotonic: () => world.monotonic(),
    random: () => world.random(),
  }
}

function watchable(real: CheckedReal): Watchable {
  const { key, weight, passive } = real.subject()
  return { key, serves: weight > 0 && real.isUp(), ...(passive && { policy: passive }) }
}

/** Those that counted anything. */
function byService(counts: ReadonlyMap<RealKey, Counts>, roster: Roster) {
  const found = new Map<ServiceKey, Map<RealKey, Counts>>()
  for (const [key, count] of counts) {
    const service = roster.get(key)?.subject().service
    if (service === undefined || count.retries + count.handshakes === 0) continue
    const some = found.get(service) ?? new Map<RealKey, Counts>()
    found.set(service, some.set(key, count))
  }
  return found
}
