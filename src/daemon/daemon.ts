// SPDX-License-Identifier: Apache-2.0
// The daemon: puts its parts together, in an order in which everything that can be refused is refused before anything
// is attached, and takes them apart again.
import type { Change } from '../api/contract.js'
import type { EventRow } from '../api/contract-sight.js'
import type { Places } from '../api/places.js'
import type { Datapath } from '../datapath/types.js'
import { fail, succeed } from '../model/describe.js'
import type { Desired, Limits, Outcome } from '../model/types.js'
import { lockPins } from './lock.js'
import { eventText } from './log.js'
import { memoryReader } from './meminfo.js'
import { metricsPort } from './port.js'
import type { ProbePath } from './probing.js'
import { startRounds } from './rounds.js'
import { createSession, type Session, type SessionWorld } from './session.js'
import { listenOn } from './socket.js'
import { readSource, type Source } from './source.js'
import { NO_STATE, stateFile } from './state.js'
import { NO_RUNTIME } from './store.js'
import { storeDown } from './store-health.js'

export interface DaemonOptions {
  readonly source: Source
  readonly places: Places
  readonly open: (limits: Limits) => Promise<Outcome<Datapath>>
  /** how health checks get through the VIP */
  readonly probes: () => Outcome<ProbePath>
  /** ms since the epoch */
  readonly now: () => number
  /** free memory and buffers, in pages; absent = this host's */
  readonly pages?: () => number
  readonly log: (line: string) => void
  /** changes of state; absent = their sentences, to `log` */
  readonly logger?: SessionWorld['logger']
}

export interface Daemon {
  /** names of the interfaces that carry the program */
  readonly attached: readonly string[]
  readonly notices: readonly string[]
  reload(): Promise<Outcome<Change>>
  /** 'leave': what is pinned keeps forwarding; 'restore': interfaces are as they were before */
  stop(how: 'leave' | 'restore'): Promise<void>
}

/** What to do backwards when the start is refused, and at the end: listeners close before the datapath. */
type Undo = (() => unknown)[]

export async function startDaemon(options: DaemonOptions): Promise<Outcome<Daemon>> {
  const undo: Undo = []
  const outcome = await start(options, undo).catch((error: Error) => fail<Daemon>({ reason: error.message }))
  if (!outcome.ok) await unwind(undo)
  return outcome
}

async function start(options: DaemonOptions, undo: Undo): Promise<Outcome<Daemon>> {
  const base = await readSource(options.source)
  if (!base.ok) return base
  let session: Session | undefined
  let open: (handlers: Session['handlers']) => void = () => undefined
  const socket = await listenOn(options.places.socket, new Promise((resolve) => (open = resolve)))
  if (!socket.ok) return socket
  undo.push(socket.value.close)
  const lock = await lockPins(options.places.pinRoot)
  if (!lock.ok) return lock
  undo.push(lock.value.release)
  const port = metricsPort({ page: () => session?.page(), handlers: () => session?.handlers })
  const moved = await port.move(base.value)
  if (!moved.ok) return moved
  await moved.value.keep()
  undo.push(port.close)
  const opened = await openSession(options, base.value, port, undo)
  if (!opened.ok) return opened
  session = opened.value.session
  open(session.handlers)
  return succeed(running(opened.value, undo))
}

interface Opened {
  readonly session: Session
  readonly datapath: Datapath
  readonly change: Change
  /** from now on the end is not to leave things but to remove them */
  restore(): void
}

async function openSession(
  options: DaemonOptions,
  base: Desired,
  port: ReturnType<typeof metricsPort>,
  undo: Undo,
): Promise<Outcome<Opened>> {
  const { source, places, log } = options
  const opened = await options.open(base.limits)
  if (!opened.ok) return opened
  const datapath = opened.value
  let letGo: () => unknown = () => (datapath.adopted ? datapath.close() : datapath.destroy())
  undo.unshift(() => letGo())
  if (source.kind === 'words' && datapath.adopted && datapath.attachments().length > 0)
    return fail(inService(datapath, places))
  const state = source.kind === 'file' ? stateFile(places.stateDir) : NO_STATE
  const runtime =
    source.kind === 'file' ? await state.read() : succeed({ ...NO_RUNTIME, services: source.services })
  if (!runtime.ok) return runtime
  const pages = options.pages ?? memoryReader()
  const logger = options.logger ?? plainly(log)
  const session = createSession({ ...options, logger, datapath, state, port, pages })
  const change = await session.begin(base, runtime.value)
  if (!change.ok) return change
  undo.push(session.end, session.health.end)
  letGo = () => datapath.close()
  const restore = () => {
    letGo = () => datapath.destroy()
  }
  let ending = false
  undo.push(() => {
    ending = true
  })
  await datapath.watchNextHops((state) => {
    if (!ending) session.hop(state)
  })
  const rounds = [...session.duties.rounds, ...session.health.rounds]
  undo.push(session.duties.end, startRounds(rounds, log).stop)
  return succeed({ session, datapath, change: change.value, restore })
}

function running({ session, datapath, change, restore }: Opened, undo: Undo): Daemon {
  return {
    attached: datapath.attachments().map((attachment) => attachment.interface),
    notices: change.notices,
    reload: session.reload,
    stop: async (how) => {
      if (how === 'restore') restore()
      session.ending(how)
      const silent = session.health.end()
      await session.engine.end(storeDown)
      await silent
      await unwind(undo)
    },
  }
}

async function unwind(undo: Undo): Promise<void> {
  for (const step of undo.splice(0).reverse()) await step()
}

function inService(datapath: Datapath, { pinRoot }: Places) {
  const names = datapath.attachments().map((attachment) => attachment.interface)
  return {
    reason: `xlvs is in service already: pins at ${pinRoot}, attached to ${names.join(', ')}`,
    fix: 'end that with: xlvs detach --all',
  }
}

function plainly(log: (line: string) => void): SessionWorld['logger'] {
  const event = (row: EventRow) => {
    const text = eventText(row, 'text')
    if (text !== undefined) log(text)
  }
  return { event, use: () => undefined }
}
