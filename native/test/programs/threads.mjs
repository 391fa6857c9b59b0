// SPDX-License-Identifier: Apache-2.0
// Terminates busy workers in the middle of things, forty times two.
import { once } from 'node:events'
import { readFileSync } from 'node:fs'
import { setTimeout as sleep } from 'node:timers/promises'
import { Worker } from 'node:worker_threads'

const workerData = { ring: new Uint8Array(readFileSync(process.argv[2] ?? '')) }
const program = new URL('busy-worker.mjs', import.meta.url)

for (let round = 0; round < 40; round++) {
  const workers = [0, 1].map(() => new Worker(program, { workerData }))
  await Promise.all(workers.map((worker) => once(worker, 'message')))
  await sleep(round % 10)
  await Promise.all(workers.map((worker) => worker.terminate()))
}
console.log('all workers ended')
