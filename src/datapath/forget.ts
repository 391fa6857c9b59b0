// SPDX-License-Identifier: Apache-2.0
// A controller that is gone has asked the kernel to keep the neighbours of its real servers resolved: no longer.
import { openMap } from 'libbpf-ts'
import { Abi } from '../abi/generated.js'
import { HopSlots } from './hop-slots.js'
import { ignoreKernel } from './kernel-tables.js'
import { type Handles, MAP_NAMES, mapInto } from './maps.js'
import { abiAt, leaving } from './migrate/places.js'
import { NextHops } from './nexthops.js'
import { DEFAULT_PIN_ROOT, mapPin, type Pins, pinsIn } from './pins.js'

/** Before the pins go: only they tell whose neighbours these are. Pins of another version are not read. */
export async function forgetNeighbours(pinRoot: string = DEFAULT_PIN_ROOT): Promise<void> {
  const pins = pinsIn(pinRoot)
  try {
    if (isReadable(pins)) await forget(pins)
  } catch (error) {
    ignoreKernel(error)
  }
}

function isReadable(pins: Pins): boolean {
  // in the middle of an upgrade the maps are still laid out as before
  return abiAt(pins.maps) === Abi.ABI_VERSION && leaving(pins) === undefined
}

async function forget(pins: Pins): Promise<void> {
  const handles = Object.fromEntries(MAP_NAMES.map((name) => [name, openMap(mapPin(pins, name))])) as Handles
  const slots = new HopSlots(mapInto(handles), () => performance.now())
  const hops = new NextHops({ slots, onEgress: () => {}, onLink: () => {} })
  try {
    await hops.start()
    await hops.forget()
  } finally {
    hops.close()
    for (const map of Object.values(handles)) map.close()
  }
}
