// SPDX-License-Identifier: Apache-2.0
// BPF links: a program attached to a hook through a handle, replaced atomically, kept by a pin.
import { closeSync, openSync, unlinkSync } from 'node:fs'
import { BpfError } from './errors.js'
import { type NativeLink, native } from './native.js'
import type { BpfProgram } from './program.js'
import { type Descriptor, fdOf } from './values.js'

/** `native` runs in the driver, `generic` in the stack behind it, `offload` on the card. */
export type XdpMode = 'native' | 'generic' | 'offload'

/** What the kernel knows about a link. */
export interface LinkInfo {
  /** The number by which `openLinkById` finds it. */
  readonly id: number
  /** `'xdp'`, `'tcx'`, `'netns'`, … */
  readonly type: string
  /** The program in place, as `BpfProgram.id` has it. */
  readonly programId: number
  /** The interface of XDP and tcx links; 0 once the link is detached or the interface is gone. */
  readonly ifindex: number
}

/** Who holds an interface's XDP hook. */
export interface XdpQuery {
  /** `multi`: programs in several modes at once. */
  readonly mode: 'none' | XdpMode | 'multi'
  /** 0 with `none` and `multi`. */
  readonly programId: number
  /** Each program on the hook, with its mode. */
  readonly programs: readonly { readonly mode: XdpMode; readonly id: number }[]
}

const xdpFlags: Record<XdpMode, number> = { generic: 2, native: 4, offload: 8 }
const queryModes = ['none', 'native', 'generic', 'offload', 'multi'] as const
const attachXdpType = 37
const attachTcxTypes = { ingress: 46, egress: 47 } as const
const attachNetnsTypes: Partial<Record<string, number>> = { flow_dissector: 17, sk_lookup: 36 }

/** Attaches an XDP program to an interface by link.
 * @throws TypeError for a mode nobody knows; BpfError `EBUSY` when the hook is taken, `ENODEV` when there is no
 * such interface, `EOPNOTSUPP` or `EINVAL` when the driver lacks the mode, `EPERM` without CAP_NET_ADMIN
 * @kernel 5.9 */
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

/** Attaches a `sched_cls` program to the tcx hook of an interface by link, behind those that are there.
 * @throws TypeError for another direction; BpfError `ENODEV` when there is no such interface, `EINVAL` when the
 * kernel knows no tcx
 * @kernel 6.6 */
export function attachTcx(program: BpfProgram, ifindex: number, direction: 'ingress' | 'egress'): BpfLink {
  const type = tcxType(direction)
  const fd = fdOf(program, 'program', 'a BpfProgram')
  const subject = `'${program.name}' to interface ${ifindex} (${direction})`
  return new BpfLink(native.Link.create('attach tcx', fd, ifindex, type, 0, subject))
}

/** Attaches an `sk_lookup` or `flow_dissector` program to the network namespace that a path such as
 * /proc/self/ns/net or /run/netns/NAME names.
 * @throws TypeError for programs of other types; Error of `node:fs` when the path cannot be opened; BpfError
 * `EINVAL` when it is no namespace, `EEXIST` when the hook is taken
 * @kernel 5.9 for `sk_lookup`, 5.8 for `flow_dissector` */
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

/** Opens a pinned XDP link.
 * @throws TypeError when the pin holds something else; BpfError `ENOENT`, `EACCES`
 * @kernel 5.9 */
export function openXdpLink(pinPath: string): XdpLink {
  const handle = native.Link.open(pinPath)
  const { type } = handle.info()
  if (type === 'xdp') return new XdpLink(handle)
  handle.close()
  throw new TypeError(`${pinPath} is not an XDP link (it is of type ${type})`)
}

/** Opens a pinned link of any type.
 * @throws TypeError when the pin holds no link; BpfError `ENOENT`, `EACCES`
 * @kernel 5.8 */
export function openLink(pinPath: string): BpfLink {
  return new BpfLink(native.Link.open(pinPath))
}

/** Opens a link by its id. Needs CAP_SYS_ADMIN.
 * @throws BpfError `ENOENT` when there is no such link, `EPERM`
 * @kernel 5.8 */
export function openLinkById(id: number): BpfLink {
  return new BpfLink(native.Link.byId(id))
}

/** Who holds the XDP hook of an interface. Needs no privilege.
 * @throws BpfError `ENODEV` when there is no such interface
 * @kernel 4.13 */
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

/** The ids of the programs on the tcx hook of an interface, in the order they run.
 * @throws TypeError for another direction; BpfError `ENODEV` when there is no such interface, `EINVAL` when the
 * kernel knows no tcx
 * @kernel 6.6 */
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

  /** What the kernel knows now.
   * @throws BpfError; Error once closed
   * @kernel 5.8 */
  info(): LinkInfo {
    const { id, type, programId, first } = this.#handle.info()
    return { id, type, programId, ifindex: type === 'xdp' || type === 'tcx' ? first : 0 }
  }

  /** Puts another program of the same type in place, without a packet seeing none. With `expected`, only if that
   * one is in place still.
   * @throws BpfError `EPERM` when another one than `expected` is, `EINVAL` for a program of another type,
   * `ENOLINK` when the interface is gone; Error once closed
   * @kernel 5.9 */
  update(program: BpfProgram, expected?: BpfProgram): void {
    const replaced = expected === undefined ? undefined : fdOf(expected, 'expected', 'a BpfProgram')
    this.#handle.update(fdOf(program, 'program', 'a BpfProgram'), replaced)
  }

  /** Takes the program off the hook now, whoever else holds the link.
   * @throws BpfError; Error once closed
   * @kernel 5.9 */
  detach(): void {
    this.#handle.detach()
  }

  /** Keeps the program attached under a path on a BPF file system, beyond this process.
   * @throws BpfError `EEXIST` when the path is taken, `EPERM` when it is on no BPF file system; Error once
   * closed
   * @kernel 5.8 */
  pin(path: string): void {
    this.#handle.pin(path)
  }

  /** Removes a pin. Without another one, closing then detaches.
   * @throws Error `ENOENT` of `node:fs` when there is no such file
   * @kernel 5.8 */
  unpin(path: string): void {
    unlinkSync(path)
  }

  /** Gives up the descriptor; an unpinned link ends here. Closing again does nothing.
   * @kernel any */
  close(): void {
    this.#handle.close()
  }

  /** `using`: closes. */
  [Symbol.dispose](): void {
    this.close()
  }
}

/** A link on an interface's XDP hook. */
export class XdpLink extends BpfLink {}
