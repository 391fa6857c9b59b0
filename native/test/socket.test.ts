// SPDX-License-Identifier: Apache-2.0
// Sockets by descriptor, taken over by Node's own as the README has it.
import { createSocket, type Socket as DatagramSocket } from 'node:dgram'
import { once } from 'node:events'
import { closeSync, readFileSync } from 'node:fs'
import { type AddressInfo, createServer, Socket } from 'node:net'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { BpfError, openSocket, sourceTowards } from '../src/index.js'
import { objectFiles } from './children.js'
import { openDescriptors, thrownBy } from './lab.js'
import { TestNamespace } from './namespace.js'

const families = [
  { family: 4, host: '127.0.0.1' },
  { family: 6, host: '::1' },
] as const

/** `SOCK_NONBLOCK` of `flags` in /proc/self/fdinfo, octal, and `FD_CLOEXEC`. */
function flagsOf(fd: number): { nonBlocking: boolean; closeOnExec: boolean } {
  const [, octal = '0'] = /^flags:\s+(\d+)/m.exec(readFileSync(`/proc/self/fdinfo/${fd}`, 'utf8')) ?? []
  const flags = Number.parseInt(octal, 8)
  return { nonBlocking: (flags & 0o4000) !== 0, closeOnExec: (flags & 0o2000000) !== 0 }
}

/** Not read from until it is connected. Node's types do not have `manualStart`. */
function unread(fd: number): { fd: number } {
  const options = { fd, manualStart: true }
  return options
}

function adopt(family: 4 | 6, fd: number): DatagramSocket {
  const socket = createSocket(family === 4 ? 'udp4' : 'udp6')
  socket.bind({ fd, exclusive: true })
  return socket
}

/** A port of TCP that nobody listens on: one that was just given back. */
async function freePort(host: string): Promise<number> {
  const server = createServer().listen(0, host)
  await once(server, 'listening')
  const { port } = server.address() as AddressInfo
  server.close()
  await once(server, 'close')
  return port
}

describe.each(families)('IPv$family', ({ family, host }) => {
  test('opens descriptors that do not block and do not leak into programs', () => {
    for (const type of ['tcp', 'udp'] as const) {
      const fd = openSocket({ family, type })
      expect(flagsOf(fd)).toEqual({ nonBlocking: true, closeOnExec: true })
      closeSync(fd)
    }
  })

  test('net.Socket takes a TCP socket over, connects, talks and closes it', async () => {
    const server = createServer((socket) => socket.pipe(socket)).listen(0, host)
    await once(server, 'listening')
    const { port } = server.address() as AddressInfo
    const before = openDescriptors()
    const fd = openSocket({ family, type: 'tcp' })
    const socket = new Socket(unread(fd)).setEncoding('utf8')
    socket.connect({ port, host })
    await once(socket, 'connect')
    expect(socket.remotePort).toBe(port)
    socket.end('hello')
    let heard = ''
    for await (const text of socket) heard += text
    expect(heard).toBe('hello')
    server.close()
    await once(server, 'close')
    // the server's own descriptor is gone as well
    expect(openDescriptors()).toBe(before - 1)
  })

  test('a refused connection is an error of the socket, and leaves nothing open', async () => {
    const port = await freePort(host)
    const before = openDescriptors()
    const socket = new Socket(unread(openSocket({ family, type: 'tcp' })))
    socket.connect({ port, host })
    const [error] = await once(socket, 'error')
    expect(error.code).toBe('ECONNREFUSED')
    if (!socket.closed) await once(socket, 'close')
    expect(openDescriptors()).toBe(before)
  })

  test('a socket destroyed before it connects leaves nothing open', async () => {
    const before = openDescriptors()
    const socket = new Socket(unread(openSocket({ family, type: 'tcp' })))
    socket.destroy()
    await once(socket, 'close')
    expect(openDescriptors()).toBe(before)
  })

  test('dgram takes a UDP socket over, and hears that a port is closed', async () => {
    const server = createSocket(family === 4 ? 'udp4' : 'udp6').bind(0, host)
    await once(server, 'listening')
    server.on('message', (message, { port, address }) => server.send(message, port, address))
    const { port } = server.address()
    const socket = adopt(family, openSocket({ family, type: 'udp', bind: { address: host } }))
    socket.connect(port, host, () => socket.send('hello'))
    const [message] = await once(socket, 'message')
    expect(message.toString()).toBe('hello')
    server.close()
    await once(server, 'close')
    socket.send('anyone?')
    const [error] = await once(socket, 'error')
    expect(error.code).toBe('ECONNREFUSED')
    socket.close()
  })
})

describe('in a namespace where all may ping', () => {
  const files = objectFiles('marks')
  let heard: { marks: number[]; replies: number[][] }
  beforeAll(() => {
    const namespace = new TestNamespace()
    try {
      namespace.ip('link set lo up')
      namespace.exec('sh', '-c', 'echo 0 4294967294 >/proc/sys/net/ipv4/ping_group_range')
      const program = join(import.meta.dirname, 'programs', 'marked.mjs')
      heard = JSON.parse(namespace.exec(process.execPath, program, files('marks')))
    } finally {
      namespace.close()
    }
  })

  test('a program sees the mark of each kind of socket', () => {
    expect(heard.marks).toEqual([0, 0xa1, 0xa2, 0xa3, 0xa4, 0xa5])
  })

  test('dgram takes ping sockets over; the kernel writes the identifier and checks the checksum', () => {
    const rest = [4321 >> 8, 4321 & 0xff, 0, 7, 1, 2, 3]
    expect(heard.replies).toEqual([
      [0, 0, ...rest],
      [129, 0, ...rest],
    ])
  })
})

/** The routes lead on, and this says no: a route that says no does so some times a second only. */
const REJECTS = `table inet filter {
  chain forward { type filter hook forward priority 0
    ip daddr 198.51.100.0/24 reject with icmp host-unreachable
    ip daddr 203.0.113.0/24 reject with icmp net-unreachable
    reject with icmpv6 no-route
  }
}`

describe('behind a router', () => {
  const host = new TestNamespace()
  const router = new TestNamespace()
  afterAll(() => [host, router].forEach((namespace) => void namespace.close()))

  test('a host or a network that it says is unreachable is an error at once, and nothing stays open', () => {
    host.ip(`link add eth0 type veth peer name eth0 netns ${router.name}`)
    for (const [namespace, own] of [
      [host, 2],
      [router, 1],
    ] as const) {
      namespace.ip('link set eth0 up')
      namespace.ip(`address add 192.0.2.${own}/24 dev eth0`)
      namespace.ip(`address add 2001:db8::${own}/64 dev eth0 nodad`)
    }
    host.exec('sh', '-c', 'echo 0 4294967294 >/proc/sys/net/ipv4/ping_group_range')
    for (const key of ['ipv4/ip_forward', 'ipv6/conf/all/forwarding'])
      router.exec('sh', '-c', `echo 1 >/proc/sys/net/${key}`)
    for (const key of ['ipv4/icmp_ratelimit', 'ipv6/icmp/ratelimit'])
      router.exec('sh', '-c', `echo 0 >/proc/sys/net/${key}`)
    host.ip('route add default via 192.0.2.1')
    host.ip('-6 route add default via 2001:db8::1')
    for (const word of ['203.0.113.0/24', '198.51.100.0/24', '2001:db8:1::/48'])
      router.ip(`route add ${word} via ${word.includes(':') ? '2001:db8::2' : '192.0.2.2'}`)
    router.exec('nft', REJECTS)
    const program = join(import.meta.dirname, 'programs', 'unreachable.mjs')
    const asked = ['198.51.100.7', '203.0.113.7', '2001:db8:1::7']
    expect(JSON.parse(host.exec(process.execPath, program, ...asked))).toEqual({
      heard: {
        'udp 198.51.100.7': 'EHOSTUNREACH',
        'icmp 198.51.100.7': 'EHOSTUNREACH',
        'udp 203.0.113.7': 'ENETUNREACH',
        'icmp 203.0.113.7': 'ENETUNREACH',
        'udp 2001:db8:1::7': 'ENETUNREACH',
        'icmp 2001:db8:1::7': 'ENETUNREACH',
      },
      left: 0,
    })
  })
})

test('the source towards an address is the one the kernel would take', () => {
  expect(sourceTowards('127.0.0.9')).toBe('127.0.0.1')
  expect(sourceTowards('::1')).toBe('::1')
  expect(() => sourceTowards('nowhere')).toThrow(new TypeError("address must be one, not 'nowhere'"))
  const namespace = new TestNamespace()
  try {
    const script = `import { sourceTowards } from '${join(import.meta.dirname, '../dist/index.js')}'
      try { sourceTowards('192.0.2.1') } catch (error) { console.log(error.message) }`
    expect(namespace.exec(process.execPath, '--input-type=module', '-e', script)).toBe(
      'find source towards 192.0.2.1: Network is unreachable (ENETUNREACH)\n',
    )
  } finally {
    namespace.close()
  }
})

describe('what cannot be opened', () => {
  test.each([
    [{ family: 5, type: 'tcp' }, /^family must be 4 or 6, not '5'$/],
    [{ family: 4, type: 'raw' }, /^type must be 'tcp', 'udp' or 'icmp', not 'raw'$/],
    [{ family: 4, type: 'toString' }, /^type must be/],
    [{ family: 4, type: 'tcp', mark: -1 }, /^mark must be an integer/],
    [{ family: 4, type: 'tcp', bind: { address: '::1' } }, /^bind\.address must be .* not '::1'$/],
    [{ family: 4, type: 'tcp', bind: { address: '127.0.0.1', port: 65_536 } }, /^bind\.port must be/],
  ])('%j is a TypeError that names the argument', (options, message) => {
    const before = openDescriptors()
    expect(thrownBy(TypeError, () => openSocket(options as never)).message).toMatch(message)
    expect(openDescriptors()).toBe(before)
  })

  test('is a BpfError that says what was tried, and leaves nothing open', () => {
    const before = openDescriptors()
    const failure = (options: object) =>
      thrownBy(BpfError, () => openSocket({ family: 4, type: 'udp', ...options })).message
    expect(failure({ bindToDevice: 'nowhere' })).toBe(
      'bind socket to device nowhere: No such device (ENODEV)',
    )
    expect(failure({ bind: { address: '192.0.2.77', port: 5 } })).toBe(
      'bind socket 192.0.2.77 port 5: Cannot assign requested address (EADDRNOTAVAIL)',
    )
    expect(openDescriptors()).toBe(before)
  })

  test('without the privilege it says so', () => {
    const script = `import { openSocket } from '${join(import.meta.dirname, '../dist/index.js')}'
      process.setgroups([])
      process.setgid(65534)
      process.setuid(65534)
      const said = []
      for (const options of [{ type: 'tcp', mark: 1 }, { type: 'icmp' }]) {
        try { openSocket({ family: 4, ...options }) } catch (error) { said.push(error.message) }
      }
      console.log(JSON.stringify(said))`
    const namespace = new TestNamespace()
    try {
      // nobody may not be able to read where this is checked out: privileges go after the import
      const said = namespace.exec(process.execPath, '--input-type=module', '-e', script)
      expect(JSON.parse(said)).toEqual([
        'mark socket 1: Operation not permitted (EPERM)',
        'open socket icmp of IPv4: Permission denied (EACCES)',
      ])
    } finally {
      namespace.close()
    }
  })
})
