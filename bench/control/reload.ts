// SPDX-License-Identifier: Apache-2.0
// A reload while packets come: the first load of all services, one weight of each, and nothing at all.
import { NOTHING, placesOf, type Shape, someOf, WITNESS } from './documents.js'
import { cpuNs } from './process.js'
import { figure, packetFigures, type Row } from './rows.js'
import type { Daemon, Stage } from './stage.js'
import { type Tally, together } from './traffic.js'

export const SHAPES: readonly Shape[] = [
  { services: 1, reals: 10 },
  { services: 1_000, reals: 10 },
  { services: 10_000, reals: 10 },
  { services: 1, reals: 4_096 },
]
const ROUNDS = 5
/** of more real servers than that, which take their time */
const MANY = 20_000
const ROUNDS_OF_MANY = 2
/** services whose flows are watched, and flows altogether */
const WATCHED = 1_000
const FLOWS = 4_000
/** room for the largest shape and the witness */
const LIMITS = { services: 12_000, reals: 120_000 }

export function nameOf({ services, reals }: Shape): string {
  return `${services}x${reals}`
}

interface Taken {
  readonly ms: number
  readonly cpuMs: number
  readonly stallMs: number
  readonly tally: Tally
}

export async function reloads(stage: Stage, shape: Shape): Promise<readonly Row[]> {
  stage.write({ shape: NOTHING, limits: LIMITS })
  const daemon = await stage.start({ probed: true })
  try {
    const first = [await firstLoad(stage, daemon, shape)]
    await watch(stage, shape)
    const [weights, nothing]: [Taken[], Taken[]] = [[], []]
    const rounds = shape.services * shape.reals > MANY ? ROUNDS_OF_MANY : ROUNDS
    for (let round = 0; round < rounds; round++) {
      const wish = { shape, weight: 2 + (round % 2), limits: LIMITS }
      stage.write(wish)
      weights.push(await reload(stage, daemon, true))
      nothing.push(await reload(stage, daemon, false))
    }
    const title = `${shape.services.toLocaleString('en')} × ${shape.reals.toLocaleString('en')}`
    return [
      rowOf(shape, 'first', `${title}: first load`, first),
      rowOf(shape, 'weights', `${title}: one weight of each`, weights),
      rowOf(shape, 'nothing', `${title}: nothing new`, nothing),
    ]
  } finally {
    await daemon.stop()
    stage.clear()
  }
}

/** Before it only the witness is there. */
async function firstLoad(stage: Stage, daemon: Daemon, shape: Shape): Promise<Taken> {
  await stage.traffic.tell({ what: 'know', places: [WITNESS], flows: FLOWS })
  stage.write({ shape, limits: LIMITS })
  return reload(stage, daemon, true)
}

async function watch(stage: Stage, shape: Shape): Promise<void> {
  const places = [WITNESS, ...someOf(placesOf(shape), WATCHED)]
  await stage.traffic.tell({ what: 'know', places, flows: Math.ceil(FLOWS / places.length) })
}

async function reload(stage: Stage, daemon: Daemon, changes: boolean): Promise<Taken> {
  let [ms, cpu] = [0, 0]
  let stallMs = 0
  const tally = await stage.traffic.during(async () => {
    stallMs = await daemon.stall(async () => {
      const [from, cpuFrom] = [performance.now(), cpuNs(daemon.pid)]
      const { changed } = await daemon.ask('reload')
      ms = performance.now() - from
      cpu = cpuNs(daemon.pid) - cpuFrom
      if (changed !== changes) throw new Error(`a reload says changed: ${changed}, and that is not so`)
    })
  })
  return { ms, cpuMs: cpu / 1e6, stallMs, tally }
}

function rowOf(shape: Shape, what: string, title: string, taken: readonly Taken[]): Row {
  return {
    id: `reload/${nameOf(shape)}/${what}`,
    title,
    figures: {
      wall: figure('ms', ...taken.map(({ ms }) => ms)),
      CPU: figure('ms', ...taken.map(({ cpuMs }) => cpuMs)),
      stall: figure('ms', ...taken.map(({ stallMs }) => stallMs)),
      ...packetFigures(together(taken.map(({ tally }) => tally))),
    },
  }
}
