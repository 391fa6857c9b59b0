// SPDX-License-Identifier: Apache-2.0
// Clients of tests: questions asked in turn from chosen addresses and ports, and connections that are held open.
import { fileURLToPath } from 'node:url'
import type { Host, Lab } from './index.js'
import { until } from './until.js'

function program(name: 'ask-in-turn' | 'hold'): string {
  return fileURLToPath(new URL(`./programs/${name}.mjs`, import.meta.url))
}

export interface Origin {
  readonly address?: string
  readonly port?: number
}

/** Who answered each question: names of servers, or '!' and why there was no answer. */
export async function askInTurn(
  lab: Lab,
  client: Host,
  url: string,
  origins: readonly Origin[],
): Promise<string[]> {
  const argv = [process.execPath, program('ask-in-turn'), url, JSON.stringify(origins)]
  return JSON.parse(await lab.must(client.namespace, argv, { timeoutMs: 60_000 })) as string[]
}

let port = 10_000

/**
 * Never used before by this process: a SYN from a port whose connection is not over yet goes where that went, as in
 * IPVS.
 */
export function newPorts(count: number): readonly [first: number, last: number] {
  port += count
  return [port - count, port - 1]
}

/** As many questions from ports that were never used. */
export function askNew(lab: Lab, client: Host, url: string, count: number, address?: string) {
  const [first] = newPorts(count)
  const origins = Array.from({ length: count }, (_, i) => ({
    port: first + i,
    ...(address !== undefined && { address }),
  }))
  return askInTurn(lab, client, url, origins)
}

/** How often each name stands in a list. */
export function tally(names: readonly string[]): Record<string, number> {
  const counts: Record<string, number> = {}
  for (const name of names) counts[name] = (counts[name] ?? 0) + 1
  return counts
}

export interface HeldReport {
  /** of the server at the other end of each connection, in the order in which they were opened */
  readonly names: readonly string[]
  readonly asked: number
  readonly answered: number
  readonly failed: number
  /** datagrams that another server answered */
  readonly moved: number
  readonly failures: Readonly<Record<string, number>>
}

export interface Held {
  latest(): HeldReport
  /** Every connection has had answers to questions asked from now on. */
  goOn(): Promise<HeldReport>
  /** Closes the connections; the last report. */
  close(): Promise<HeldReport>
}

export interface HoldOptions {
  readonly flows: number
  /** ms between two questions on a connection; 50 unless told */
  readonly every?: number
}

/** Opens connections one after the other, each once the one before has been answered, and keeps asking on all. */
export async function hold(lab: Lab, client: Host, url: string, options: HoldOptions): Promise<Held> {
  const { flows, every = 50 } = options
  const argv = [process.execPath, program('hold'), url, String(flows), String(every)]
  const running = lab.start(client.namespace, argv)
  await running.line(/^\{/)
  const latest = () => {
    const line = running.stdout().split('\n').at(-2)
    if (line === undefined) throw new Error(`nothing is held: ${running.stderr()}`)
    return JSON.parse(line) as HeldReport
  }
  return {
    latest,
    goOn: async () => {
      const { answered, failed } = latest()
      const rounds = answered + failed + 4 * flows
      return until('the held connections go on', () => {
        const now = latest()
        return now.answered + now.failed >= rounds ? now : undefined
      })
    },
    close: async () => {
      await running.stop('SIGTERM')
      return latest()
    },
  }
}
