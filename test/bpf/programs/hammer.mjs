// SPDX-License-Identifier: Apache-2.0
// A CPU of its own: sends many frames of many flows through the pinned program, in a thread beside others.
import { parentPort, workerData } from 'node:worker_threads'
import { openProgram } from '../../../native/dist/index.js'

const { pin, frames, count, seed, own } = workerData
const program = openProgram(pin)
let state = seed
const below = (n) => {
  state = (Math.imul(state, 1664525) + 1013904223) >>> 0
  return (state >>> 8) % n
}
const actions = [0, 0, 0, 0, 0]
const FLAGS = [0x02, 0x10, 0x10, 0x11, 0x04, 0x02]

for (let i = 0; i < count; i++) {
  const { data, source, ports, flags } = frames[below(frames.length)]
  // clients 0..63 are everybody's, the rest this thread's
  data[source] = below(2) === 0 ? 0 : own
  data[source + 1] = below(64)
  data[ports + 1] = below(8)
  if (flags !== undefined) data[flags] = FLAGS[below(FLAGS.length)]
  actions[program.run({ data, dataOutSize: data.length + 64 }).returnValue]++
}
program.close()
parentPort.postMessage(actions)
