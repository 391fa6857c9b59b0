// SPDX-License-Identifier: Apache-2.0
// Web servers in the reals of a lab and load from its clients.
import { setTimeout as sleep } from 'node:timers/promises'
import { fileURLToPath } from 'node:url'
import { NOTHING, type Report } from '../traffic/report.js'
import type { Running } from './command.js'
import type { Lab } from './lab.js'
import type { Host } from './topology.js'

/** The compiled program, also when this file runs from source. */
function program(name: 'serve' | 'load'): string {
  return fileURLToPath(new URL(`../../../dist/demo/traffic/${name}.js`, import.meta.url))
}

export interface ServeOptions {
  /** 80 unless told */
  readonly port?: number
  /** unless told: true */
  readonly keepalive?: boolean
  /** endpoints on which datagrams are answered: '192.0.2.10:53', '[2001:db8::10]:53' */
  readonly udp?: readonly string[]
}

/** Starts a web server in the host that answers the host's role, and waits until it listens. */
export async function serve(lab: Lab, host: Host, options: ServeOptions = {}): Promise<Running> {
  const server = lab.start(host.namespace, [
    process.execPath,
    program('serve'),
    ...['--name', host.role, '--port', String(options.port ?? 80)],
    ...(options.keepalive === false ? ['--no-keepalive'] : []),
    ...(options.udp ?? []).flatMap((endpoint) => ['--udp', endpoint]),
  ])
  await server.line(/ listens /)
  return server
}

export interface LoadOptions {
  /** questions asked at the same time; 8 unless told */
  readonly concurrency?: number
  /** per second; as fast as it goes unless told */
  readonly rate?: number
  /** the load ends after so many, or so long, or when stopped */
  readonly requests?: number
  readonly seconds?: number
  /** addresses of the client, used in turn */
  readonly from?: readonly string[]
  /** local ports, used in turn */
  readonly ports?: readonly [first: number, last: number]
  /** one connection for each of `concurrency`; a connection per request unless told */
  readonly keepalive?: boolean
  /** longest silence, ms; 5000 unless told */
  readonly timeoutMs?: number
}

export interface Load {
  /** the newest report; at most 100 ms old */
  latest(): Report
  /** the last report, once the load ends by itself */
  finished(): Promise<Report>
  /** lets what is open finish and returns the last report */
  stop(): Promise<Report>
}

/** Starts a load on 'http://…' or 'udp://…' from a client. */
export function load(lab: Lab, client: Host, url: string, options: LoadOptions = {}): Load {
  const { from, ports, keepalive, timeoutMs, ...numbers } = options
  const running = lab.start(client.namespace, [
    process.execPath,
    program('load'),
    url,
    ...Object.entries(numbers).flatMap(([name, value]) => [`--${name}`, String(value)]),
    ...(from ?? []).flatMap((address) => ['--from', address]),
    ...(ports === undefined ? [] : ['--ports', ports.join('-')]),
    ...(keepalive ? ['--keepalive'] : []),
    ...(timeoutMs === undefined ? [] : ['--timeout', String(timeoutMs)]),
  ])
  const finished = async () => {
    await running.exited
    return lastReport(running)
  }
  return {
    latest: () => newest(running) ?? NOTHING,
    finished,
    stop: async () => {
      await running.stop('SIGTERM', (timeoutMs ?? 5_000) + 5_000)
      return lastReport(running)
    },
  }
}

/** Starts a load, waits for its end, returns the totals. */
export function loadToEnd(lab: Lab, client: Host, url: string, options: LoadOptions): Promise<Report> {
  return load(lab, client, url, options).finished()
}

/** Waits until a load has had `count` answers since `since`; throws when that takes too long. */
export function answered(generator: Load, count: number, since: Report = NOTHING): Promise<Report> {
  return reported(generator, `${count} answers`, ({ done }) => done - since.done >= count)
}

/** Waits until everything that a load asked before now has ended: what follows was asked from now on. */
export function askedBeforeEnded(generator: Load, now = Date.now()): Promise<Report> {
  return reported(generator, 'end of what was asked', ({ endedBefore }) => endedBefore > now)
}

async function reported(generator: Load, what: string, isIt: (report: Report) => boolean): Promise<Report> {
  const deadline = performance.now() + 20_000
  for (;;) {
    const report = generator.latest()
    if (isIt(report)) return report
    if (performance.now() > deadline) throw new Error(`no ${what} in 20 s: ${JSON.stringify(report)}`)
    await sleep(50)
  }
}

function lastReport(running: Running): Report {
  const report = newest(running)
  if (report?.end !== true) throw new Error(`the load ended early: ${running.stdout()}${running.stderr()}`)
  return report
}

/** From the last whole line. */
function newest(running: Running): Report | undefined {
  const line = running.stdout().split('\n').at(-2)
  return line === undefined ? undefined : (JSON.parse(line) as Report)
}
