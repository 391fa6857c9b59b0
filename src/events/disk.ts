// SPDX-License-Identifier: Apache-2.0
// Every call of the event log that touches the disk, so that a test can make each fail. All but `later` and `finish` are
// synchronous: a line is the kernel's before anything else happens, and survives the end of the process.
import {
  closeSync,
  fstatSync,
  fsync,
  ftruncateSync,
  mkdirSync,
  openSync,
  readdirSync,
  readFileSync,
  readSync,
  rmSync,
  statSync,
  writeSync,
} from 'node:fs'
import { readFile } from 'node:fs/promises'

export interface EventDisk {
  makeDirectory(path: string): void
  list(path: string): readonly string[]
  size(path: string): number
  /** the whole file, or its first bytes */
  read(path: string, bytes?: number): Buffer
  later(path: string): Promise<Buffer>
  /** made when it is not there; what is written comes at its end */
  open(path: string): Appending
  remove(path: string): void
}

export interface Appending {
  /** throws when not all of it could be written */
  append(text: string): void
  truncate(size: number): void
  /** nothing more comes: in the background it is put on the disk, and closed */
  finish(): void
}

export const EVENT_DISK: EventDisk = {
  makeDirectory: (path) => void mkdirSync(path, { recursive: true, mode: 0o700 }),
  list: (path) => readdirSync(path),
  size: (path) => statSync(path).size,
  read: (path, bytes) => (bytes === undefined ? readFileSync(path) : beginning(path, bytes)),
  later: (path) => readFile(path),
  open: (path) => appending(openSync(path, 'a', 0o600)),
  remove: (path) => rmSync(path, { force: true }),
}

function beginning(path: string, bytes: number): Buffer {
  const fd = openSync(path, 'r')
  try {
    const buffer = Buffer.alloc(bytes)
    return buffer.subarray(0, readSync(fd, buffer, 0, bytes, 0))
  } finally {
    closeSync(fd)
  }
}

function appending(fd: number): Appending {
  return {
    append: (text) => {
      const bytes = Buffer.from(text)
      for (let at = 0; at < bytes.length; ) {
        const written = writeSync(fd, bytes, at)
        if (written === 0) throw Object.assign(new Error('nothing more can be written'), { code: 'ENOSPC' })
        at += written
      }
    },
    truncate: (size) => {
      if (fstatSync(fd).size > size) ftruncateSync(fd, size)
    },
    finish: () => fsync(fd, () => closeSync(fd)),
  }
}
