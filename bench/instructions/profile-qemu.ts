// SPDX-License-Identifier: Apache-2.0
// qemu's log of executed instructions, on while the guest says so: its monitor and the guest's second serial port are sockets of ours.
import { once } from 'node:events'
import { existsSync } from 'node:fs'
import { createConnection, type Socket } from 'node:net'
import { join } from 'node:path'
import { createInterface, type Interface } from 'node:readline'
import { setTimeout as pause } from 'node:timers/promises'

/** Code of the kernel, its modules and its programs, not of processes. */
const KERNEL = '0xffffffff80000000+0x7fffffff'
const POLL_MS = 20

/** For qemu's command line: both sockets, for which it waits; and what may be logged. */
export function logging(folder: string): readonly string[] {
  const socket = (name: string) => `unix:${join(folder, name)},server=on,wait=on`
  return ['-dfilter', KERNEL, '-serial', socket('port'), '-qmp', socket('monitor')]
}

/** Logs each round that the guest begins into a file of its own; `took` is told when one has ended. Until the guest is gone. */
export async function logRounds(
  folder: string,
  took: (round: number, log: string) => Promise<void>,
): Promise<void> {
  // qemu makes one when the other is connected
  const sockets = ['port', 'monitor'].map((name) => connected(join(folder, name)))
  const [port, monitor] = (await Promise.all(sockets)) as [Socket, Socket]
  const order = orders(monitor)
  try {
    await order('qmp_capabilities')
    for await (const line of createInterface({ input: port })) {
      const [, what, round] = /^(begin|end) (\d+)/.exec(line) ?? []
      if (what === undefined) continue
      const log = join(folder, `round-${round}`)
      const words =
        what === 'begin'
          ? [`logfile ${log}`, 'singlestep on', 'log exec,nochain']
          : ['log none', 'singlestep off']
      for (const word of words) await order('human-monitor-command', { 'command-line': word })
      if (what === 'end') await took(Number(round), log)
      port.write('go\n')
    }
  } finally {
    port.destroy()
    monitor.destroy()
  }
}

async function connected(path: string): Promise<Socket> {
  for (;;) {
    if (existsSync(path)) {
      const socket = createConnection(path)
      try {
        await once(socket, 'connect')
        return socket.on('error', () => socket.destroy())
      } catch {
        // it is there before it is listened on
      }
    }
    await pause(POLL_MS)
  }
}

type Order = (execute: string, given?: Readonly<Record<string, string>>) => Promise<void>

/** One order at a time; throws what the monitor answers, if that is not nothing. */
function orders(monitor: Socket): Order {
  const lines: Interface = createInterface({ input: monitor })
  const answers = lines[Symbol.asyncIterator]()
  return async (execute, given = {}) => {
    monitor.write(`${JSON.stringify({ execute, arguments: given })}\n`)
    for (;;) {
      const { value, done } = await answers.next()
      if (done) throw new Error('the guest is gone')
      const answer = JSON.parse(value) as { return?: unknown; error?: { desc: string } }
      if (answer.error !== undefined) throw new Error(`qemu's monitor: ${answer.error.desc}`)
      if (answer.return === undefined) continue
      if (typeof answer.return === 'string' && answer.return.trim() !== '')
        throw new Error(`qemu's monitor: ${answer.return.trim()}`)
      return
    }
  }
}
