// SPDX-License-Identifier: Apache-2.0
// Names of hosts and ports, asked where every program of the machine asks: the resolver and /etc/services.
import { lookup, lookupService } from 'node:dns/promises'
import { readFileSync } from 'node:fs'
import { setTimeout as sleep } from 'node:timers/promises'
import type { AddressText, Protocol } from '../../model/types.js'

export interface Names {
  /** Of a service name: 'http' */
  port(name: string, protocol: Protocol): number | undefined
  service(port: number, protocol: Protocol): string | undefined
  /** IPv4 only, as in ipvsadm */
  address(host: string): Promise<AddressText | undefined>
  /** Those that have a name, in time. */
  hosts(addresses: Iterable<AddressText>): Promise<ReadonlyMap<AddressText, string>>
}

export interface Sources {
  /** text as in /etc/services */
  readonly services?: () => string
  /** rejects when the address has no name */
  readonly hostOf?: (address: AddressText) => Promise<string>
  /** ms that a listing waits for names; it shows numbers where none has come by then */
  readonly patience?: number
}

export function systemNames(sources: Sources = {}): Names {
  const { services = servicesFile, hostOf = resolved, patience = 5_000 } = sources
  const known = new Map<AddressText, string>()
  const tables = once(() => parseServices(services()))
  const name = async (address: AddressText) => {
    try {
      known.set(address, await hostOf(address))
    } catch {
      // an address without a name is shown as it is
    }
  }
  return {
    port: (service, protocol) => tables().ports.get(`${service}/${protocol}`),
    service: (port, protocol) => tables().names.get(`${port}/${protocol}`),
    address: async (host) => {
      if (host === '') return undefined
      try {
        return (await lookup(host, { family: 4 })).address
      } catch {
        return undefined
      }
    },
    hosts: async (addresses) => {
      const unknown = [...new Set(addresses)].filter((address) => !known.has(address))
      const enough = new AbortController()
      const late = sleep(patience, undefined, { signal: enough.signal }).catch(() => undefined)
      await Promise.race([Promise.all(unknown.map(name)), late])
      enough.abort()
      return known
    },
  }
}

interface Services {
  readonly ports: ReadonlyMap<string, number>
  readonly names: ReadonlyMap<string, string>
}

/** The first line that has a name or a port is the one that counts. */
export function parseServices(text: string): Services {
  const ports = new Map<string, number>()
  const names = new Map<string, string>()
  for (const line of text.split('\n')) {
    const [name, number, ...aliases] = line.replace(/#.*/, '').trim().split(/\s+/)
    const [, port, protocol] = /^([0-9]+)\/([a-z]+)$/.exec(number ?? '') ?? []
    if (name === undefined || port === undefined) continue
    for (const alias of [name, ...aliases])
      if (!ports.has(`${alias}/${protocol}`)) ports.set(`${alias}/${protocol}`, Number(port))
    if (!names.has(`${port}/${protocol}`)) names.set(`${port}/${protocol}`, name)
  }
  return { ports, names }
}

async function resolved(address: AddressText): Promise<string> {
  return (await lookupService(address, 0)).hostname
}

function servicesFile(): string {
  try {
    return readFileSync('/etc/services', 'utf8')
  } catch {
    return ''
  }
}

function once<T>(make: () => T): () => T {
  let made: { readonly value: T } | undefined
  return () => {
    made ??= { value: make() }
    return made.value
  }
}
