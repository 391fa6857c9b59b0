// SPDX-License-Identifier: Apache-2.0
// The kernel as a director finds it, read and not touched: features, interfaces and who is on them, addresses,
// neighbours, pinned links. It needs no daemon and no maps.
import { existsSync } from 'node:fs'
import { release } from 'node:os'
import {
  BpfError,
  type Feature,
  features,
  jiffyNs,
  type Link,
  openXdpLink,
  queryXdp,
  RouteSocket,
} from 'libbpf-ts'
import type { AddressText, MacText } from '../model/types.js'
import { driverOf, programName } from './attach.js'
import { linkedDevices, linkPin, pinsIn } from './pins.js'
import { mountOf, programNeeds } from './problems.js'

export interface Hook {
  readonly mode: 'native' | 'generic' | 'offload'
  readonly id: number
  /** as a sentence says it: '"xdp_pass"', 'without a name' */
  readonly name: string
}

export interface Device {
  readonly name: string
  readonly index: number
  /** undefined: not Ethernet */
  readonly mac: MacText | undefined
  /** bytes */
  readonly mtu: number
  readonly up: boolean
  readonly carrier: boolean
  readonly loopback: boolean
  readonly driver?: string
  /** of a VLAN device: the index of the device below */
  readonly vlanOf?: number
  /** programs on its XDP hook */
  readonly hooks: readonly Hook[]
}

export interface KernelView {
  readonly release: string
  readonly capabilities: Feature
  readonly bpfFileSystem: Feature
  readonly jit: Feature
  /** what the programs are made of; undefined without the capabilities to ask */
  readonly programs: readonly Feature[] | undefined
  /** the tick of the datapath's clock, ns */
  readonly jiffy: number
  readonly devices: readonly Device[]
  readonly addresses: readonly {
    readonly ifindex: number
    readonly address: AddressText
    readonly prefix: number
  }[]
  readonly neighbours: readonly {
    readonly ifindex: number
    readonly address: AddressText
    readonly mac?: MacText
  }[]
  /** of the addresses asked for: those that the kernel takes for its own */
  readonly local: readonly AddressText[]
  /** links that xlvs has pinned */
  readonly pinned: readonly { readonly name: string; readonly ifindex: number; readonly programId: number }[]
}

/** `vips`: addresses of which it is asked whether they are local. */
export async function inspectKernel(pinRoot: string, vips: readonly AddressText[]): Promise<KernelView> {
  const route = RouteSocket.open()
  try {
    const [links, addresses, neighbours] = await Promise.all([
      route.links(),
      route.addresses(),
      route.neighbours(),
    ])
    const own = new Set(addresses.map(({ address }) => address))
    const local = await Promise.all(vips.map(async (vip) => own.has(vip) || (await isLocal(route, vip))))
    const capabilities = features.capabilities()
    return {
      release: release(),
      capabilities,
      bpfFileSystem: features.bpfFileSystem(mountOf(pinRoot)),
      jit: features.jit(),
      programs: capabilities.ok ? programNeeds() : undefined,
      jiffy: jiffyNs(),
      devices: links.map(deviceOf),
      addresses: addresses.map(({ index, address, prefix }) => ({ ifindex: index, address, prefix })),
      neighbours,
      local: vips.filter((_, i) => local[i]),
      pinned: pinnedLinks(pinRoot),
    }
  } finally {
    route.close()
  }
}

/** arp_process() answers for what the routing table calls local; neighbour discovery for addresses alone. */
async function isLocal(route: RouteSocket, address: AddressText): Promise<boolean> {
  if (address.includes(':')) return false
  try {
    return (await route.routeTo(address)).type === 'local'
  } catch (error) {
    if (error instanceof BpfError) return false
    throw error
  }
}

function deviceOf(link: Link): Device {
  const driver = link.kind ?? driverOf(link.name, link.index)
  return {
    name: link.name,
    index: link.index,
    mac: link.mac,
    mtu: link.mtu,
    up: link.up,
    carrier: link.carrier,
    loopback: link.loopback,
    ...(driver === undefined ? {} : { driver }),
    ...(link.vlan !== undefined && link.parent !== undefined ? { vlanOf: link.parent } : {}),
    hooks: link.xdp === undefined ? [] : hooksOn(link.index),
  }
}

/** The interface may go while it is looked at. */
function hooksOn(ifindex: number): readonly Hook[] {
  try {
    return queryXdp(ifindex).programs.map(({ mode, id }) => ({ mode, id, name: programName(id) }))
  } catch (error) {
    if (error instanceof BpfError) return []
    throw error
  }
}

/** Without the right to open them there are none to be told of. */
function pinnedLinks(pinRoot: string): KernelView['pinned'] {
  const pins = pinsIn(pinRoot)
  try {
    return linkedDevices(pins).map((name) => {
      const link = openXdpLink(linkPin(pins, name))
      const { ifindex, programId } = link.info()
      link.close()
      return { name, ifindex, programId }
    })
  } catch (error) {
    const { code } = error as NodeJS.ErrnoException
    if (error instanceof BpfError || code === 'EACCES' || code === 'EPERM' || !existsSync(pins.links))
      return []
    throw error
  }
}
