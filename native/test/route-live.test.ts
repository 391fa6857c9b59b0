// SPDX-License-Identifier: Apache-2.0
// RouteSocket against the kernel: two namespaces joined by a veth pair, ip(8) on the other side of every question.
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { BpfError } from '../src/errors.js'
import { type RouteEvent, RouteSocket } from '../src/route/index.js'
import { TestNamespace } from './namespace.js'

const near = new TestNamespace()
const far = new TestNamespace()
const NEAR_MAC = '02:00:00:00:00:01'
const FAR_MAC = '02:00:00:00:00:02'
let socket: RouteSocket
let va: number

beforeAll(async () => {
  socket = RouteSocket.open({ namespace: near.path })
  near.ip('link set lo up')
  near.ip(`link add va address ${NEAR_MAC} type veth peer name vb address ${FAR_MAC} netns ${far.name}`)
  near.ip('link set va up')
  near.ip('addr add 192.0.2.1/24 dev va')
  near.ip('addr add 2001:db8::1/64 dev va nodad')
  far.ip('link set vb up')
  far.ip('addr add 192.0.2.2/24 dev vb')
  far.ip('addr add 2001:db8::2/64 dev vb nodad')
  va = (await socket.links()).find((link) => link.name === 'va')?.index ?? 0
})
afterAll(() => {
  socket?.close()
  near.close()
  far.close()
})

/** Resolves with what `probe` gives as soon as it gives something. */
async function until<T>(probe: () => Promise<T | undefined> | T | undefined): Promise<T> {
  for (const end = Date.now() + 10_000; Date.now() < end; ) {
    const found = await probe()
    if (found !== undefined) return found
    await new Promise((resolve) => setTimeout(resolve, 20))
  }
  throw new Error('it did not happen within 10 s')
}

const neighbour = async (address: string) =>
  (await socket.neighbours()).find((entry) => entry.address === address)

describe('lists', () => {
  test('links with their kind, peer and state', async () => {
    const links = await socket.links()
    expect(links.find((link) => link.name === 'lo')).toMatchObject({
      index: 1,
      loopback: true,
      up: true,
      mtu: 65536,
    })
    expect(links.find((link) => link.name === 'va')).toMatchObject({
      mac: NEAR_MAC,
      mtu: 1500,
      up: true,
      carrier: true,
      operState: 'up',
      kind: 'veth',
      parentNamespace: expect.any(Number),
    })
  })

  test('addresses and routes of both families', async () => {
    const addresses = await socket.addresses()
    expect(addresses).toContainEqual(
      expect.objectContaining({ index: va, family: 4, address: '192.0.2.1', prefix: 24 }),
    )
    expect(addresses).toContainEqual(
      expect.objectContaining({ index: va, family: 6, address: '2001:db8::1', prefix: 64 }),
    )
    const routes = await socket.routes()
    const connected = {
      destination: '192.0.2.0',
      prefix: 24,
      table: 254,
      type: 'unicast',
      ifindex: va,
      source: '192.0.2.1',
    }
    expect(routes).toContainEqual(expect.objectContaining(connected))
    expect(routes).toContainEqual(
      expect.objectContaining({ destination: '2001:db8::', prefix: 64, ifindex: va }),
    )
  })

  test('all entries of tables that take many datagrams, while other questions wait', async () => {
    for (let i = 0; i < 600; i++) {
      void socket.setNeighbour({
        ifindex: va,
        address: `2001:db8::1:${i.toString(16)}`,
        mac: FAR_MAC,
        permanent: true,
      })
    }
    const [neighbours, links] = await Promise.all([socket.neighbours(), socket.links()])
    expect(
      neighbours.filter((entry) => entry.address.startsWith('2001:db8::1:') && entry.state === 'permanent'),
    ).toHaveLength(600)
    expect(links).toHaveLength(2)
    near.ip('neigh flush dev va nud permanent')
  })
})

describe('routeTo', () => {
  test('says on the link, by gateway, or local, as ip route get does', async () => {
    near.ip('route add 203.0.113.0/24 via 192.0.2.2')
    near.ip('route add 2001:db8:1::/48 via 2001:db8::2')
    expect(await socket.routeTo('192.0.2.77')).toEqual({ type: 'unicast', ifindex: va, source: '192.0.2.1' })
    expect(await socket.routeTo('203.0.113.9')).toEqual({
      type: 'unicast',
      ifindex: va,
      gateway: '192.0.2.2',
      source: '192.0.2.1',
    })
    expect(await socket.routeTo('2001:db8:1::9')).toMatchObject({
      type: 'unicast',
      ifindex: va,
      gateway: '2001:db8::2',
    })
    expect(await socket.routeTo('192.0.2.1')).toMatchObject({ type: 'local', ifindex: 1 })
    expect(near.ip('route get 203.0.113.9')).toContain('via 192.0.2.2 dev va src 192.0.2.1')
  })

  test('says what the route is limited to, where it is', async () => {
    near.ip('route add 198.18.0.0/15 via 192.0.2.2 mtu 1400')
    near.ip('route add 2001:db8:18::/48 via 2001:db8::2 mtu 1280')
    expect(await socket.routeTo('198.18.0.9')).toMatchObject({ gateway: '192.0.2.2', mtu: 1400 })
    expect(await socket.routeTo('2001:db8:18::9')).toMatchObject({ mtu: 1280 })
    expect(await socket.routeTo('192.0.2.77')).not.toHaveProperty('mtu')
  })

  test('rejects where the kernel would not send', async () => {
    await expect(socket.routeTo('198.51.100.1')).rejects.toMatchObject({
      operation: 'route to',
      code: 'ENETUNREACH',
      errno: 101,
    })
    await expect(socket.routeTo('not an address')).rejects.toThrow(TypeError)
  })
})

describe('neighbours', () => {
  test('managed ones are resolved by the kernel, without a packet sent to them', async () => {
    for (const address of ['192.0.2.2', '2001:db8::2']) {
      await socket.setNeighbour({ ifindex: va, address, managed: true })
      const resolved = await until(async () => {
        const entry = await neighbour(address)
        return entry?.mac === undefined ? undefined : entry
      })
      expect(resolved).toMatchObject({ ifindex: va, mac: FAR_MAC, state: 'reachable' })
      expect(resolved.flags).toContain('managed')
      expect(near.ip(`-6 neigh show dev va`) + near.ip('-4 neigh show dev va')).toMatch(
        new RegExp(`${address} .* managed`),
      )
      await socket.deleteNeighbour({ ifindex: va, address })
      await expect(neighbour(address)).resolves.toBeUndefined()
    }
  })

  test('are resolved on request (use), once', async () => {
    await socket.setNeighbour({ ifindex: va, address: '192.0.2.2', use: true })
    const entry = await until(async () => {
      const found = await neighbour('192.0.2.2')
      return found?.mac === undefined ? undefined : found
    })
    expect(entry).toMatchObject({ mac: FAR_MAC, flags: [] })
  })

  test('are set by hand, permanent or ageing, and changed', async () => {
    const key = { ifindex: va, address: '192.0.2.50' }
    await socket.setNeighbour({ ...key, mac: '02:00:00:00:00:50', permanent: true })
    expect(near.ip('neigh show 192.0.2.50')).toContain('lladdr 02:00:00:00:00:50 PERMANENT')
    await socket.setNeighbour({ ...key, mac: '02:00:00:00:00:51' })
    expect(await neighbour('192.0.2.50')).toMatchObject({ mac: '02:00:00:00:00:51', state: 'reachable' })
    await socket.deleteNeighbour(key)
    await expect(socket.deleteNeighbour(key)).rejects.toMatchObject({
      operation: 'delete neighbour',
      code: 'ENOENT',
    })
  })

  test('refused by the kernel are refused in its own words', async () => {
    const error = await socket
      .setNeighbour({ ifindex: 0, address: '192.0.2.4', mac: FAR_MAC })
      .catch((e) => e)
    expect(error).toBeInstanceOf(BpfError)
    expect(error).toMatchObject({ operation: 'set neighbour', subject: '192.0.2.4', code: 'EINVAL' })
    expect(error.log).toBe('Device not specified')
    expect(error.message).toContain('Device not specified')
  })
})

describe('addresses', () => {
  test('are added and deleted', async () => {
    for (const [address, prefix] of [
      ['198.51.100.80', 32],
      ['2001:db8:80::80', 128],
    ] as const) {
      await socket.addAddress({ ifindex: 1, address, prefix, noDad: true })
      expect(near.ip('addr show dev lo')).toContain(`${address}/${prefix}`)
      await expect(socket.addAddress({ ifindex: 1, address, prefix })).rejects.toMatchObject({
        code: 'EEXIST',
      })
      await socket.deleteAddress({ ifindex: 1, address, prefix })
      expect(near.ip('addr show dev lo')).not.toContain(address)
      await expect(socket.deleteAddress({ ifindex: 1, address, prefix })).rejects.toMatchObject({
        operation: 'delete address',
        subject: `${address}/${prefix}`,
        code: 'EADDRNOTAVAIL',
      })
    }
    await expect(socket.addAddress({ ifindex: 9999, address: '10.0.0.1', prefix: 8 })).rejects.toMatchObject({
      code: 'ENODEV',
    })
  })
})

describe('events', () => {
  test('tell of all four tables, added and removed, in order', async () => {
    const follower = RouteSocket.open({ namespace: near.path })
    try {
      const events: RouteEvent[] = []
      follower.subscribe(['link', 'address', 'neighbour', 'route'], (event) => events.push(event))
      near.ip('link add link va name mv0 type macvlan')
      near.ip('link set mv0 up')
      near.ip('addr add 198.18.0.1/16 dev mv0')
      near.ip('neigh add 198.18.0.9 lladdr 02:00:00:00:00:09 dev mv0')
      near.ip('route del 198.18.0.0/16 dev mv0')
      near.ip('link del mv0')
      const word = (event: RouteEvent) => {
        if (event.type === 'link' && event.value.name === 'mv0') return `${event.change} link`
        if (event.type === 'address' && event.value.address === '198.18.0.1') return `${event.change} address`
        if (event.type === 'neighbour' && event.value.address === '198.18.0.9')
          return `${event.change} neighbour`
        if (event.type === 'route' && event.value.destination === '198.18.0.0') return `${event.change} route`
        return undefined
      }
      const words = () => events.map(word).filter((text) => text !== undefined)
      await until(() => words().includes('removed link') || undefined)
      const firsts = ['added link', 'added address', 'added route', 'added neighbour'].map((text) =>
        words().indexOf(text),
      )
      expect(firsts).toEqual([...firsts].sort((a, b) => a - b))
      expect(firsts).not.toContain(-1)
      expect(words()).toEqual(
        expect.arrayContaining(['removed neighbour', 'removed address', 'removed route']),
      )
      expect(words().at(-1)).toBe('removed link')
      expect(events.filter((event) => event.type === 'malformed')).toEqual([])
    } finally {
      follower.close()
    }
  })

  test('come from the groups asked for only', async () => {
    const follower = RouteSocket.open({ namespace: near.path })
    try {
      const events: RouteEvent[] = []
      follower.subscribe(['neighbour'], (event) => events.push(event))
      await socket.addAddress({ ifindex: 1, address: '198.51.100.9', prefix: 32 })
      await socket.deleteAddress({ ifindex: 1, address: '198.51.100.9', prefix: 32 })
      await socket.setNeighbour({ ifindex: va, address: '192.0.2.60', mac: FAR_MAC })
      await socket.deleteNeighbour({ ifindex: va, address: '192.0.2.60' })
      await until(() => events.find((event) => event.type === 'neighbour' && event.change === 'removed'))
      expect(new Set(events.map((event) => event.type))).toEqual(new Set(['neighbour']))
    } finally {
      follower.close()
    }
  })

  test('that the kernel had to drop become a resync, and the next ones arrive', async () => {
    const follower = RouteSocket.open({ namespace: near.path })
    try {
      const events: RouteEvent[] = []
      follower.subscribe(['neighbour'], (event) => events.push(event), { receiveBuffer: 4096 })
      // ip runs while this thread, and with it the socket's reader, stands still.
      near.exec(
        'bash',
        '-c',
        `for i in {1..200}; do echo "neigh replace 192.0.2.70 lladdr 02:00:00:00:01:$(printf %02x $i) dev va nud permanent"; done | ip -batch -`,
      )
      await until(() => events.find((event) => event.type === 'resync'))
      expect(events.filter((event) => event.type === 'neighbour').length).toBeLessThan(200)
      expect(events.some((event) => event.type === 'failed')).toBe(false)
      await socket.deleteNeighbour({ ifindex: va, address: '192.0.2.70' })
      await until(() => events.find((event) => event.type === 'neighbour' && event.change === 'removed'))
    } finally {
      follower.close()
    }
  })
})
