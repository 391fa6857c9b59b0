// SPDX-License-Identifier: Apache-2.0
// Only workers load the addon, one after another; the main thread stays without. Ends with what is left in memory.
import { once } from 'node:events'
import { readFileSync } from 'node:fs'
import { Worker } from 'node:worker_threads'

const workerData = { ring: new Uint8Array(readFileSync(process.argv[2] ?? '')) }
const program = new URL('short-worker.mjs', import.meta.url)
const answers = []

for (let round = 0; round < 10; round++) {
  const worker = new Worker(program, { workerData })
  const ended = once(worker, 'exit')
  const [answer] = await once(worker, 'message')
  answers.push(answer)
  await ended
}
const mapped = readFileSync('/proc/self/maps', 'utf8').includes('libbpf_ts.node')
console.log(JSON.stringify({ answers, mapped }))
