// SPDX-License-Identifier: Apache-2.0
// A process that is pinned to one CPU and sends from there: `node sender.js CPU FOLDER`, orders and answers by IPC. Its call
// comes back when the director and the sink are through with what it sent, which they do on the same CPU.
import { interfaceIndex, openMap, openProgram } from 'libbpf-ts'
import { type LaneOrder, lanesOf } from './lanes.js'
import { BATCH, FRAME } from './plan.js'

export interface Order extends Omit<LaneOrder, 'ifindex'> {
  readonly link: string
  /** CPUs that begin when all are ready */
  readonly cpus: readonly number[]
}

/** `done`: what came of it stands in the lane */
export type Answer = { readonly ready: true } | { readonly done: number } | { readonly error: string }

/** ms: beyond this the other sender has died */
const PATIENCE = 5000
/** ms; a loop that does not sleep would keep the CPU from whoever is to wake the other sender */
const PAUSE = 0.02
const never = new Int32Array(new SharedArrayBuffer(4))

function serveOrders(cpu: number, folder: string): void {
  const program = openProgram(`${folder}/generate`)
  const lanes = lanesOf(openMap(`${folder}/lanes`))
  const data = new Uint8Array(FRAME)
  const answer = (words: Answer) => process.send?.(words)
  process.on('message', (order: Order) => {
    try {
      const ifindex = interfaceIndex(order.link)
      if (ifindex === undefined) throw new Error(`there is no ${order.link} here`)
      lanes.order(cpu, { ...order, ifindex })
      meet(order)
      program.run({ data, repeat: order.packets, liveFrames: true, batchSize: BATCH })
      answer({ done: order.round })
    } catch (error) {
      answer({ error: `CPU ${cpu}: ${(error as Error).message}` })
    }
  })
  process.on('disconnect', () => process.exit())
  answer({ ready: true })

  function meet({ round, cpus }: Order): void {
    lanes.setReady(cpu, round)
    const deadline = performance.now() + PATIENCE
    while (!cpus.every((other) => lanes.isReady(other, round))) {
      if (performance.now() > deadline) throw new Error(`CPUs ${cpus.join(' and ')} do not begin together`)
      Atomics.wait(never, 0, 0, PAUSE)
    }
  }
}

serveOrders(Number(process.argv[2]), process.argv[3] ?? '')
