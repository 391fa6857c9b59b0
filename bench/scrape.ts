// SPDX-License-Identifier: Apache-2.0
// `node build/bench/bench/scrape.js [--json]`: what a scrape costs the daemon at 10, 1,000 and 10,000 real servers, alone
// and among 50 scrapers that do not read. Clients are a process of their own; the rest is what the daemon does.
import { fork } from 'node:child_process'
import { once } from 'node:events'
import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import { cpus } from 'node:os'
import { monitorEventLoopDelay } from 'node:perf_hooks'
import { fileURLToPath } from 'node:url'
import { answerScrape, Scrapes } from '../src/daemon/scrapes.js'
import { metricsPage } from '../src/metrics/page.js'
import { controlMetrics } from '../src/metrics/process.js'
import { largeSnapshot } from '../test/unit/metrics/given.js'
import type { Order, Taken } from './scraper.js'

const ROUNDS = 30
const WARM = 10
const SLOW = 50
const SHAPES = [
  [1, 10],
  [10, 100],
  [100, 100],
] as const

interface Row {
  readonly reals: number
  readonly slow: number
  readonly series: number
  readonly bytes: number
  /** ms from asking to the last byte */
  readonly ms: { readonly min: number; readonly median: number; readonly max: number }
  /** ms of CPU that the daemon spends on a scrape */
  readonly cpu: number
  /** ms for which the daemon answered nobody, at worst */
  readonly stall: number
}

const control = controlMetrics('bench')

function startServer(reals: readonly [number, number]) {
  const snapshot = largeSnapshot(...reals)
  const gone = { packets: 0n, bytes: 0n, connections: 0n }
  const page = () => metricsPage({ snapshot, wished: [], health: [], view: {}, gone }, control)
  const scrapes = new Scrapes(page, () => performance.now())
  return createServer((_, reply) => void answerScrape(scrapes, reply)).listen(0, '127.0.0.1')
}

async function measure(shape: readonly [number, number], slow: number): Promise<Row> {
  const server = startServer(shape)
  await once(server, 'listening')
  const { port } = server.address() as AddressInfo
  const clients = fork(fileURLToPath(new URL('./scraper.js', import.meta.url)), { timeout: 300_000 })
  const ask = async (order: Order): Promise<Taken> => {
    clients.send(order)
    const [taken] = (await once(clients, 'message')) as [Taken]
    return taken
  }
  try {
    await ask({ port, rounds: WARM, slow })
    const lag = monitorEventLoopDelay({ resolution: 1 })
    lag.enable()
    const before = process.cpuUsage()
    const { ms, bytes, series } = await ask({ port, rounds: ROUNDS, slow: 0 })
    const { user, system } = process.cpuUsage(before)
    lag.disable()
    const sorted = [...ms].sort((a, b) => a - b)
    const at = (share: number) =>
      Number((sorted[Math.round((sorted.length - 1) * share)] as number).toFixed(1))
    return {
      ...{ reals: shape[0] * shape[1], slow, series, bytes },
      ms: { min: at(0), median: at(0.5), max: at(1) },
      cpu: Number(((user + system) / 1000 / ROUNDS).toFixed(1)),
      stall: Number((lag.max / 1e6).toFixed(1)),
    }
  } finally {
    clients.kill()
    server.closeAllConnections()
    server.close()
  }
}

const rows: Row[] = []
for (const shape of SHAPES) for (const slow of [0, SLOW]) rows.push(await measure(shape, slow))
if (process.argv.includes('--json')) console.log(JSON.stringify({ scrape: rows }))
else {
  console.log(`\na scrape of /metrics, ${ROUNDS} rounds; ${cpus().length} × ${cpus()[0]?.model}`)
  console.table(
    rows.map(({ ms, ...rest }) => ({ ...rest, 'ms min': ms.min, 'ms median': ms.median, 'ms max': ms.max })),
  )
}
