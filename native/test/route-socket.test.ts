// SPDX-License-Identifier: Apache-2.0
// A RouteSocket as a handle: closing, descriptors, the event loop, worker threads.
import { spawnSync } from 'node:child_process'
import { readdirSync } from 'node:fs'
import { join } from 'node:path'
import { Worker } from 'node:worker_threads'
import { afterAll, expect, test } from 'vitest'
import { BpfError } from '../src/errors.js'
import { RouteSocket } from '../src/route/index.js'
import { openNetlink } from '../src/route/native-socket.js'
import { TestNamespace } from './namespace.js'

const namespace = new TestNamespace()
afterAll(() => namespace.close())

const addon = join(import.meta.dirname, '..', 'build', 'Release', 'libbpf_ts.node')
const descriptors = () => readdirSync('/proc/self/fd').length
const turn = () => new Promise((resolve) => setImmediate(resolve))

/** Runs `script` in a Node of its own, with `native` and `groups` in reach. */
function node(script: string): { status: number | null; stdout: string; stderr: string } {
  const prelude = `const native = require(${JSON.stringify(addon)});`
  return spawnSync(process.execPath, ['-e', prelude + script], { encoding: 'utf8', timeout: 20_000 })
}

test('a closed socket rejects, throws and closes again', async () => {
  const socket = RouteSocket.open()
  const unanswered = socket.links()
  socket.close()
  socket.close()
  await expect(unanswered).rejects.toThrow('route socket is closed')
  await expect(socket.links()).rejects.toThrow('route socket is closed')
  await expect(socket.routeTo('127.0.0.1')).rejects.toThrow('route socket is closed')
  expect(() => socket.subscribe(['link'], () => {})).toThrow('route socket is closed')
  socket.unref()
  const netlink = openNetlink(0, 4096, () => {}, undefined)
  netlink.close()
  netlink.close()
  netlink.ref()
  netlink.unref()
  expect(() => netlink.send(new Uint8Array(16))).toThrow('netlink socket is closed')
})

test('a socket closed from within its own event gets no more of them', async () => {
  const socket = RouteSocket.open({ namespace: namespace.path })
  let events = 0
  const closed = new Promise<void>((resolve) => {
    socket.subscribe(['link'], () => {
      events += 1
      socket.close()
      resolve()
    })
  })
  namespace.ip('link add x0 type veth peer name x1')
  namespace.ip('link del x0')
  await closed
  await new Promise((resolve) => setTimeout(resolve, 50))
  expect(events).toBe(1)
})

test('10,000 sockets opened and closed leave no descriptor and no memory behind', async () => {
  const cycle = async (count: number) => {
    for (let i = 0; i < count; i++) {
      const socket = RouteSocket.open()
      socket.subscribe(['link'], () => {})
      socket.close()
      if (i % 100 === 0) await turn()
    }
    await turn()
  }
  await cycle(2000)
  const before = { descriptors: descriptors(), memory: process.memoryUsage().rss }
  await cycle(10_000)
  expect(descriptors()).toBeLessThanOrEqual(before.descriptors)
  expect(process.memoryUsage().rss - before.memory).toBeLessThan(48 << 20)
})

test('a namespace that is none is an error, and this thread stays where it was', async () => {
  const inside = RouteSocket.open({ namespace: namespace.path })
  const outside = RouteSocket.open()
  const missing = () => RouteSocket.open({ namespace: '/run/netns/no-such-namespace' })
  expect(missing).toThrow(BpfError)
  expect(missing).toThrow('ENOENT')
  expect(() => RouteSocket.open({ namespace: '/etc/hostname' })).toThrow('EINVAL')
  expect((await inside.links()).map((link) => link.name)).toEqual(['lo'])
  namespace.ip('link add y0 type veth peer name y1')
  expect((await inside.links()).map((link) => link.name).sort()).toEqual(['lo', 'y0', 'y1'])
  expect((await outside.links()).map((link) => link.name)).not.toContain('y0')
  namespace.ip('link del y0')
  inside.close()
  outside.close()
})

test('arguments of a wrong kind are TypeErrors that name them', () => {
  const open = openNetlink as unknown as (...words: unknown[]) => unknown
  expect(() => open(-1, 4096, () => {})).toThrow(
    new TypeError('groups must be an integer from 0 to 4294967295'),
  )
  expect(() => open(0, 2 ** 31, () => {})).toThrow('receiveBuffer must be below 1 GiB')
  expect(() => open(0, 4096, undefined)).toThrow(new TypeError('onDatagram must be a function'))
  expect(() => open(0, 4096, () => {}, 7)).toThrow('namespace must be a string')
})

test('a subscription keeps the process alive until unref, an exception in its callback is an uncaught one', () => {
  expect(node('new native.Netlink(1, 4096, () => {}).unref(); console.log("end")')).toMatchObject({
    status: 0,
    stdout: 'end\n',
  })
  const held = node(
    'const s = new native.Netlink(1, 4096, () => {}); setTimeout(() => { console.log("alive"); s.close() }, 200)',
  )
  expect(held).toMatchObject({ status: 0, stdout: 'alive\n' })
  const dump = '[20,0,0,0,22,0,1,3,1,0,0,0,0,0,0,0,0,0,0,0]'
  const thrown =
    node(`process.on('uncaughtException', (error) => { console.log(error.message); process.exit(7) })
    const s = new native.Netlink(0, 65536, () => { throw new Error('from the callback') })
    s.send(Uint8Array.from(${dump}))`)
  expect(thrown).toMatchObject({ status: 7, stdout: 'from the callback\n' })
})

test('a process that ends with open sockets ends well', () => {
  const exit = node(
    'for (let i = 0; i < 50; i++) new native.Netlink(1, 4096, () => {}); setTimeout(() => process.exit(3), 20)',
  )
  expect(exit).toMatchObject({ status: 3, stderr: '' })
})

test('worker threads have sockets of their own, and end with them open or just closed', async () => {
  const script = `const { parentPort } = require('node:worker_threads'); const native = require(${JSON.stringify(addon)})
    const open = new native.Netlink(1, 4096, () => {}); const closing = new native.Netlink(1, 4096, () => {}); closing.close()
    parentPort.postMessage(typeof open.send)`
  const before = descriptors()
  for (let round = 0; round < 10; round++) {
    const worker = new Worker(script, { eval: true })
    expect(
      await new Promise((resolve, reject) => worker.once('message', resolve).once('error', reject)),
    ).toBe('function')
    await worker.terminate()
  }
  expect(descriptors()).toBeLessThanOrEqual(before)
})
