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

/** `ms`: for so long its CPU is watched */
const IDLE: readonly (readonly [name: string, shape: Shape, ms: number])[] = [
  ['0', NOTHING, 8_000],
  ['10000', { services: 1_000, reals: 10 }, 20_000],
]

/** ms of a look at whether it is at rest: two whole rounds of estimating */
const REST_MS = 4_000
/** So much of the look before, and it takes no less any more. */
const STILL = 0.8
const LOOKS = 10

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
  for (const [name, shape, ms] of IDLE) {
    const row = await withDaemon(stage, shape, {}, async (pid) => {
      await untilAtRest(pid)
      const from = cpuNs(pid)
      await sleep(ms)
      const share = (cpuNs(pid) - from) / 1e6 / ms
      const figures = { CPU: figure('%', share * 100), ...memoryFigures(memoryOf(pid)) }
      return { id: `idle/${name}`, title: `idle, ${Number(name).toLocaleString('en')} real servers`, figures }
    })
    rows.push(row)
  }
  return rows
}

/** After its answer a daemon still finds next hops, remembers how things stand, and V8 compiles what runs often. */
async function untilAtRest(pid: number): Promise<void> {
  let before = Number.POSITIVE_INFINITY
  for (let look = 0; look < LOOKS; look++) {
    const from = cpuNs(pid)
    await sleep(REST_MS)
    const spent = cpuNs(pid) - from
    if (spent >= before * STILL) return
    before = spent
  }
  throw new Error(`the daemon is not at rest after ${(LOOKS * REST_MS) / 1000} s`)
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
