// SPDX-License-Identifier: Apache-2.0
// The power goes at every moment of every write: whatever a disk may then have, the state file is the old one or the
// new one, and once a write was answered it is the new one.
import { mkdir, mkdtemp, readdir, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { dirname, join } from 'node:path'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import type { Disk } from '../../../src/daemon/replace.js'
import { stateFile } from '../../../src/daemon/state.js'
import { NO_RUNTIME, type Runtime } from '../../../src/daemon/store.js'
import { formatProblem } from '../../../src/model/describe.js'
import { fileService } from './given.js'

let dir: string

beforeEach(async () => {
  dir = await mkdtemp(join(tmpdir(), `xlvs-power-${process.pid}-`))
})
afterEach(() => rm(dir, { recursive: true, force: true }))

const runtimeOf = (services: number): Runtime => ({
  ...NO_RUNTIME,
  services: Array.from({ length: services }, (_, i) => fileService({ owner: 'api', vip: `192.0.2.${i}` })),
})
const [OLD, NEW] = [runtimeOf(2), runtimeOf(3)]

/** A file's name leads to a node; what a node has on the disk for sure is what was synced last. */
interface Node {
  text: string
  synced: string | undefined
}

type Entry = { readonly path: string; readonly node: Node | 'directory' | undefined }

/**
 * A disk that forgets. Names are made at once for who looks now, and are on the disk only when their directory was
 * synced: until then any of the changes of names may be there and any may not, in any combination.
 */
class ForgetfulDisk {
  readonly #durable = new Map<string, Node | 'directory'>()
  readonly #names = new Map<string, Node | 'directory'>()
  #pending: Entry[] = []
  /** what a disk may have after the power went at this call */
  readonly moments: {
    readonly answered: boolean
    readonly disks: readonly ReadonlyMap<string, string | 'directory'>[]
  }[] = []

  constructor(root: string) {
    this.#durable.set(root, 'directory')
    this.#names.set(root, 'directory')
  }

  /** Every call first notes what would be left if the power went just before it. */
  disk(): Disk {
    const step = async <T>(act: () => T): Promise<T> => {
      this.note(false)
      return act()
    }
    return {
      makeDirectory: (path) => step(() => this.#makeDirectory(path)),
      create: (path) => step(() => this.#create(path, step)),
      rename: (from, to) =>
        step(() => {
          const node = this.#names.get(from) as Node
          this.#change({ path: to, node })
          this.#change({ path: from, node: undefined })
        }),
      remove: (path) => step(() => this.#change({ path, node: undefined })),
      syncDirectory: (path) =>
        step(() => {
          for (const { path: name, node } of this.#pending.filter((entry) => dirname(entry.path) === path))
            set(this.#durable, name, node)
          this.#pending = this.#pending.filter((entry) => dirname(entry.path) !== path)
        }),
    }
  }

  note(answered: boolean): void {
    const disks = subsets(this.#pending).flatMap((kept) => {
      const names = new Map(this.#durable)
      for (const { path, node } of kept) set(names, path, node)
      return contentsOf(names)
    })
    this.moments.push({ answered, disks })
  }

  #makeDirectory(path: string): string | undefined {
    const missing: string[] = []
    for (let at = path; !this.#names.has(at); at = dirname(at)) missing.unshift(at)
    for (const one of missing) this.#change({ path: one, node: 'directory' })
    return missing[0]
  }

  #create(path: string, step: <T>(act: () => T) => Promise<T>) {
    const known = this.#names.get(path)
    const node: Node = known === undefined || known === 'directory' ? { text: '', synced: undefined } : known
    node.text = ''
    if (known === undefined) this.#change({ path, node })
    return {
      // in two halves: a long text does not reach the disk in one piece
      write: async (text: string) => {
        await step(() => grow(node, text.slice(0, text.length / 2)))
        await step(() => grow(node, text))
      },
      sync: () =>
        step(() => {
          node.synced = node.text
        }),
      close: () => step(() => undefined),
    }
  }

  #change(entry: Entry): void {
    set(this.#names, entry.path, entry.node)
    this.#pending.push(entry)
  }
}

function grow(node: Node, text: string): void {
  node.text = text
}

function set(names: Map<string, Node | 'directory'>, path: string, node: Entry['node']): void {
  if (node === undefined) names.delete(path)
  else names.set(path, node)
}

function subsets<T>(list: readonly T[]): readonly (readonly T[])[] {
  return Array.from({ length: 2 ** list.length }, (_, set) => list.filter((_one, i) => (set >> i) & 1))
}

/** A text that was not synced is there, cut off, empty or zeros; what was synced may have been replaced by that. */
function contentsOf(names: ReadonlyMap<string, Node | 'directory'>): Map<string, string | 'directory'>[] {
  const reachable = [...names].filter(([path]) => isReached(names, path))
  return reachable.reduce<Map<string, string | 'directory'>[]>(
    (all, [path, node]) =>
      all.flatMap((disk) => textsOf(node).map((text) => new Map([...disk, [path, text] as const]))),
    [new Map()],
  )
}

/** Every directory above it has its name on the disk. */
function isReached(names: ReadonlyMap<string, unknown>, path: string): boolean {
  return path === dir || (names.get(dirname(path)) === 'directory' && isReached(names, dirname(path)))
}

function textsOf(node: Node | 'directory'): readonly (string | 'directory')[] {
  if (node === 'directory') return ['directory']
  if (node.synced === node.text) return [node.text]
  const unsure = [node.text, node.text.slice(0, node.text.length / 2), '', '\0'.repeat(node.text.length)]
  return node.synced === undefined ? unsure : [...unsure, node.synced]
}

/** What a daemon finds that starts on such a disk. */
async function foundOn(disk: ReadonlyMap<string, string | 'directory'>, state: string): Promise<Runtime> {
  await rm(dir, { recursive: true, force: true })
  await mkdir(dir, { recursive: true })
  for (const [path, text] of [...disk].sort(([a], [b]) => a.length - b.length)) {
    if (text === 'directory') await mkdir(path, { recursive: true }).catch(() => undefined)
    else await writeFile(path, text).catch(() => undefined)
  }
  const read = await stateFile(state).read()
  if (!read.ok)
    throw new Error(`refused: ${read.problems.map(formatProblem).join()}; ${JSON.stringify([...disk])}`)
  return read.value
}

describe('when the power goes', () => {
  it.each([
    ['while the first state is written, in directories that are not there yet', undefined],
    ['while one takes the place of another', OLD],
  ])('%s, what is read is the old or the new one', async (_, before) => {
    const state = before === undefined ? join(dir, 'var', 'lib', 'xlvs') : dir
    const forgetful = new ForgetfulDisk(dir)
    const file = stateFile(state, forgetful.disk())
    if (before !== undefined) {
      expect((await file.write(before)).ok).toBe(true)
      forgetful.moments.length = 0
    }
    expect((await file.write(NEW)).ok).toBe(true)
    forgetful.note(true)
    expect(forgetful.moments.length).toBeGreaterThan(7)
    const seen = new Set<string>()
    for (const { answered, disks } of forgetful.moments)
      for (const disk of disks) {
        const found = JSON.stringify(await foundOn(disk, state))
        seen.add(found)
        const possible = answered ? [NEW] : [before ?? NO_RUNTIME, NEW]
        expect(possible.map((one) => JSON.stringify(one))).toContain(found)
      }
    expect(seen.size).toBe(2)
  })

  it('again and again at the same place, with what was left over there, the next write goes through', async () => {
    const forgetful = new ForgetfulDisk(dir)
    await stateFile(dir, forgetful.disk()).write(OLD)
    await stateFile(dir, forgetful.disk()).write(NEW)
    for (const { disks } of forgetful.moments)
      for (const disk of disks) {
        await foundOn(disk, dir)
        expect((await stateFile(dir).write(NEW)).ok).toBe(true)
        expect(await stateFile(dir).read()).toEqual({ ok: true, value: NEW })
        expect(await readdir(dir)).toEqual(['state.json'])
      }
  })

  it('would be noticed here if the text were not synced, or the directory', async () => {
    for (const careless of ['sync', 'syncDirectory'] as const) {
      const forgetful = new ForgetfulDisk(dir)
      const disk = forgetful.disk()
      const nothing = async () => undefined
      const lazy: Disk =
        careless === 'syncDirectory'
          ? { ...disk, syncDirectory: nothing }
          : { ...disk, create: async (path, mode) => ({ ...(await disk.create(path, mode)), sync: nothing }) }
      await stateFile(dir, lazy).write(OLD)
      forgetful.note(true)
      const last = forgetful.moments.at(-1)?.disks ?? []
      const found: string[] = []
      for (const one of last)
        found.push(
          await foundOn(one, dir).then(
            (runtime) => JSON.stringify(runtime),
            () => 'refused',
          ),
        )
      expect(found.some((one) => one !== JSON.stringify(OLD))).toBe(true)
    }
  })
})
