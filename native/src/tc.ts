// SPDX-License-Identifier: Apache-2.0
// The tc hooks of an interface (clsact): programs on them by filter, which work on kernels before tcx and stay when
// the process goes. A filter has a place, handle and priority, by which a later process finds its own again.
import { BpfError } from './errors.js'
import { native } from './native.js'
import type { TcFilter } from './native-tc.js'
import type { BpfProgram } from './program.js'
import { fdOf } from './values.js'

/** Where on a hook a filter is. Both are chosen by who attaches, and always the same: a process that starts
 * again replaces what the one before it left. */
export interface TcPlace {
  /** 1 to 4294967295. */
  readonly handle: number
  /** 1 to 65535; lower ones run first. */
  readonly priority: number
}

const directions = { ingress: 1, egress: 2 } as const
const longestName = 15
const exists = { errno: 17, code: 'EEXIST', text: 'File exists' }

/** Opens one hook of an interface; makes its clsact qdisc, which holds both hooks, where there is none.
 * @throws TypeError for another direction; BpfError `ENODEV` when there is no such interface, `ENOENT` when the
 * kernel has no clsact, `EPERM` without CAP_NET_ADMIN
 * @kernel 4.5 */
export function openTcHook(ifindex: number, direction: 'ingress' | 'egress'): TcHook {
  numberOf(direction)
  return new TcHook(ifindex, direction, native.tc.create(ifindex))
}

/** The filters on one hook of an interface, of whatever kind, in the order they run; none where there is no
 * clsact. Needs no privilege.
 * @throws TypeError for another direction; BpfError
 * @kernel 4.5; 4.13 tells program ids */
export function queryTc(ifindex: number, direction: 'ingress' | 'egress'): TcFilter[] {
  return native.tc.list(ifindex, numberOf(direction))
}

/** Removes the clsact qdisc of an interface, unless a filter is on it; whether it was removed. Who did not make
 * it (see `TcHook.made`) should leave it.
 * @throws BpfError `ENODEV` when there is no such interface, `EPERM` without CAP_NET_ADMIN
 * @kernel 4.5 */
export function removeClsact(ifindex: number): boolean {
  const empty = queryTc(ifindex, 'ingress').length + queryTc(ifindex, 'egress').length === 0
  return empty && native.tc.destroy(ifindex)
}

/** Takes the filter of a program off a place without having the program, such as one that another process left;
 * whether it was there. A filter of another name there is left alone, and so is the qdisc.
 * @throws TypeError for another direction; BpfError `EPERM` without CAP_NET_ADMIN
 * @kernel 4.5 */
export function detachTc(
  ifindex: number,
  direction: 'ingress' | 'egress',
  place: TcPlace,
  programName: string,
): boolean {
  const there = filterAt(ifindex, direction, place)
  if (there === undefined || !isOf(there, programName)) return false
  const subject = `'${programName}' from interface ${ifindex} (${direction})`
  native.tc.detach(ifindex, numberOf(direction), place.handle, place.priority, subject)
  return true
}

/** One hook of an interface. It owns no descriptor: what is attached stays until it is detached. */
export class TcHook {
  /** The interface. */
  readonly ifindex: number
  /** Whether packets come or go. */
  readonly direction: 'ingress' | 'egress'
  /** There was no clsact qdisc before this hook was opened. */
  readonly made: boolean

  /** @internal */
  constructor(ifindex: number, direction: 'ingress' | 'egress', made: boolean) {
    this.ifindex = ifindex
    this.direction = direction
    this.made = made
  }

  /** Attaches a `sched_cls` program in direct-action mode: what it returns (`TC_ACT_…`) is the verdict. A filter
   * of a program with the same name in this place is replaced, without a packet seeing neither.
   * @throws TypeError; BpfError `EEXIST` when another's filter is in this place, `EINVAL` for programs of other
   * types or when the priority is taken by another kind, `ENOENT` when the kernel has no BPF classifier, `EPERM`
   * without CAP_NET_ADMIN
   * @kernel 4.5 */
  attach(program: BpfProgram, place: TcPlace): void {
    const fd = fdOf(program, 'program', 'a BpfProgram')
    const subject = `'${program.name}' to interface ${this.ifindex} (${this.direction})`
    const there = this.query(place)
    if (there !== undefined && !isOf(there, program.name)) throw taken(subject, there)
    const { handle, priority } = place
    native.tc.attach(
      this.ifindex,
      directions[this.direction],
      handle,
      priority,
      fd,
      there !== undefined,
      subject,
    )
  }

  /** The filter in a place.
   * @throws TypeError for a place that cannot be; BpfError
   * @kernel 4.5 */
  query(place: TcPlace): TcFilter | undefined {
    return filterAt(this.ifindex, this.direction, place)
  }

  /** Takes the filter of a program off a place; whether it was there. A filter of another name is left alone.
   * @throws TypeError for a place that cannot be; BpfError `EPERM` without CAP_NET_ADMIN
   * @kernel 4.5 */
  detach(program: BpfProgram, place: TcPlace): boolean {
    return detachTc(this.ifindex, this.direction, place, program.name)
  }
}

function filterAt(
  ifindex: number,
  direction: 'ingress' | 'egress',
  { handle, priority }: TcPlace,
): TcFilter | undefined {
  if (!(Number.isInteger(handle) && handle >= 1 && handle <= 0xffffffff))
    throw new TypeError('handle must be an integer from 1 to 4294967295')
  if (!(Number.isInteger(priority) && priority >= 1 && priority <= 0xffff))
    throw new TypeError('priority must be an integer from 1 to 65535')
  return queryTc(ifindex, direction).find((one) => one.handle === handle && one.priority === priority)
}

/** libbpf calls a filter after its program, whose name the kernel cuts. */
function isOf({ kind, name }: TcFilter, programName: string): boolean {
  return kind === 'bpf' && name.replace(/:\[\d+\]$/, '') === programName.slice(0, longestName)
}

function taken(subject: string, { kind, name }: TcFilter): BpfError {
  const log = `the place is taken by a filter of kind ${kind}${name === '' ? '' : ` named ${name}`}`
  return new BpfError('attach tc', subject, exists.errno, exists.code, exists.text, log)
}

function numberOf(direction: 'ingress' | 'egress'): number {
  if (direction === 'ingress' || direction === 'egress') return directions[direction]
  throw new TypeError(`direction must be 'ingress' or 'egress', not '${direction}'`)
}
