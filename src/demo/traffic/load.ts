// SPDX-License-Identifier: Apache-2.0
// A load generator, run inside a client's namespace; one JSON line per report on stdout, the last has `"end": true`:
//   node load.js http://192.0.2.10/ [--concurrency 8] [--rate PER_SECOND] [--requests N] [--seconds S]
//                [--from ADDRESS ...] [--ports FIRST-LAST] [--keepalive] [--timeout MS] [--every MS]
//   node load.js udp://192.0.2.10:53 ...
// SIGTERM or SIGINT: nothing new is asked, what is open is finished, the last line is printed.
import { setTimeout as sleep } from 'node:timers/promises'
import { parseArgs } from 'node:util'
import { type Ask, asker, type Origin } from './ask.js'
import type { Report } from './report.js'

const { values, positionals } = parseArgs({
  allowPositionals: true,
  options: {
    concurrency: { type: 'string', default: '8' },
    rate: { type: 'string', default: 'Infinity' },
    requests: { type: 'string', default: 'Infinity' },
    seconds: { type: 'string', default: 'Infinity' },
    from: { type: 'string', multiple: true, default: [] },
    ports: { type: 'string' },
    keepalive: { type: 'boolean', default: false },
    timeout: { type: 'string', default: '5000' },
    every: { type: 'string', default: '100' },
  },
})
const url = new URL(positionals[0] ?? 'http://192.0.2.10/')
const limit = Number(values.requests)
const pause = 1000 / Number(values.rate)
const origins = originsOf(values.from, values.ports)
const startedAt = performance.now()
const counts = { done: 0, failed: 0, slowest: 0 }
/** when each request under way was asked, ms since the epoch, the oldest first */
const open = new Set<{ readonly asked: number }>()
const by: Record<string, number> = {}
const failures: Record<string, number> = {}
let asked = 0
let ending = false

process.once('SIGTERM', end).once('SIGINT', end)
if (values.seconds !== 'Infinity') setTimeout(end, Number(values.seconds) * 1000).unref()
const reports = setInterval(() => print(), Number(values.every))
await Promise.all(Array.from({ length: Number(values.concurrency) }, worker))
clearInterval(reports)
print({ end: true })
process.exit(0)

function end(): void {
  ending = true
}

/** Asks one question after the other, each at its own time when there is a rate. */
async function worker(): Promise<void> {
  const ask = asker(url, { keepalive: values.keepalive, timeoutMs: Number(values.timeout) })
  while (!ending && asked < limit) {
    const number = asked++
    const wait = startedAt + number * pause - performance.now()
    if (wait > 0) await sleep(wait)
    if (ending) return
    await once(ask, origins(number))
  }
}

async function once(ask: Ask, origin: Origin): Promise<void> {
  const began = performance.now()
  const mine = { asked: Date.now() }
  open.add(mine)
  try {
    const name = await ask(origin)
    counts.done++
    by[name] = (by[name] ?? 0) + 1
  } catch (error) {
    counts.failed++
    const reason = (error as { code?: string }).code ?? String(error)
    failures[reason] = (failures[reason] ?? 0) + 1
  }
  open.delete(mine)
  counts.slowest = Math.max(counts.slowest, Math.round(performance.now() - began))
}

function print(last: { end?: true } = {}): void {
  const [oldest] = open
  const report: Report = {
    t: Math.round(performance.now() - startedAt),
    ...counts,
    open: open.size,
    endedBefore: oldest?.asked ?? Date.now(),
    by,
    failures,
    ...last,
  }
  process.stdout.write(`${JSON.stringify(report)}\n`)
}

/** Request i comes from address i, i + 1, ... in turn, and from the next port after each round. */
function originsOf(addresses: readonly string[], ports: string | undefined): (i: number) => Origin {
  const [first = 0, last = 0] = (ports ?? '').split('-').map(Number)
  const rounds = Math.max(1, addresses.length)
  return (i) => {
    const address = addresses[i % rounds]
    const port = ports === undefined ? undefined : first + (Math.floor(i / rounds) % (last - first + 1))
    return { ...(address !== undefined && { address }), ...(port !== undefined && { port }) }
  }
}
