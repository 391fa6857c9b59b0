// SPDX-License-Identifier: Apache-2.0
// A lab owns network namespaces, processes, a folder and a place for pins, and removes them all:
// when closed, when the process ends, on Ctrl-C. Every name carries the process id.
import { execFileSync } from 'node:child_process'
import { existsSync, mkdirSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import {
  must,
  type NamespaceName,
  type Result,
  type Running,
  type RunOptions,
  run,
  start,
} from './command.js'

export interface Lab {
  /** 'xlvs-1234-1': prefix of every name it makes */
  readonly id: string
  /** a folder of its own, for files and sockets */
  readonly folder: string
  /** a folder on bpffs that is removed with the lab; not made by it */
  readonly pinRoot: string
  /** another one, for the lab's own needs */
  readonly scratch: string
  /** Makes namespaces `${id}-${role}` and returns their names in the order asked for. */
  namespaces(roles: readonly string[]): Promise<string[]>
  run(namespace: NamespaceName, argv: readonly string[], options?: RunOptions): Promise<Result>
  /** As `run`, throws unless the status is 0, returns stdout. */
  must(namespace: NamespaceName, argv: readonly string[], options?: RunOptions): Promise<string>
  /** Starts a program beside the caller; it ends with the lab at the latest. */
  start(namespace: NamespaceName, argv: readonly string[], env?: Readonly<Record<string, string>>): Running
  close(): Promise<void>
  /** Gives everything up as it stands: nothing is removed when the process ends. */
  leave(): void
}

interface Belongings {
  readonly id: string
  readonly folder: string
  readonly pinRoot: string
  readonly scratch: string
  readonly namespaces: string[]
  readonly processes: Running[]
}

const open = new Set<Belongings>()
let opened = 0
let watching = false

export function openLab(prefix = 'xlvs'): Lab {
  const id = `${prefix}-${process.pid}-${++opened}`
  const own: Belongings = { ...placesOf(id), namespaces: [], processes: [] }
  mkdirSync(own.folder)
  open.add(own)
  removeAtTheEnd()
  return {
    id,
    folder: own.folder,
    pinRoot: own.pinRoot,
    scratch: own.scratch,
    namespaces: (roles) => makeNamespaces(own, roles),
    run,
    must,
    start: (namespace, argv, env = {}) => startIn(own, namespace, argv, env),
    close: async () => {
      await Promise.all(own.processes.map((process) => process.stop()))
      remove(own)
    },
    leave: () => {
      open.delete(own)
      for (const running of own.processes) running.leave()
    },
  }
}

/** Removes the namespaces, processes, folder and pins of a lab by its name alone. */
export function removeLab(id: string): void {
  const listed = execFileSync('ip', ['netns', 'list'], { encoding: 'utf8' })
  const namespaces = listed.split('\n').map((line) => line.split(' ')[0] ?? '')
  remove({
    ...placesOf(id),
    namespaces: namespaces.filter((name) => name.startsWith(`${id}-`)),
    processes: [],
  })
}

function placesOf(id: string) {
  const pinRoot = `/sys/fs/bpf/${id}`
  return { id, folder: join(tmpdir(), id), pinRoot, scratch: `${pinRoot}-scratch` }
}

async function makeNamespaces(own: Belongings, roles: readonly string[]): Promise<string[]> {
  const names = roles.map((role) => `${own.id}-${role}`)
  own.namespaces.push(...names)
  await must(undefined, ['ip', '-batch', '-'], { input: names.map((name) => `netns add ${name}\n`).join('') })
  return names
}

function startIn(
  own: Belongings,
  namespace: NamespaceName,
  argv: readonly string[],
  env: Readonly<Record<string, string>>,
): Running {
  const output = join(own.folder, `process-${own.processes.length}`)
  const running = start(namespace, argv, { output, env })
  own.processes.push(running)
  return running
}

/** Synchronous, so that it also works while the process ends. */
function remove(own: Belongings): void {
  const made = own.namespaces.filter((name) => existsSync(`/run/netns/${name}`))
  const started = own.processes.filter((running) => running.ended() === undefined)
  for (const pid of [...started.map((running) => running.pid), ...made.flatMap(processesIn)]) kill(pid)
  if (made.length > 0)
    execFileSync('ip', ['-force', '-batch', '-'], {
      input: made.map((name) => `netns del ${name}\n`).join(''),
    })
  for (const place of [own.pinRoot, own.scratch, own.folder]) rmSync(place, { recursive: true, force: true })
  open.delete(own)
}

/** Whoever is in a namespace that the lab made was put there by the lab. */
function processesIn(namespace: string): number[] {
  const listed = execFileSync('ip', ['netns', 'pids', namespace], { encoding: 'utf8' })
  return listed.split('\n').filter(Boolean).map(Number)
}

function kill(pid: number): void {
  try {
    process.kill(pid, 'SIGKILL')
  } catch {
    // it ended in the meantime
  }
}

function removeAtTheEnd(): void {
  if (watching) return
  watching = true
  const removeAll = () => {
    for (const own of open) remove(own)
  }
  process.once('exit', removeAll)
  for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP'] as const)
    process.once(signal, () => {
      removeAll()
      process.kill(process.pid, signal)
    })
}
