// SPDX-License-Identifier: Apache-2.0
// Health in service: what is checked follows the store, what the checks say goes into the store, and who wants to know
// is told. Nothing here can hold up a change.
import type { CheckRow } from '../api/contract.js'
import type { Datapath } from '../datapath/types.js'
import type { Happening } from '../events/feed.js'
import { createHooks, type Hooks } from '../health/hooks.js'
import { ask } from '../health/kinds/index.js'
import { type Checks, createChecks, type Subject } from '../health/runner.js'
import type { Health } from '../model/checks.js'
import { formatProblems } from '../model/describe.js'
import { realKey, serviceKey } from '../model/keys.js'
import type { AddressText, Outcome, RealKey } from '../model/types.js'
import { capped } from './chronicle.js'
import type { Carriage, Engine } from './engine.js'
import { createFailures, type Failures } from './failures.js'
import { createWatch, LOOK_MS, type Watch } from './handshakes.js'
import { createFlow, type Flow } from './health-flow.js'
import { lastNews, newsOf } from './news.js'
import { createProbing, type ProbePath, type Probing } from './probing.js'
import type { Round } from './rounds.js'
import { desiredOf, type Runtime, type Store } from './store.js'
import { observing, rememberedHealth, storeDown } from './store-health.js'
import { startsDown, subjectsOf } from './subjects.js'

export interface HealthDutyWorld {
  readonly datapath: Datapath
  readonly engine: () => Engine
  readonly probes: () => Outcome<ProbePath>
  /** ms since the epoch */
  readonly now: () => number
  readonly log: (line: string) => void
  readonly tell: (event: Happening) => void
}

export interface HealthDuty {
  readonly rounds: readonly Round[]
  /** before the first change: what is known of earlier */
  begin(runtime: Runtime): void
  /** health of exactly what will be checked, and what follows for each service */
  leaving(from: Store, to: Store): Store
  changed(carriage: Carriage): void
  rows(): readonly CheckRow[]
  failures(): ReadonlyMap<RealKey, number>
  /** nothing is asked any more; who wants to know is told. A second time does nothing */
  end(): Promise<void>
}

/** How long programs that are told of the end may take. */
const LAST_WORDS_MS = 5_000
const KEEP_MS = 1_000

interface Life {
  readonly world: HealthDutyWorld
  readonly checks: Checks
  readonly watch: Watch
  readonly probing: Probing
  readonly hooks: Hooks
  readonly failures: Failures
  readonly flow: Flow
  /** of before the start; until the checks have it */
  remembered: ReadonlyMap<RealKey, Health> | undefined
  /** who is down is another than what the state file says */
  unkept: boolean
  ended: boolean
}

export function createHealth(world: HealthDutyWorld): HealthDuty {
  const life = createLife(world)
  const { checks, watch, failures } = life
  return {
    rounds: [
      { what: 'looking at handshakes', every: LOOK_MS, act: () => saw(checks, watch) },
      { what: 'remembering who is down', every: KEEP_MS, act: () => keep(life) },
    ],
    begin: (runtime) => {
      life.remembered = rememberedHealth(runtime.down)
    },
    leaving: (from, to) => observing(forwarding(life, to), world.now(), from),
    changed: (carriage) => changed(life, carriage),
    rows: checks.rows,
    failures: failures.counts,
    end: () => end(life),
  }
}

function createLife(world: HealthDutyWorld): Life {
  const { engine, log, now, datapath } = world
  const flow = createFlow(engine, log)
  const failures = createFailures(ask)
  const probing = createProbing(world.probes, log)
  const checks = createChecks({
    ask: failures.ask,
    probe: probing.path,
    now,
    monotonic: () => performance.now(),
    random: Math.random,
    timer: (ms, act) => {
      const timer = setTimeout(guarded(act, log), ms)
      return { stop: () => clearTimeout(timer) }
    },
    onChange: flow.take,
  })
  const parts = { flow, failures, probing, checks, watch: createWatch(datapath), hooks: createHooks({ log }) }
  return { world, ...parts, remembered: undefined, unkept: false, ended: false }
}

function guarded(act: () => void, log: (line: string) => void): () => void {
  return () => {
    try {
      act()
    } catch (error) {
      log(`health checks: ${(error as Error).message}`)
    }
  }
}

/**
 * At a start that takes over a datapath in service: who forwards there has answered before, so that even those that
 * start down go on.
 */
function forwarding({ remembered, world }: Life, to: Store): Store {
  if (remembered === undefined) return to
  const health = new Map(remembered)
  if (world.datapath.adopted) {
    const { services } = world.datapath.actual()
    const up: Health = { up: true, reason: 'waiting', since: world.now() }
    for (const service of desiredOf(to).services) {
      if (!service.reals.some((real) => startsDown(service, real))) continue
      const key = serviceKey(service)
      for (const { address, port, weight } of services.get(key)?.reals ?? []) {
        const name = realKey(key, service.mark === undefined ? address : { address, port })
        if (weight > 0 && !health.has(name)) health.set(name, up)
      }
    }
  }
  return { ...to, observed: { ...to.observed, health } }
}

function changed(life: Life, { from, to }: Carriage): void {
  const { world, hooks } = life
  if (life.remembered !== undefined || asksOtherwise(from, to)) follow(life, to)
  life.watch.moved()
  const news = newsOf(from, to)
  for (const event of capped(news.map((one) => one.event))) world.tell(event)
  for (const { notices } of news) for (const notice of notices) hooks.tell(notice)
  if (from.observed.health !== to.observed.health) life.unkept = true
}

/** Something that decides what is checked is another thing than before. */
function asksOtherwise(from: Store, to: Store): boolean {
  const [a, b] = [from.runtime, to.runtime]
  return (
    from.base !== to.base ||
    a.services !== b.services ||
    a.overrides !== b.overrides ||
    a.drains !== b.drains ||
    a.interfaces !== b.interfaces ||
    a.detached !== b.detached
  )
}

function follow(life: Life, to: Store): void {
  const { world, checks, watch, failures, probing } = life
  const some = subjectsOf(to, false)
  const throughVip = some.filter(({ vip, checks: asked }) => vip !== undefined && asked.some(isThroughVip))
  const possible = throughVip.length === 0 || probing.use(waysOut(world.datapath, throughVip))
  const subjects = possible ? some : subjectsOf(to, true)
  checks.set(subjects, life.remembered === undefined ? undefined : to.observed.health)
  life.remembered = undefined
  watch.set(witnesses(subjects))
  failures.keep(new Set(subjects.map(({ key }) => key)))
}

/** Where questions leave: by the interfaces that have the program, or by those behind which the real servers are. */
function waysOut(datapath: Datapath, asked: readonly { readonly real: AddressText }[]): readonly string[] {
  const attached = datapath.attachments().map((attachment) => attachment.interface)
  const exits = asked.map(({ real }) => datapath.nextHop(real)).filter(({ state }) => state === 'up')
  const names = exits.map((hop) => hop.interface).filter((name) => name !== undefined)
  return [...new Set([...attached, ...names])].sort()
}

/** Where one real server may be taken out for what it does not answer, the others tell whether clients are answered at all. */
function witnesses(subjects: readonly Subject[]): ReadonlySet<RealKey> {
  const services = new Set(subjects.filter(({ passive }) => passive).map(({ service }) => service))
  return new Set(subjects.filter(({ service }) => services.has(service)).map(({ key }) => key))
}

function isThroughVip({ via }: { readonly via: 'vip' | 'real' }): boolean {
  return via === 'vip'
}

function saw(checks: Checks, watch: Watch): void {
  const counts = watch.look()
  if (counts) checks.saw(counts)
}

async function keep(life: Life): Promise<void> {
  if (!life.unkept || life.ended) return
  life.unkept = false
  const kept = await life.world.engine().remember(storeDown)
  if (kept.ok) return
  life.unkept = true
  throw new Error(formatProblems(kept.problems))
}

async function end(life: Life): Promise<void> {
  if (life.ended) return
  life.ended = true
  const { checks, flow, hooks, probing, world } = life
  flow.end()
  await checks.end()
  for (const notice of lastNews(world.engine().store())) hooks.tell(notice)
  await hooks.end(LAST_WORDS_MS)
  probing.close()
}
