// SPDX-License-Identifier: Apache-2.0
// Lines of a FIFO, whoever writes them and however often: made when it is not there, opened again when it was replaced.
import { execFile } from 'node:child_process'
import { closeSync, constants, mkdirSync, openSync, type Stats, statSync } from 'node:fs'
import { Socket } from 'node:net'
import { dirname } from 'node:path'
import { promisify } from 'node:util'

export interface Fifo {
  close(): void
}

const LOOK_MS = 500
const LONGEST_LINE = 4_096

/**
 * Never waits for a writer: opened for reading and writing, so that it has one. `onFault` tells once of each state in
 * which it cannot be read.
 */
export function followFifo(
  path: string,
  onLine: (line: string) => void,
  onFault: (reason: string) => void,
): Fifo {
  let open: { readonly socket: Socket; readonly inode: number } | undefined
  let fault = ''
  const tell = (reason: string) => {
    if (reason !== fault && reason !== '') onFault(reason)
    fault = reason
  }
  const look = async () => {
    const there = await makeFifo(path)
    if (open?.inode === there.ino) return
    open?.socket.destroy()
    open = { socket: lines(path, onLine), inode: there.ino }
  }
  let ended = false
  const guarded = () =>
    look().then(
      () => (ended ? open?.socket.destroy() : tell('')),
      ({ message }: Error) => tell(message),
    )
  void guarded()
  const timer = setInterval(guarded, LOOK_MS)
  return {
    close: () => {
      ended = true
      clearInterval(timer)
      open?.socket.destroy()
    },
  }
}

async function makeFifo(path: string): Promise<Stats> {
  if (statSync(path, { throwIfNoEntry: false }) === undefined) {
    mkdirSync(dirname(path), { recursive: true })
    // keepalived may be quicker
    await promisify(execFile)('mkfifo', ['-m', '600', path]).catch(() => undefined)
  }
  const there = statSync(path)
  if (!there.isFIFO()) throw new Error(`${path} is not a FIFO`)
  return there
}

function lines(path: string, onLine: (line: string) => void): Socket {
  const fd = openSync(path, constants.O_RDWR | constants.O_NONBLOCK)
  try {
    const socket = new Socket({ fd, readable: true, writable: false })
    let rest = ''
    socket.setEncoding('utf8').on('data', (text: string) => {
      const all = (rest + text).split('\n')
      rest = (all.pop() ?? '').slice(-LONGEST_LINE)
      for (const line of all) onLine(line)
    })
    return socket.on('error', () => socket.destroy())
  } catch (error) {
    closeSync(fd)
    throw error
  }
}
