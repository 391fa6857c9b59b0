// SPDX-License-Identifier: Apache-2.0
// A reload up to the point where it would begin to change something: what a file would do, and to how many connections.
import { setImmediate } from 'node:timers/promises'
import type { PlanRequest } from '../api/contract.js'
import { parseYaml } from '../config/yaml.js'
import type { ConnEntry, Datapath } from '../datapath/types.js'
import { succeed } from '../model/describe.js'
import type { Preview } from '../model/preview.js'
import type { Outcome, Timeouts } from '../model/types.js'
import { validateDesired } from '../model/validate.js'
import { diff } from '../plan/diff.js'
import { type Census, preview } from '../plan/preview.js'
import { resolveNew } from './carry.js'
import type { Engine } from './engine.js'
import { NO_FILE, readSource, type Source, saysTheSame } from './source.js'
import { desiredOf, effectiveOf, type Runtime, type Store } from './store.js'
import { observing } from './store-health.js'
import { storeReload } from './store-reload.js'

export interface RehearsalWorld {
  readonly source: Source
  readonly engine: Engine
  readonly datapath: Datapath
  /** the store without what was applied and is open still: where the file's own word starts from */
  readonly inFile: () => Store
}

/** What a reload would refuse is refused in the same words. */
export async function rehearse(world: RehearsalWorld, request: PlanRequest): Promise<Outcome<Preview>> {
  const { source, engine, datapath, inFile } = world
  if (source.kind === 'words') return NO_FILE
  const { file = source.path, text } = request
  const base = text === undefined ? await readSource(source) : parseYaml(text, file)
  if (!base.ok) return base
  const store = engine.store()
  const own = text === undefined || saysTheSame(base, await readSource(source))
  const edited = storeReload(own ? inFile() : store, { ...base.value, limits: datapath.limits })
  if (!edited.ok) return edited
  const { notices } = edited.value
  const next = observing(edited.value.store, store.observed.now)
  const problems = validateDesired(desiredOf(next))
  if (problems.length > 0) return { ok: false, problems }
  const [from, to, actual] = [effectiveOf(store), effectiveOf(next), datapath.actual()]
  const ops = diff(to, actual, datapath.now())
  if (!ops.ok) return ops
  const census = await countConnections(datapath, actual.timeouts, to.timeouts)
  const hops = await resolveNew(datapath, to)
  const unresolved = hops.map(({ address, why = 'its next hop is not resolved' }) => ({ address, why }))
  const aside = { ends: endsOf(store.runtime), unresolved, notices }
  const { limits } = base.value
  return succeed(preview({ from, to, limits, actual, ops: ops.value, census, aside }))
}

/** Entries between two moments for other work. */
const PIECE = 1_000

async function countConnections(datapath: Datapath, now: Timeouts, then: Timeouts): Promise<Census> {
  const live = new Map<number, number>()
  const outlived = new Map<number, number>()
  let seen = 0
  for (const entry of datapath.connsInPieces()) {
    if (entry === undefined || ++seen % PIECE === 0) await setImmediate()
    if (entry === undefined) continue
    const { realId } = entry
    live.set(realId, (live.get(realId) ?? 0) + 1)
    const name = timeoutOf(entry)
    if (name === undefined || entry.expiresIn >= now[name] - then[name]) continue
    outlived.set(realId, (outlived.get(realId) ?? 0) + 1)
  }
  return { live, outlived }
}

/** Which of the timeouts that can be set its state has: it holds at once, also for what is idle already. */
function timeoutOf({ protocol, state }: ConnEntry): keyof Timeouts | undefined {
  if (protocol === 'udp') return 'udp'
  if (protocol !== 'tcp') return undefined
  return state === 'ESTABLISHED' ? 'tcp' : state === 'FIN_WAIT' ? 'tcpfin' : undefined
}

/** What lasts until a reload. */
function endsOf({ overrides, detached, timeouts, tunables }: Runtime): readonly string[] {
  const values = [...Object.entries(timeouts), ...Object.entries(tunables)]
  return [
    ...overrides.map(({ service, real, weight }) => `weight ${weight} of ${service} > ${real}`),
    ...detached.map((name) => `${name} is detached`),
    ...values.map(([name, value]) => `${name} ${value}`),
  ]
}
