// SPDX-License-Identifier: Apache-2.0
// What the tests stand on: compiled programs, a place for pins, a pair of interfaces. All of it goes away again.
import { execFileSync } from 'node:child_process'
import { mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, statfsSync, unlinkSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll } from 'vitest'
import { compileFile } from './gen-types-compile.js'

const compiled = new Map<string, Uint8Array>()

/** The object compiled from test/bpf/NAME.bpf.c. */
export function bpfObject(name: string): Uint8Array {
  const ready = compiled.get(name)
  if (ready !== undefined) return ready
  const directory = mkdtempSync(join(tmpdir(), 'libbpf-ts-test-'))
  try {
    const source = join(import.meta.dirname, 'bpf', `${name}.bpf.c`)
    const bytes = compileFile(source, join(directory, `${name}.o`), ['-g', '-mcpu=v3'])
    compiled.set(name, bytes)
    return bytes
  } finally {
    rmSync(directory, { recursive: true })
  }
}

/** A directory on a BPF file system for the tests of one file; what is pinned in it is unpinned at the end. */
export function pins(name: string): (pin: string) => string {
  const root = '/sys/fs/bpf'
  const directory = join(root, `libbpf-ts-${process.pid}-${name}`)
  beforeAll(() => {
    const bpfFileSystem = 0xcafe4a11
    if (statfsSync(root).type !== bpfFileSystem) execFileSync('mount', ['-t', 'bpf', 'bpf', root])
    mkdirSync(directory)
  })
  afterAll(() => {
    for (const pin of readdirSync(directory)) unlinkSync(join(directory, pin))
    rmSync(directory, { recursive: true })
  })
  return (pin) => join(directory, pin)
}

export interface Pair {
  readonly near: number
  readonly far: number
  readonly nearName: string
}

/** Two connected interfaces for the tests of one file. */
export function vethPair(letter: string): Pair {
  const near = `lt${process.pid}${letter}0`
  const far = `lt${process.pid}${letter}1`
  const pair = { near: 0, far: 0, nearName: near }
  beforeAll(() => {
    execFileSync('ip', ['link', 'add', near, 'type', 'veth', 'peer', 'name', far])
    for (const name of [near, far]) execFileSync('ip', ['link', 'set', name, 'up'])
    pair.near = indexOf(near)
    pair.far = indexOf(far)
  })
  afterAll(() => {
    if (indexOf(near) !== 0) execFileSync('ip', ['link', 'del', near])
  })
  return pair
}

function indexOf(name: string): number {
  try {
    return Number(readFileSync(`/sys/class/net/${name}/ifindex`, 'utf8'))
  } catch {
    return 0
  }
}

export function openDescriptors(): number {
  return readdirSync('/proc/self/fd').length
}

/** A packet of zeros. */
export function packet(length = 64): Uint8Array {
  return new Uint8Array(length)
}

/** The error a call throws; fails when it throws none. */
export function thrownBy<T extends Error>(kind: new (...args: never[]) => T, call: () => unknown): T {
  try {
    call()
  } catch (error) {
    if (error instanceof kind) return error
    throw error
  }
  throw new Error(`expected a ${kind.name}, nothing was thrown`)
}
