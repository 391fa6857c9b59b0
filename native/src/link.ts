// SPDX-License-Identifier: Apache-2.0
// BPF links: a program attached to a hook through a handle, replaced atomically, kept by a pin.
import { closeSync, openSync, unlinkSync } from 'node:fs'
import { BpfError } from './errors.js'
import { type NativeLink, native } from './native.js'
import type { BpfProgram } from './program.js'
import { type Descriptor, fdOf } from './values.js'

/** `native` runs in the driver, `generic` in the stack behind it, `offload` on the card. */
export type XdpMode = 'native' | 'generic' | 'offload'

export interface LinkInfo {
  readonly id: number
  /** `'xdp'`, `'tcx'`, `'netns'`, … */
  readonly type: string
  readonly programId: number
  /** The interface of XDP and tcx links; 0 once the link is detached or the interface is gone. */
  readonly ifindex: number
}

export interface XdpQuery {
  readonly mode: 'none' | XdpMode | 'multi'
  /** 0 with `none` and `multi`. */
  readonly programId: number
  readonly programs: readonly { readonly mode: XdpMode; readonly id: number }[]
}

const xdpFlags: Record<XdpMode, number> = { generic: 2, native: 4, offload: 8 }
const queryModes = ['none', 'native', 'generic', 'offload', 'multi'] as const
const attachXdpType = 37
const attachTcxTypes = { ingress: 46, egress: 47 } as const
const attachNetnsTypes: Partial<Record<string, number>> = { flow_dissector: 17, sk_lookup: 36 }

/** Attaches an XDP program to an interface by link (kernel 5.9). Throws `EBUSY` when the hook is taken,
 * `ENODEV` when there is no such interface, `EOPNOTSUPP` or `EINVAL` when the driver lacks the mode. */
export function attachXdp(
  program: BpfProgram,
  ifindex: number,
  options: { readonly mode: XdpMode },
): XdpLink {
  const flags = xdpFlags[options.mode]
  if (flags === undefined) {
    throw new TypeError(`mode must be 'native', 'generic' or 'offload', not '${options.mode}'`)
  }
  const fd = fdOf(program, 'program', 'a BpfProgram')
  const subject = `'${program.name}' to interface ${ifindex} (${options.mode})`
  try {
    return new XdpLink(native.Link.create('attach xdp', fd, ifindex, attachXdpType, flags, subject))
  } catch (error) {
    // The kernel answers EINVAL for a missing interface too; the query knows better.
    if (error instanceof BpfError && error.code === 'EINVAL') queryXdp(ifindex)
    throw error
  }
}

/** Attaches a `sched_cls` program to an interface's tcx hook by link (kernel 6.6). */
export function attachTcx(program: BpfProgram, ifindex: number, direction: 'ingress' | 'egress'): BpfLink {
  const type = tcxType(direction)
  const fd = fdOf(program, 'program', 'a BpfProgram')
  const subject = `'${program.name}' to interface ${ifindex} (${direction})`
  return new BpfLink(native.Link.create('attach tcx', fd, ifindex, type, 0, subject))
}

/** Attaches an `sk_lookup` (kernel 5.9) or `flow_dissector` (5.8) program to the network namespace that a
 * path such as /proc/self/ns/net or /run/netns/NAME names. */
export function attachNetns(program: BpfProgram, path: string): BpfLink {
  const programFd = fdOf(program, 'program', 'a BpfProgram')
  const type = attachNetnsTypes[program.type]
  if (type === undefined) {
    throw new TypeError(
      `program must be of type sk_lookup or flow_dissector, '${program.name}' is ${program.type}`,
    )
  }
  const fd = openSync(path, 'r')
  try {
    return new BpfLink(
      native.Link.create('attach netns', programFd, fd, type, 0, `'${program.name}' to ${path}`),
    )
  } finally {
    closeSync(fd)
  }
}

/** Opens a pinned XDP link. Throws a `TypeError` when the pin holds something else. */
export function openXdpLink(pinPath: string): XdpLink {
  const handle = native.Link.open(pinPath)
  const { type } = handle.info()
  if (type === 'xdp') return new XdpLink(handle)
  handle.close()
  throw new TypeError(`${pinPath} is not an XDP link (it is of type ${type})`)
}

/** Opens a pinned link of any type. */
export function openLink(pinPath: string): BpfLink {
  return new BpfLink(native.Link.open(pinPath))
}

/** Opens a link by its id. Needs CAP_SYS_ADMIN. */
export function openLinkById(id: number): BpfLink {
  return new BpfLink(native.Link.byId(id))
}

/** Who holds an interface's XDP hook. Throws `ENODEV` when there is no such interface. */
export function queryXdp(ifindex: number): XdpQuery {
  const found = native.Link.queryXdp(ifindex)
  const mode = queryModes[found.attached] ?? 'none'
  if (mode === 'none') return { mode, programId: 0, programs: [] }
  if (mode !== 'multi') return { mode, programId: found.single, programs: [{ mode, id: found.single }] }
  const programs = (['native', 'generic', 'offload'] as const)
    .map((each) => ({ mode: each, id: found[each] }))
    .filter((each) => each.id !== 0)
  return { mode, programId: 0, programs }
}

/** The ids of the programs on an interface's tcx hook, in the order they run (kernel 6.6). */
export function queryTcx(ifindex: number, direction: 'ingress' | 'egress'): number[] {
  return native.Link.query(ifindex, tcxType(direction), `tcx ${direction} of interface ${ifindex}`)
}

function tcxType(direction: 'ingress' | 'egress'): number {
  if (direction === 'ingress' || direction === 'egress') return attachTcxTypes[direction]
  throw new TypeError(`direction must be 'ingress' or 'egress', not '${direction}'`)
}

/** A live link. Closing the last descriptor of an unpinned link detaches the program. */
export class BpfLink implements Descriptor {
  readonly #handle: NativeLink

  /** @internal */
  constructor(handle: NativeLink) {
    this.#handle = handle
  }

  /** The descriptor; it stays this object's. Throws once closed. */
  get fd(): number {
    return this.#handle.descriptor()
  }

  info(): LinkInfo {
    const { id, type, programId, first } = this.#handle.info()
    return { id, type, programId, ifindex: type === 'xdp' || type === 'tcx' ? first : 0 }
  }

  /** Puts another program of the same type in place, without a packet seeing none. With `expected`, only if
   * that one is in place still: throws `EPERM` otherwise. `ENOLINK` when the interface is gone. */
  update(program: BpfProgram, expected?: BpfProgram): void {
    const replaced = expected === undefined ? undefined : fdOf(expected, 'expected', 'a BpfProgram')
    this.#handle.update(fdOf(program, 'program', 'a BpfProgram'), replaced)
  }

  /** Takes the program off the hook now, whoever else holds the link (kernel 5.9). */
  detach(): void {
    this.#handle.detach()
  }

  /** Keeps the program attached under a path on a BPF file system, beyond this process. */
  pin(path: string): void {
    this.#handle.pin(path)
  }

  /** Removes a pin. Without another one, closing then detaches. */
  unpin(path: string): void {
    unlinkSync(path)
  }

  /** Gives up the descriptor; an unpinned link ends here. Closing again does nothing. */
  close(): void {
    this.#handle.close()
  }

  [Symbol.dispose](): void {
    this.close()
  }
}

/** A link on an interface's XDP hook. */
export class XdpLink extends BpfLink {}
