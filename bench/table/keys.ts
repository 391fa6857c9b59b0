// SPDX-License-Identifier: Apache-2.0
// Clients as they come: the n-th flow of each kind of crowd, no two of a kind equal. Pure.

export interface Key {
  /** as in the packet, each word as a number; IPv4 in the first, IPv6 in all four */
  readonly client: readonly [number, number, number, number]
  readonly port: number
}

export interface Crowd {
  readonly name: string
  readonly about: string
  readonly key: (n: number, family: 4 | 6) => Key
}

const PREFIX6 = 0x20010db8
const NET4 = 0x0a000000
const FIRST_PORT = 1024
const PORTS = 65_536 - FIRST_PORT

export const RANDOM: Crowd = {
  name: 'random',
  about: 'addresses and ports without any order',
  key: (n, family) => {
    const address = scattered(n)
    const port = FIRST_PORT + (scattered(n ^ 0x5bd1e995) % PORTS)
    return { client: at(family, address, scattered(n + 0x9e3779b9), address), port }
  },
}

export const CROWDS: readonly Crowd[] = [
  RANDOM,
  {
    name: 'few clients',
    about: 'every port of one address after the other, then those of the next address: carrier-grade NAT',
    key: (n, family) => {
      const client = Math.floor(n / PORTS)
      return { client: at(family, NET4 + client, 0, client), port: FIRST_PORT + (n % PORTS) }
    },
  },
  {
    name: 'one port',
    about: 'neighbouring addresses, all from one port',
    key: (n, family) => ({ client: at(family, NET4 + n, 0, n), port: 40_000 }),
  },
  {
    name: 'in order',
    about: 'neighbouring addresses (IPv6: /64s), 32 neighbouring ports of each',
    key: (n, family) => {
      const network = Math.floor(n / 32)
      return { client: at(family, NET4 + network, network, 1), port: FIRST_PORT + (n % 32) }
    },
  },
]

function at(family: 4 | 6, four: number, subnet: number, host: number): Key['client'] {
  return family === 4 ? [four >>> 0, 0, 0, 0] : [PREFIX6, subnet >>> 0, 0, host >>> 0]
}

/** Every 32-bit number to another one, each to one of its own (MurmurHash3's finalizer). */
export function scattered(n: number): number {
  let h = n >>> 0
  h = Math.imul(h ^ (h >>> 16), 0x85ebca6b)
  h = Math.imul(h ^ (h >>> 13), 0xc2b2ae35)
  return (h ^ (h >>> 16)) >>> 0
}
