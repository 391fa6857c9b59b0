// SPDX-License-Identifier: Apache-2.0
// Loaded into the daemon with --import: how long its event loop answered nobody, measured within, told over a socket.
// While nobody asks it does nothing.
import { createServer, type Socket } from 'node:net'
import { monitorEventLoopDelay } from 'node:perf_hooks'

/** 'begin' has no answer but a line; 'end' has the longest stall since, ms */
export type Word = 'begin' | 'end'

const path = process.env['XLVS_BENCH_PROBE']
if (path === undefined) throw new Error('XLVS_BENCH_PROBE does not say where to listen')
const lag = monitorEventLoopDelay({ resolution: 1 })

function answer(socket: Socket, word: Word): void {
  if (word === 'begin') {
    lag.reset()
    lag.enable()
    socket.end('0')
    return
  }
  lag.disable()
  socket.end(String(lag.max / 1e6))
}

createServer((socket) => {
  socket.setEncoding('utf8').on('data', (word: string) => answer(socket, word as Word))
  socket.on('error', () => undefined)
})
  .listen(path)
  .unref()
