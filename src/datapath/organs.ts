// SPDX-License-Identifier: Apache-2.0
// What a datapath keeps true by itself: interfaces, next hops and their slots, ways out. Made together, as each tells the next.
import type { BpfProgram } from 'libbpf-ts'
import type { Limits } from '../model/types.js'
import { Interfaces } from './attach.js'
import { HopSlots } from './hop-slots.js'
import type { Maps } from './maps.js'
import { NextHops } from './nexthops.js'
import type { Pins } from './pins.js'
import { TxPorts } from './tx-ports.js'

export interface Organs {
  readonly slots: HopSlots
  readonly ports: TxPorts
  readonly interfaces: Interfaces
  readonly hops: NextHops
  /** ms that only go forward */
  readonly clock: () => number
}

interface Given {
  readonly pins: Pins
  readonly maps: Maps
  readonly limits: Limits
}

export async function createOrgans({ maps, pins, limits }: Given, program: BpfProgram): Promise<Organs> {
  const clock = () => performance.now()
  const slots = new HopSlots(maps, clock)
  const ports = new TxPorts(maps.handles.tx_ports)
  const interfaces = new Interfaces(maps, pins, limits, program)
  const hops = new NextHops({
    slots,
    onEgress: (ifindex) => ports.add(ifindex),
    onLink: (link, change) => {
      interfaces.onLink(link, change)
      if (change === 'removed') ports.forget(link.index)
    },
  })
  await hops.start()
  interfaces.adopt(hops.links.values())
  return { slots, ports, interfaces, hops, clock }
}
