// SPDX-License-Identifier: Apache-2.0
import { execFileSync } from 'node:child_process'
import { closeSync, mkdtempSync, openSync, rmSync, statSync, writeFileSync } from 'node:fs'
import { appendFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, expect, it } from 'vitest'
import { type Fifo, followFifo } from '../../../src/daemon/fifo.js'
import { until } from '../../lab/until.js'

let folder: string
let fifo: Fifo | undefined
const path = () => join(folder, 'run', 'fifo')
const heard: string[] = []
const faults: string[] = []

beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'xlvs-fifo-'))
  heard.length = faults.length = 0
})
afterEach(() => {
  fifo?.close()
  rmSync(folder, { recursive: true, force: true })
})

const follow = () => {
  fifo = followFifo(
    path(),
    (line) => heard.push(line),
    (reason) => faults.push(reason),
  )
}
const isFifo = () => statSync(path(), { throwIfNoEntry: false })?.isFIFO()

it('makes the FIFO, and hears whole lines however they are cut', async () => {
  follow()
  await until('it is there', isFifo)
  await appendFile(path(), 'one\ntw')
  await until('one is heard', () => heard.length === 1)
  await appendFile(path(), 'o\nthree\n')
  await until('all are heard', () => heard.length === 3)
  expect(heard).toEqual(['one', 'two', 'three'])
})

it('hears what was written while nobody read, as long as a writer held it', async () => {
  execFileSync('sh', ['-c', `mkdir ${join(folder, 'run')} && mkfifo ${path()}`])
  const writer = openSync(path(), 'r+')
  await appendFile(path(), 'before\n')
  follow()
  await until('it is heard', () => heard.length === 1)
  closeSync(writer)
})

it('goes on when the FIFO is taken away and made again', async () => {
  follow()
  await until('it is there', isFifo)
  await appendFile(path(), 'first\n')
  // from then on it is held open, and the next one cannot get its inode number
  await until('it is read', () => heard.includes('first'))
  const { ino } = statSync(path())
  rmSync(path())
  await until('it is there again', () => isFifo() && statSync(path()).ino !== ino)
  await appendFile(path(), 'again\n')
  await until('it is heard', () => heard.includes('again'))
})

it('says once that a file in its place is no FIFO, and goes on when one is there', async () => {
  execFileSync('mkdir', [join(folder, 'run')])
  writeFileSync(path(), '')
  follow()
  await until('it says so', () => faults.length > 0)
  rmSync(path())
  await until('it is there', isFifo)
  await appendFile(path(), 'now\n')
  await until('it is heard', () => heard.includes('now'))
  expect(faults).toEqual([`${path()} is not a FIFO`])
})
