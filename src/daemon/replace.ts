// SPDX-License-Identifier: Apache-2.0
// A file replaced as a whole or not at all, whenever the power goes: the new text is on the disk before it has the
// name, and the name before anybody is told.
import { constants } from 'node:fs'
import { type FileHandle, mkdir, open, rename, rm } from 'node:fs/promises'
import { dirname } from 'node:path'

/** Every call that changes the disk, so that a test can end the process at each. */
export interface Disk {
  /** the first directory that was made; undefined when all are there */
  makeDirectory(path: string): Promise<string | undefined>
  /** made anew or emptied */
  create(path: string, mode: number): Promise<Growing>
  rename(from: string, to: string): Promise<void>
  remove(path: string): Promise<void>
  /** what was made, renamed and removed in it is on the disk */
  syncDirectory(path: string): Promise<void>
}

export interface Growing {
  write(text: string): Promise<void>
  sync(): Promise<void>
  close(): Promise<void>
}

export const DISK: Disk = {
  makeDirectory: (path) => mkdir(path, { recursive: true, mode: 0o700 }),
  create: async (path, mode) => growing(await open(path, 'w', mode), mode),
  rename,
  remove: (path) => rm(path, { force: true }),
  syncDirectory: async (path) => {
    const directory = await open(path, constants.O_RDONLY | constants.O_DIRECTORY)
    await directory.sync().finally(() => directory.close())
  },
}

/** A text beside the file it is to become. */
export interface Waiting {
  commit(): Promise<void>
  drop(): Promise<void>
}

/** The text is on the disk, under another name. Throws with nothing left behind. */
export async function prepare(path: string, text: string, mode: number, disk = DISK): Promise<Waiting> {
  const waiting = `${path}.new`
  const drop = () => disk.remove(waiting)
  try {
    const file = await disk.create(waiting, mode)
    await filled(file, text).finally(() => file.close())
  } catch (error) {
    await drop().catch(() => undefined)
    throw error
  }
  const commit = async () => {
    await disk.rename(waiting, path)
    await disk.syncDirectory(dirname(path))
  }
  return { commit, drop }
}

/** Makes its directory too. */
export async function replaceFile(path: string, text: string, mode: number, disk = DISK): Promise<void> {
  const made = await disk.makeDirectory(dirname(path))
  if (made !== undefined) await syncNew(dirname(path), made, disk)
  const waiting = await prepare(path, text, mode, disk)
  await waiting.commit().catch(async (error) => {
    await waiting.drop().catch(() => undefined)
    throw error
  })
}

/** A directory that was made is one only when the directory it is in says so. */
async function syncNew(path: string, first: string, disk: Disk): Promise<void> {
  await disk.syncDirectory(dirname(path))
  if (path !== first && dirname(path) !== path) await syncNew(dirname(path), first, disk)
}

async function filled(file: Growing, text: string): Promise<void> {
  await file.write(text)
  await file.sync()
}

/** What is there already keeps its mode otherwise. */
function growing(file: FileHandle, mode: number): Growing {
  return {
    write: async (text) => {
      await file.chmod(mode)
      await file.writeFile(text)
    },
    sync: () => file.sync(),
    close: () => file.close(),
  }
}
