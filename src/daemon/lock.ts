// SPDX-License-Identifier: Apache-2.0
// One daemon for one set of pins, whatever sockets they listen on: a name in the kernel's abstract socket space is
// held as long as the process lives, and no longer.
import { createHash } from 'node:crypto'
import { createServer } from 'node:net'
import { fail, succeed } from '../model/describe.js'
import type { Outcome } from '../model/types.js'

export interface Lock {
  release(): Promise<void>
}

/** The name's room is 107 bytes; a digest always fits. */
function nameOf(pinRoot: string): string {
  return `\0xlvs-${createHash('sha256').update(pinRoot).digest('hex').slice(0, 32)}`
}

export function lockPins(pinRoot: string): Promise<Outcome<Lock>> {
  const server = createServer((visitor) => visitor.destroy())
  const release = () => new Promise<void>((resolve) => server.close(() => resolve()))
  return new Promise((resolve, reject) => {
    server.once('error', (error: NodeJS.ErrnoException) => {
      if (error.code !== 'EADDRINUSE') return reject(error)
      const reason = `another xlvs daemon works on ${pinRoot}`
      resolve(fail({ subject: pinRoot, reason, fix: 'stop it first, or choose another --pin-root' }))
    })
    server.listen(nameOf(pinRoot), () => resolve(succeed({ release })))
    server.unref()
  })
}
