// SPDX-License-Identifier: Apache-2.0
// Every example does what its first line says, between two namespaces.
import { type ChildProcess, execFileSync, spawn, spawnSync } from 'node:child_process'
import { mkdtempSync, readdirSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, expect, onTestFinished, test, vi } from 'vitest'
import { compileFile } from './gen-types-compile.js'

const examples = join(import.meta.dirname, '..', 'examples')
const near = `lt${process.pid}near`
const far = `lt${process.pid}far`
let objects = ''

const ip = (...words: string[]) => execFileSync('ip', words, { stdio: ['ignore', 'ignore', 'inherit'] })

beforeAll(() => {
  objects = mkdtempSync(join(tmpdir(), 'libbpf-ts-examples-'))
  for (const file of readdirSync(examples).filter((name) => name.endsWith('.bpf.c'))) {
    compileFile(join(examples, file), join(objects, file.replace(/c$/, 'o')), [
      '-g',
      '-mcpu=v3',
      '-Wall',
      '-Werror',
    ])
  }
  ip('netns', 'add', near)
  ip('netns', 'add', far)
  ip('link', 'add', 'v0', 'netns', near, 'type', 'veth', 'peer', 'name', 'v0', 'netns', far)
  for (const [name, address] of [
    [near, '192.0.2.1/24'],
    [far, '192.0.2.2/24'],
  ] as const) {
    // A frame that goes through XDP loses the note that its checksum is still to be filled in.
    ip('netns', 'exec', name, 'ethtool', '-K', 'v0', 'tx', 'off')
    ip('-n', name, 'address', 'add', address, 'dev', 'v0')
    ip('-n', name, 'link', 'set', 'v0', 'up')
  }
})

afterAll(() => {
  ip('netns', 'del', near)
  ip('netns', 'del', far)
  rmSync(objects, { recursive: true })
})

interface Running {
  readonly child: ChildProcess
  readonly output: () => string
}

/** Starts Node in the near namespace. */
function node(...words: readonly string[]): Running {
  const child = spawn('ip', ['netns', 'exec', near, process.execPath, ...words], {
    stdio: ['ignore', 'pipe', 'inherit'],
  })
  onTestFinished(() => void child.kill('SIGKILL'))
  let text = ''
  child.stdout?.on('data', (piece) => {
    text += piece
  })
  return { child, output: () => text }
}

const example = (name: string, ...words: readonly string[]) =>
  node(join(examples, `${name}.js`), join(objects, `${name}.bpf.o`), 'v0', ...words)

const until = (condition: () => boolean) =>
  vi.waitFor(() => expect(condition()).toBe(true), { timeout: 10_000, interval: 20 })

async function interrupt(child: ChildProcess): Promise<void> {
  child.kill('SIGINT')
  await until(() => child.exitCode !== null)
  expect(child.exitCode).toBe(0)
}

/** Sends one datagram from the far namespace: 14 + 20 + 8 + 4 bytes on the wire. */
function send(port: number, text = 'abc'): void {
  spawnSync('ip', ['netns', 'exec', far, 'bash', '-c', `echo ${text} > /dev/udp/192.0.2.1/${port}`])
}

const listener = `
  const socket = require('node:dgram').createSocket('udp4')
  socket.on('message', (message) => process.stdout.write(message))
  socket.bind(Number(process.argv[1]))
`

test('drop: packets to one port are dropped, others pass, until the process ends', async () => {
  const dropped = node('-e', listener, '7777')
  const passed = node('-e', listener, '7778')
  await until(() => {
    send(7777, 'one')
    send(7778, 'one')
    return dropped.output().includes('one') && passed.output().includes('one')
  })
  const { child, output } = example('drop', '7777')
  await until(() => output() === 'dropping UDP to port 7777 on v0, XDP mode native\n')
  send(7777, 'two')
  send(7778, 'two')
  await until(() => passed.output().includes('two'))
  await interrupt(child)
  send(7777, 'three')
  await until(() => dropped.output().includes('three'))
  expect(dropped.output()).not.toContain('two')
})

test('count: packets are counted by address over all CPUs', async () => {
  const { child, output } = example('count')
  const counted = () => Number(/192\.0\.2\.2 sent (\d+) packets, \d+ bytes\n$/.exec(output())?.[1] ?? 0)
  await until(() => {
    send(9)
    return counted() > 0
  })
  const sent = output().length
  await until(() => output().length > sent)
  const before = counted()
  for (let i = 0; i < 5; i++) send(9)
  const after = before + 5
  await until(() => output().endsWith(`192.0.2.2 sent ${after} packets, ${after * 46} bytes\n`))
  await interrupt(child)
})

test('ring: packets are reported one by one, and none is lost', async () => {
  const { child, output } = example('ring')
  await until(() => {
    send(9)
    return output() !== ''
  })
  await interrupt(child)
  const lines = output().trimEnd().split('\n')
  expect(lines.at(-1)).toBe(`${lines.length - 1} packets reported, 0 lost`)
  expect(new Set(lines.slice(0, -1))).toEqual(new Set(['192.0.2.2 protocol 17, 46 bytes']))
})

test('neighbours: the kernel keeps an address known, until the process ends', async () => {
  const mac = execFileSync('ip', ['netns', 'exec', far, 'cat', '/sys/class/net/v0/address'], {
    encoding: 'utf8',
  })
  const { child, output } = node(join(examples, 'neighbours.js'), 'v0', '192.0.2.2')
  await until(() => output().includes(`added: 192.0.2.2 is reachable, ${mac.trim()}, managed\n`))
  const shown = () => execFileSync('ip', ['-n', near, 'neighbour', 'show', '192.0.2.2'], { encoding: 'utf8' })
  expect(shown()).toContain('managed')
  await interrupt(child)
  expect(shown()).not.toContain('managed')
})

test('types: readers and writers are generated from the object', () => {
  const words = [join(examples, 'types.js'), join(objects, 'count.bpf.o')]
  const text = execFileSync(process.execPath, words, { encoding: 'utf8' })
  expect(text).toContain(
    'export interface Traffic {\n  readonly packets: bigint\n  readonly bytes: bigint\n}',
  )
  expect(text).toContain('export function readSource(view: DataView, offset: number): Source {')
})
