// SPDX-License-Identifier: Apache-2.0
// Interfaces: the program goes on by a pinned link and comes off when told to; what stands in the way is said by name.
import { existsSync, readFileSync, readlinkSync } from 'node:fs'
import { basename } from 'node:path'
import {
  attachXdp,
  BpfError,
  type BpfProgram,
  type Link,
  openProgramById,
  queryXdp,
  type XdpLink,
} from 'libbpf-ts'
import { Iface_OFFSETS, Iface_SIZE } from '../abi/generated.js'
import { nearest } from '../model/nearest.js'
import type { AttachMode, Limits, Outcome, Problem } from '../model/types.js'
import { ifaceWord, readIface } from './iface.js'
import { mendLink, mendPin } from './links.js'
import { type Maps, store64 } from './maps.js'
import { isPinned, linkedDevices, linkPin, ourLink, type Pins, remove } from './pins.js'
import { removeProbeFilters } from './probe-filters.js'
import { problemOf } from './problems.js'
import type { Repair } from './repair.js'
import type { Attachment } from './types.js'

interface Held {
  readonly link: XdpLink
  readonly attachment: Attachment
}

export class Interfaces {
  readonly #maps: Maps
  readonly #pins: Pins
  readonly #limits: Limits
  readonly #program: BpfProgram
  readonly #held = new Map<string, Held>()

  constructor(maps: Maps, pins: Pins, limits: Limits, program: BpfProgram) {
    this.#maps = maps
    this.#pins = pins
    this.#limits = limits
    this.#program = program
  }

  list(): readonly Attachment[] {
    return [...this.#held.values()].map(({ attachment }) => attachment)
  }

  /** Takes over pinned links; those of interfaces that are gone are dropped, MACs that changed are followed. */
  adopt(links: Iterable<Link>): void {
    const byIndex = new Map([...links].map((link) => [link.index, link]))
    for (const name of linkedDevices(this.#pins)) {
      const link = ourLink(linkPin(this.#pins, name))
      if (link === undefined) continue
      const device = byIndex.get(link.info().ifindex)
      if (device?.mac === undefined) this.#drop(name, link)
      else {
        const { slot } = readIface(this.#maps, device.index)
        const mode = modeOn(device.index)
        this.#keep(name, link, { ...device, mac: device.mac }, mode, slot)
        this.#write(device.index, device.mac, mode, slot)
      }
    }
  }

  attach(name: string, mode: AttachMode, links: readonly Link[]): Outcome<Attachment> {
    const device = links.find((link) => link.name === name)
    const problem = this.#refusal(name, mode, device, links)
    if (problem !== undefined) return { ok: false, problems: [problem] }
    const held = this.#held.get(name)
    if (held !== undefined) return { ok: true, value: held.attachment }
    const known = device as Link & { mac: string }
    const { index, mac } = known
    const slot = this.#slotFor(index)
    if (slot === undefined) return { ok: false, problems: [this.#noSlot(name)] }
    this.#write(index, mac, mode, slot)
    try {
      const link = attachXdp(this.#program, index, { mode })
      remove(linkPin(this.#pins, name))
      link.pin(linkPin(this.#pins, name))
      return { ok: true, value: this.#keep(name, link, known, mode, slot) }
    } catch (error) {
      this.#write(index, mac, undefined, slot)
      if (error instanceof BpfError) return { ok: false, problems: [refused(error, name, mode)] }
      throw error
    }
  }

  detach(name: string): Outcome<void> {
    const held = this.#held.get(name)
    if (held === undefined) return { ok: false, problems: [this.#notAttached(name)] }
    held.link.detach()
    remove(linkPin(this.#pins, name))
    held.link.close()
    this.#held.delete(name)
    const { ifindex, mac, slot } = held.attachment
    this.#write(ifindex, mac, undefined, slot)
    removeProbeFilters(this.#pins, ifindex)
    return { ok: true, value: undefined }
  }

  /** A link changed, or is gone. */
  onLink(link: Link, change: 'added' | 'removed'): void {
    for (const [name, { attachment, link: xdp }] of this.#held) {
      if (attachment.ifindex !== link.index) continue
      if (change === 'removed') {
        this.#drop(name, xdp)
        this.#held.delete(name)
        this.#write(link.index, attachment.mac, undefined, attachment.slot)
      } else if (link.mac !== undefined && link.mac !== attachment.mac) {
        this.#write(link.index, link.mac, attachment.mode, attachment.slot)
        this.#held.set(name, { link: xdp, attachment: { ...attachment, mac: link.mac } })
      }
    }
  }

  /** Links, their pins and what packets know of the interfaces are what they were made. */
  mend(links: readonly Link[]): readonly Repair[] {
    return [...this.#held.values()].flatMap((held): Repair[] => {
      const { attachment } = held
      const { interface: name, ifindex, mac, mode, slot } = attachment
      const found: Repair[] = []
      if (!this.#isWritten(attachment)) {
        this.#write(ifindex, mac, mode, slot)
        found.push({ kind: 'interface', what: `the entry of interface ${name}` })
      }
      const link = mendLink(held.link, this.#program)
      if (link === 'detached') return [...found, ...this.#attachAgain(name, mode, links)]
      if (link === 'replaced') found.push({ kind: 'link', what: `the program on ${name}` })
      if (mendPin(this.#pins, name, held.link)) found.push({ kind: 'link', what: `the pin of ${name}` })
      return found
    })
  }

  /** Refused when somebody else's program is there now: then it is not ours any more, and the next round asks again. */
  #attachAgain(name: string, mode: AttachMode, links: readonly Link[]): Repair[] {
    const held = this.#held.get(name) as Held
    held.link.close()
    if (isPinned(this.#pins, name, held.attachment.linkId)) remove(linkPin(this.#pins, name))
    this.#held.delete(name)
    return this.attach(name, mode, links).ok ? [{ kind: 'link', what: `the program on ${name}` }] : []
  }

  close(): void {
    for (const { link } of this.#held.values()) link.close()
    this.#held.clear()
  }

  #refusal(
    name: string,
    mode: AttachMode,
    device: Link | undefined,
    links: readonly Link[],
  ): Problem | undefined {
    if (device === undefined) return missing(name, links)
    const held = this.#held.get(name)
    if (held !== undefined && held.attachment.ifindex === device.index) {
      if (held.attachment.mode === mode) return undefined
      const reason = `${name} is attached in ${held.attachment.mode} mode`
      return { subject: name, reason, fix: `run \`xlvs detach ${name}\` first` }
    }
    if (device.mac === undefined) return { subject: name, reason: `${name} is not an Ethernet interface` }
    if (device.index > this.#limits.ifindex) {
      const reason = `${name} has interface index ${device.index}, the maps have room up to ${this.#limits.ifindex}`
      const fix = 'raise limits.ifindex, then `xlvs detach --all` and start again'
      return { subject: name, reason, fix }
    }
    return occupied(name, device.index)
  }

  #keep(
    name: string,
    link: XdpLink,
    device: Pick<Link, 'index' | 'kind'> & { mac: string },
    mode: AttachMode,
    slot: number,
  ) {
    const { id, programId } = link.info()
    const base = {
      interface: name,
      ifindex: device.index,
      mac: device.mac,
      mode,
      slot,
      linkId: id,
      programId,
    }
    const driver = device.kind ?? driverOf(name, device.index)
    const attachment: Attachment = driver === undefined ? base : { ...base, driver }
    this.#held.set(name, { link, attachment })
    return attachment
  }

  #drop(name: string, link: XdpLink): void {
    remove(linkPin(this.#pins, name))
    link.close()
  }

  /**
   * mac, attached, merged are one aligned word: a packet sees all of it old or all of it new. In generic mode frames
   * come after GRO has merged them. `mode`: undefined when the program is not on it.
   */
  #write(ifindex: number, mac: string, mode: AttachMode | undefined, slot: number): void {
    const at = ifindex * Iface_SIZE
    this.#maps.ifaces.setUint32(at + Iface_OFFSETS.slot, slot, true)
    store64(this.#maps.ifaces, at, ifaceWord(mac, mode))
  }

  #isWritten({ ifindex, mac, mode, slot }: Attachment): boolean {
    const at = ifindex * Iface_SIZE
    const { ifaces } = this.#maps
    const sameSlot = ifaces.getUint32(at + Iface_OFFSETS.slot, true) === slot
    return sameSlot && ifaces.getBigUint64(at, true) === ifaceWord(mac, mode)
  }

  /** Its own again, else one nobody had, else one whose interface is detached: its counts go on. */
  #slotFor(ifindex: number): number | undefined {
    const own = readIface(this.#maps, ifindex)
    const busy = new Set(this.list().map((attachment) => attachment.slot))
    if (own.known && !busy.has(own.slot)) return own.slot
    const had = new Set<number>()
    for (let index = 0; index <= this.#limits.ifindex; index++) {
      const { known, slot } = readIface(this.#maps, index)
      if (known) had.add(slot)
    }
    const all = Array.from({ length: this.#limits.interfaces }, (_, slot) => slot)
    return all.find((slot) => !had.has(slot)) ?? all.find((slot) => !busy.has(slot))
  }

  #noSlot(name: string): Problem {
    const reason = `${this.#limits.interfaces} interfaces are attached, and the maps have room for no more`
    return { subject: name, reason, fix: 'raise limits.interfaces, then `xlvs detach --all` and start again' }
  }

  #notAttached(name: string): Problem {
    const names = [...this.#held.keys()]
    const fix = names.length === 0 ? 'nothing is attached' : `attached are: ${names.join(', ')}`
    return { subject: name, reason: `xlvs is not attached to ${name}`, fix }
  }
}

function missing(name: string, links: readonly Link[]): Problem {
  const names = links.map((link) => link.name)
  const meant = nearest(name, names)
  const fix = meant === undefined ? `there are: ${names.join(', ')}` : `did you mean ${meant}?`
  return { subject: name, reason: `there is no interface ${name}`, fix }
}

function occupied(name: string, ifindex: number): Problem | undefined {
  const there = queryXdp(ifindex)
  const id = there.programs[0]?.id
  if (there.mode === 'none' || id === undefined) return undefined
  const reason = `another XDP program is on ${name}: ${programName(id)} (id ${id}, ${there.mode} mode)`
  return { subject: name, reason, fix: `take it off first, for example with \`ip link set ${name} xdp off\`` }
}

/** As a sentence says it: '"xdp_pass"', 'without a name'. */
export function programName(id: number): string {
  try {
    const program = openProgramById(id)
    const { name } = program
    program.close()
    return name === '' ? 'without a name' : `"${name}"`
  } catch {
    return 'of unknown name'
  }
}

function refused(error: BpfError, name: string, mode: AttachMode): Problem {
  if (error.code === 'EOPNOTSUPP' && mode === 'native') {
    const reason = `the driver of ${name} has no native XDP`
    return {
      subject: name,
      reason,
      fix: `slower, but everywhere: --mode generic, as in \`xlvs attach ${name} --mode generic\``,
    }
  }
  if (error.code === 'EBUSY' || error.code === 'EEXIST') {
    return { subject: name, reason: `another XDP program came onto ${name} meanwhile`, fix: 'try again' }
  }
  return { subject: name, ...problemOf(error) }
}

function modeOn(ifindex: number): AttachMode {
  return queryXdp(ifindex).mode === 'generic' ? 'generic' : 'native'
}

/**
 * Hardware has one in sysfs; virtual devices have a kind instead. sysfs may show another network namespace, where
 * another device has the name.
 */
export function driverOf(name: string, ifindex: number): string | undefined {
  const [index, driver] = [`/sys/class/net/${name}/ifindex`, `/sys/class/net/${name}/device/driver`]
  if (!existsSync(driver) || Number(readFileSync(index, 'utf8')) !== ifindex) return undefined
  return basename(readlinkSync(driver))
}
