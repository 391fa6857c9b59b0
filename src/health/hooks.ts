// SPDX-License-Identifier: Apache-2.0
// Tells the operator's programs what changed. Never in anyone's way: so many at once, each with a deadline, the notices
// of one subject in order, and what goes wrong is a line in the log.
import type { RealKey, ServiceKey } from '../model/types.js'
import { type Ran, type Running, runProgram } from './program.js'

/** One change that a program is told. */
export interface Notice {
  /** program and arguments; no shell */
  readonly command: readonly string[]
  readonly event: 'up' | 'down' | 'quorum-up' | 'quorum-down'
  readonly service: ServiceKey
  /** absent: it is about the quorum */
  readonly real?: RealKey
  /** StandingReason, or a sentence about the quorum */
  readonly reason: string
}

export interface Hooks {
  /** returns at once; a later notice about the same subject waits for the earlier */
  tell(notice: Notice): void
  /** takes no more, and waits for what was told; what is not done after `within` ms is ended */
  end(within: number): Promise<void>
}

export interface HookWorld {
  log(line: string): void
  /** programs at once */
  readonly most?: number
  /** ms after which one is killed */
  readonly deadline?: number
  /** notices of one subject that wait; of more the oldest are left out */
  readonly waiting?: number
}

interface Inside {
  readonly world: Required<HookWorld>
  /** what waits, of each subject that has a program running or waiting */
  readonly lines: Map<string, Notice[]>
  /** subjects whose next notice waits for room */
  readonly ready: Set<string>
  readonly running: Set<Running>
  idle: () => void
}

export function createHooks({ log, most = 8, deadline = 30_000, waiting = 16 }: HookWorld): Hooks {
  const world = { log: (line: string) => log(line), most, deadline, waiting }
  const inside: Inside = {
    ...{ world, lines: new Map(), ready: new Set(), running: new Set(), idle: () => {} },
  }
  let ended = false
  return {
    tell: (notice) => {
      if (!ended && notice.command.length > 0) queue(inside, notice)
    },
    end: async (within) => {
      ended = true
      if (inside.lines.size === 0) return
      const done = new Promise<void>((resolve) => {
        inside.idle = resolve
      })
      const stop = setTimeout(() => giveUp(inside), within)
      await done
      clearTimeout(stop)
    },
  }
}

function queue(inside: Inside, notice: Notice): void {
  const { lines, ready, world } = inside
  const subject = notice.real ?? notice.service
  const line = lines.get(subject)
  if (line === undefined) {
    lines.set(subject, [notice])
    ready.add(subject)
    advance(inside)
    return
  }
  line.push(notice)
  const excess = line.length > world.waiting ? line.shift() : undefined
  if (excess) world.log(`${named(excess)} is left out: ${world.waiting} later ones wait already`)
}

function advance(inside: Inside): void {
  const { ready, running, lines, world } = inside
  for (const subject of ready) {
    if (running.size >= world.most) return
    ready.delete(subject)
    const notice = lines.get(subject)?.shift()
    if (notice !== undefined) start(inside, subject, notice)
  }
}

function start(inside: Inside, subject: string, notice: Notice): void {
  const { lines, ready, running, world } = inside
  const one = runProgram(notice.command, environment(notice), world.deadline)
  running.add(one)
  void one.done.then((ran) => {
    running.delete(one)
    const line = outcome(ran)
    if (line !== '') world.log(`${named(notice)}${line}`)
    if ((lines.get(subject)?.length ?? 0) > 0) ready.add(subject)
    else lines.delete(subject)
    advance(inside)
    if (lines.size === 0) inside.idle()
  })
}

/** The daemon ends: what still waits is told to nobody, what runs is killed. */
function giveUp({ lines, running, world }: Inside): void {
  for (const line of lines.values())
    for (const notice of line.splice(0)) world.log(`${named(notice)} is left out: the daemon ends`)
  for (const one of running) one.kill('the daemon ends')
}

function environment({ event, service, real, reason }: Notice): Readonly<Record<string, string>> {
  return {
    XLVS_EVENT: event,
    XLVS_SERVICE: service,
    XLVS_REAL: real === undefined ? '' : real.slice(real.indexOf(' > ') + 3),
    XLVS_STATE: event.endsWith('up') ? 'up' : 'down',
    XLVS_REASON: reason,
  }
}

/** 'notify /etc/xlvs/mail (down, tcp 192.0.2.10:80 > 192.0.2.21)' */
function named({ command, event, service, real }: Notice): string {
  return `notify ${command[0]} (${event}, ${real ?? service})`
}

/** '': nothing to say */
function outcome({ fault, said }: Ran): string {
  const what = fault === undefined ? '' : ` ${fault}`
  return said === '' ? what : `${what}: ${said}`
}
