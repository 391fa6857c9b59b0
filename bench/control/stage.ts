// SPDX-License-Identifier: Apache-2.0
// Where it is measured: a namespace with one veth and permanent neighbours, the real daemon in it, and a process that sends
// frames through its program. Everything ends with the stage.
import { rmSync, writeFileSync } from 'node:fs'
import { connect } from 'node:net'
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { fileURLToPath } from 'node:url'
import type { Status } from '../../src/api/contract.js'
import type { Calls, RouteName } from '../../src/api/routes.js'
import { call } from '../../src/cli/client.js'
import { type Lab, openLab, type Running } from '../../test/lab/index.js'
import { DIRECTOR_MAC, realMac } from '../../test/packets/frames.js'
import { ADDRESSES, addressOf, configOf, DEVICE, DIRECTOR, type Wish } from './documents.js'
import type { Word } from './probe.js'
import { openTraffic, type Traffic } from './traffic.js'

const command = join(process.cwd(), 'bin/xlvs')
const probe = fileURLToPath(new URL('./probe.js', import.meta.url))
const PATIENCE_MS = 60_000
/** ms between two looks at something that is waited for */
const LOOK_MS = 5

export interface Stage {
  readonly lab: Lab
  readonly namespace: string
  /** what `xlvs` and `xlvsadm` need in their environment */
  readonly env: Readonly<Record<string, string>>
  readonly traffic: Traffic
  write(wish: Wish): void
  /** starts the daemon and waits until it answers; `probed`: its stalls are to be measured */
  start(how?: { readonly probed?: boolean }): Promise<Daemon>
  /** everything pinned is gone; the daemon has ended before */
  clear(): void
  close(): Promise<void>
}

export interface Daemon {
  readonly pid: number
  /** ms from its start to its first answer */
  readonly startMs: number
  ask<Name extends RouteName>(name: Name, params?: Calls[Name]['params']): Promise<Calls[Name]['answer']>
  /** how long it answered nobody while that went on, ms; it was started `probed` */
  stall(act: () => Promise<unknown>): Promise<number>
  /** what is pinned stays in service */
  stop(): Promise<void>
}

export async function openStage(): Promise<Stage> {
  const lab = openLab('xlvs-bench')
  try {
    return await furnished(lab)
  } catch (error) {
    await lab.close()
    throw error
  }
}

async function furnished(lab: Lab): Promise<Stage> {
  const [namespace = '', wire = ''] = await lab.namespaces(['director', 'wire'])
  const pair = `${DEVICE} netns ${namespace} address ${DIRECTOR_MAC} type veth peer name ${DEVICE} netns ${wire}`
  await lab.must(undefined, ['ip', 'link', 'add', ...pair.split(' ')])
  await lab.must(wire, ['ip', 'link', 'set', DEVICE, 'up'])
  await lab.must(namespace, ['ip', '-batch', '-'], { input: networkLines() })
  const places = { socket: join(lab.folder, 'xlvs.sock'), state: join(lab.folder, 'state') }
  const env = { XLVS_SOCKET: places.socket, XLVS_PIN_ROOT: lab.pinRoot, XLVS_STATE_DIR: places.state }
  const traffic = openTraffic(namespace, { pinRoot: lab.pinRoot, device: DEVICE })
  return {
    ...{ lab, namespace, env, traffic },
    write: (wish) => writeFileSync(fileOf(lab), configOf(wish)),
    start: ({ probed = false } = {}) => startDaemon(lab, namespace, env, probed ? ['--import', probe] : []),
    clear: () => {
      for (const place of [lab.pinRoot, places.state]) rmSync(place, { recursive: true, force: true })
    },
    close: async () => {
      traffic.close()
      await lab.close()
    },
  }
}

function fileOf(lab: Lab): string {
  return join(lab.folder, 'xlvs.yaml')
}

function networkLines(): string {
  const neighbours = Array.from({ length: ADDRESSES }, (_, i) => addressOf(i)).map(
    (address) => `neigh add ${address} lladdr ${realMac(address)} dev ${DEVICE} nud permanent`,
  )
  return [
    'link set lo up',
    `address add ${DIRECTOR}/16 dev ${DEVICE}`,
    `link set ${DEVICE} up`,
    ...neighbours,
    '',
  ].join('\n')
}

async function startDaemon(
  lab: Lab,
  namespace: string,
  env: Stage['env'],
  options: readonly string[],
): Promise<Daemon> {
  const probeSocket = join(lab.folder, 'probe.sock')
  rmSync(probeSocket, { force: true })
  const began = performance.now()
  const words = [process.execPath, ...options, command, 'run', '-c', fileOf(lab)]
  const daemon = lab.start(namespace, words, { ...env, XLVS_BENCH_PROBE: probeSocket })
  const socket = env['XLVS_SOCKET'] as string
  await untilItAnswers(daemon, socket)
  const startMs = performance.now() - began
  return {
    ...{ pid: daemon.pid, startMs },
    ask: async (name, params) => answered(await call(socket, name, params)),
    stall: async (act) => {
      await say(probeSocket, 'begin')
      await act()
      return say(probeSocket, 'end')
    },
    stop: async () => {
      const status = await daemon.stop('SIGTERM', PATIENCE_MS)
      if (status !== 0) throw new Error(`the daemon ended with status ${status}: ${daemon.stderr().trim()}`)
    },
  }
}

function answered<T>(outcome: Awaited<ReturnType<typeof call>>): T {
  if (outcome.ok) return outcome.value as T
  throw new Error(outcome.problems.map(({ reason }) => reason).join('; '))
}

async function untilItAnswers(daemon: Running, socket: string): Promise<void> {
  for (const deadline = performance.now() + PATIENCE_MS; ; await sleep(LOOK_MS)) {
    const ended = daemon.ended()
    if (ended !== undefined)
      throw new Error(`the daemon ended with status ${ended}: ${daemon.stderr().trim()}`)
    if ((await call(socket, 'status')).ok) return
    if (performance.now() > deadline)
      throw new Error(`the daemon does not answer after ${PATIENCE_MS / 1000} s: ${daemon.stderr()}`)
  }
}

/** Waits for something that the daemon says of itself. */
export async function untilStatus(daemon: Daemon, so: (status: Status) => boolean): Promise<void> {
  for (const deadline = performance.now() + PATIENCE_MS; ; await sleep(LOOK_MS * 20)) {
    const status = await daemon.ask('status')
    if (so(status)) return
    if (performance.now() > deadline)
      throw new Error(`waited ${PATIENCE_MS / 1000} s for another status than ${JSON.stringify(status)}`)
  }
}

function say(path: string, word: Word): Promise<number> {
  return new Promise((resolve, reject) => {
    const socket = connect(path)
    let text = ''
    socket.setEncoding('utf8').on('data', (part: string) => {
      text += part
    })
    socket.on('error', reject)
    socket.on('end', () => resolve(Number(text)))
    socket.write(word)
  })
}
