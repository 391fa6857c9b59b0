// SPDX-License-Identifier: Apache-2.0
// The daemon ends and comes back to a table full of connections, which it adopts; and what a table ten times as large
// costs it from then on.
import { setTimeout as sleep } from 'node:timers/promises'
import { placesOf, type Room, type Shape, WITNESS } from './documents.js'
import { cpuNs, mapBytes, memoryOf } from './process.js'
import { figure, MIB, memoryFigures, packetFigures, type Row } from './rows.js'
import { type Daemon, type Stage, untilStatus } from './stage.js'
import { type Tally, together } from './traffic.js'

const FLOWS = 4_000
const MILLION = 1_000_000
/** A million flows each. */
const ONE: Shape = { services: 1, reals: 10 }
const TEN: Shape = { services: 10, reals: 10 }
/** Fewer of them in the table, and something else is measured. */
const ENOUGH = 0.99
const ROUNDS = 3
/** ms: four rounds over the whole table */
const WATCHED_MS = 16_000
/** Nobody's. */
const STRANGER = '203.0.113.1'

interface Came {
  readonly startMs: number
  readonly cpuMs: number
  readonly tally: Tally
  readonly memory: Row['figures']
}

export async function restarts(stage: Stage): Promise<readonly Row[]> {
  let daemon = await withFlows(stage, ONE, {})
  try {
    await stage.traffic.tell({ what: 'know', places: [WITNESS], flows: FLOWS })
    const came: Came[] = []
    for (let round = 0; round < ROUNDS; round++) {
      const tally = await stage.traffic.during(async () => {
        await daemon.stop()
        daemon = await stage.start()
      })
      const cpuMs = cpuNs(daemon.pid) / 1e6
      await untilCounted(daemon, MILLION)
      const memory = memoryFigures(memoryOf(daemon.pid))
      came.push({ startMs: daemon.startMs, cpuMs, tally, memory })
    }
    return [rowOf(came, (await connections(daemon)) ?? 0)]
  } finally {
    await daemon.stop()
    stage.clear()
  }
}

function rowOf(came: readonly Came[], entries: number): Row {
  const last = came.at(-1) as Came
  return {
    id: 'restart/1M',
    title: 'restart with 1M connections',
    figures: {
      'to its answer': figure('ms', ...came.map(({ startMs }) => startMs)),
      CPU: figure('ms', ...came.map(({ cpuMs }) => cpuMs)),
      ...last.memory,
      entries: figure('entries', entries),
      ...packetFigures(together(came.map(({ tally }) => tally))),
    },
  }
}

/** A daemon that has adopted a table with a million connections of each service. */
async function withFlows(stage: Stage, shape: Shape, limits: Room, probed = false): Promise<Daemon> {
  stage.write({ shape, limits })
  const before = await stage.start()
  await before.stop()
  await stage.traffic.tell({ what: 'fill', places: placesOf(shape), flows: MILLION })
  const daemon = await stage.start({ probed })
  const { adopted } = await daemon.ask('status')
  if (!adopted) throw new Error('the daemon has not adopted the tables that were filled')
  await untilCounted(daemon, shape.services * MILLION)
  return daemon
}

/** Its sweep has been round the table. */
function untilCounted(daemon: Daemon, flows: number): Promise<void> {
  return untilStatus(daemon, ({ tables }) => {
    return (tables.find(({ name }) => name === 'conn4')?.entries ?? 0) >= ENOUGH * flows
  })
}

async function connections(daemon: Daemon): Promise<number | undefined> {
  return (await daemon.ask('status')).tables.find(({ name }) => name === 'conn4')?.entries
}

export async function largeTable(stage: Stage): Promise<readonly Row[]> {
  const daemon = await withFlows(stage, TEN, { connections: TEN.services * MILLION }, true)
  try {
    let cpu = 0
    const stall = await daemon.stall(async () => {
      const from = cpuNs(daemon.pid)
      await sleep(WATCHED_MS)
      cpu = cpuNs(daemon.pid) - from
    })
    const answer = await timed(() => daemon.ask('status'))
    let search = 0
    const searching = await daemon.stall(async () => {
      search = await timed(() => daemon.ask('conns', { client: STRANGER }))
    })
    const bytes = mapBytes(stage.lab.pinRoot)
    const sweep = {
      CPU: figure('ms/s', (cpu / 1e6 / WATCHED_MS) * 1000),
      stall: figure('ms', stall),
      entries: figure('entries', (await connections(daemon)) ?? 0),
      'conns4 map': figure('MiB', (bytes['conns4'] ?? 0) / MIB),
    }
    const searched = { wall: figure('ms', search), stall: figure('ms', searching) }
    return [
      { id: 'table/10M/sweep', title: 'sweep and census of 10M connections', figures: sweep },
      { id: 'table/10M/count', title: 'the count told', figures: { wall: figure('ms', answer) } },
      { id: 'table/10M/search', title: 'a search through all', figures: searched },
    ]
  } finally {
    await daemon.stop()
    stage.clear()
  }
}

async function timed(act: () => Promise<unknown>): Promise<number> {
  const from = performance.now()
  await act()
  return performance.now() - from
}
