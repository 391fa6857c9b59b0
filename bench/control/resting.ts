// SPDX-License-Identifier: Apache-2.0
// What it takes while nothing happens: the daemon's CPU and memory, the kernel's memory by size of the tables, and a
// command that asks one question.
import { spawnSync } from 'node:child_process'
import { setTimeout as sleep } from 'node:timers/promises'
import { NOTHING, type Room, type Shape } from './documents.js'
import { cpuNs, mapBytes, memoryOf } from './process.js'
import { figure, MIB, memoryFigures, type Row } from './rows.js'
import { type Stage, untilStatus } from './stage.js'

const SIZES: readonly (readonly [name: string, title: string, limits: Room])[] = [
  ['default', 'the default limits', {}],
  ['4M', 'limits of 4M connections', { connections: 4_000_000 }],
  ['10M', 'limits of 10M connections', { connections: 10_000_000 }],
]

const IDLE: readonly (readonly [name: string, shape: Shape])[] = [
  ['0', NOTHING],
  ['10000', { services: 1_000, reals: 10 }],
]

/** After its start it finds next hops and remembers how things stand, and V8 hands memory back 100 s after that. */
const REST_MS = 120_000
/** For so long its CPU is watched then. */
const LOOK_MS = 20_000

const ROUNDS = 20
const COMMANDS: Readonly<Record<string, readonly string[]>> = {
  'node -e 0': ['-e', '0'],
  'xlvs status': ['bin/xlvs', 'status'],
  'xlvsadm -Ln': ['bin/xlvsadm', '-Ln'],
}

export async function kernelMemory(stage: Stage): Promise<readonly Row[]> {
  const rows: Row[] = []
  for (const [name, title, limits] of SIZES) {
    const row = await withDaemon(stage, NOTHING, limits, async (pid) => {
      const bytes = mapBytes(stage.lab.pinRoot)
      const all = Object.values(bytes).reduce((sum, each) => sum + each, 0)
      const figures = {
        'all maps': figure('MiB', all / MIB),
        conns4: figure('MiB', (bytes['conns4'] ?? 0) / MIB),
        conns6: figure('MiB', (bytes['conns6'] ?? 0) / MIB),
        ...memoryFigures(memoryOf(pid)),
      }
      return { id: `memory/${name}`, title, figures }
    })
    rows.push(row)
  }
  return rows
}

/** Both at the default limits. */
export async function idle(stage: Stage): Promise<readonly Row[]> {
  const rows: Row[] = []
  for (const [name, shape] of IDLE) {
    const row = await withDaemon(stage, shape, {}, async (pid) => {
      await sleep(REST_MS)
      const from = cpuNs(pid)
      await sleep(LOOK_MS)
      const share = (cpuNs(pid) - from) / 1e6 / LOOK_MS
      const figures = { CPU: figure('%', share * 100), ...memoryFigures(memoryOf(pid)) }
      return { id: `idle/${name}`, title: `idle, ${Number(name).toLocaleString('en')} real servers`, figures }
    })
    rows.push(row)
  }
  return rows
}

async function withDaemon(
  stage: Stage,
  shape: Shape,
  limits: Room,
  act: (pid: number) => Promise<Row>,
): Promise<Row> {
  stage.write({ shape, limits })
  const daemon = await stage.start()
  try {
    await untilStatus(daemon, ({ services }) => services > shape.services)
    return await act(daemon.pid)
  } finally {
    await daemon.stop()
    stage.clear()
  }
}

/** In turn, so that what disturbs one disturbs all. */
export async function coldStarts(stage: Stage): Promise<readonly Row[]> {
  stage.write({ shape: { services: 1, reals: 10 } })
  const daemon = await stage.start()
  const names = Object.keys(COMMANDS)
  const taken = new Map<string, number[]>(names.map((name) => [name, []]))
  try {
    for (let round = 0; round < ROUNDS; round++)
      for (const name of names) taken.get(name)?.push(startOf(name, stage.env))
  } finally {
    await daemon.stop()
    stage.clear()
  }
  return names.map((name) => ({
    id: `cli/${name.replaceAll(' ', '-')}`,
    title: name,
    figures: { wall: figure('ms', ...(taken.get(name) ?? [])) },
  }))
}

function startOf(name: string, env: Stage['env']): number {
  const from = performance.now()
  const { status, stderr } = spawnSync(process.execPath, COMMANDS[name] ?? [], {
    env: { ...process.env, ...env },
    encoding: 'utf8',
  })
  const ms = performance.now() - from
  if (status !== 0) throw new Error(`${name} ended with status ${status}: ${stderr.trim()}`)
  return ms
}
