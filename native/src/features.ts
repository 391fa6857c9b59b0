// SPDX-License-Identifier: Apache-2.0
// What this kernel, this process and this machine can do: every answer is tried out where that leaves no
// trace, and a "no" says what is needed and why.
import { existsSync, readFileSync, statfsSync } from 'node:fs'
import { release } from 'node:os'
import { BpfError } from './errors.js'
import { createMap, mapFlags } from './map.js'
import { native } from './native.js'
import { type BpfProgram, loadInstructions } from './program.js'
import { u32 } from './values.js'

/** The answer to a question: yes, or no with what is needed and why. */
export type Feature =
  | {
      /** Yes. */
      readonly ok: true
    }
  | {
      /** No. */
      readonly ok: false
      /** What would make it a yes: `'kernel 5.9'`, `'CAP_BPF'`, a command. */
      readonly needs: string
      /** One sentence. */
      readonly why: string
    }

/** Capabilities this package's calls ask for, by bit number. */
const capabilityBits = { CAP_NET_ADMIN: 12, CAP_SYS_ADMIN: 21, CAP_PERFMON: 38, CAP_BPF: 39 } as const
/** A capability that a call of this package may ask for. */
export type Capability = keyof typeof capabilityBits

const bpfFileSystem = 0xcafe4a11
const noDescriptor = 0x7fffffff
const noInterface = 0x7fffffff
const loopback = 1
const attachTypes = { xdp: 37, sk_lookup: 36, tcx: 46 } as const
const xdpOffload = 8

/** The kernel that brought a type, where it is newer than 4.18. */
const mapTypesSince: Record<string, string> = {
  queue: '4.20',
  stack: '4.20',
  sk_storage: '5.2',
  devmap_hash: '5.4',
  struct_ops: '5.6',
  ringbuf: '5.8',
  inode_storage: '5.10',
  task_storage: '5.11',
  bloom_filter: '5.16',
  user_ringbuf: '6.1',
  cgrp_storage: '6.2',
}
const programTypesSince: Record<string, string> = {
  flow_dissector: '4.20',
  cgroup_sysctl: '5.2',
  raw_tracepoint_writable: '5.2',
  cgroup_sockopt: '5.3',
  tracing: '5.5',
  struct_ops: '5.6',
  ext: '5.6',
  lsm: '5.7',
  sk_lookup: '5.9',
  syscall: '5.14',
}

/** Types that load only with an attach type, and one that does. */
const probeAttachTypes: Partial<Record<string, number>> = {
  sk_lookup: 36,
  cgroup_sock_addr: 8,
  cgroup_sockopt: 21,
}
/** Types that load only for a given kernel function or program. */
const unprobed = new Set(['tracing', 'ext', 'lsm', 'struct_ops'])

/** Asks this kernel, this process, this machine. Every answer is tried out where that leaves no trace. */
export const features = {
  /** The capabilities in force; by default the least that loads and attaches an XDP program. CAP_SYS_ADMIN
   * stands for CAP_BPF and CAP_PERFMON.
   * @throws Error of `node:fs` when there is no /proc
   * @kernel any */
  capabilities(wanted: readonly Capability[] = ['CAP_BPF', 'CAP_NET_ADMIN', 'CAP_PERFMON']): Feature {
    const missing = wanted.filter((capability) => !inForce(capability))
    if (missing.length === 0) return { ok: true }
    return { ok: false, needs: missing.join(' + '), why: `this process runs without ${missing.join(', ')}` }
  },

  /** A map type by libbpf's name, such as `'ringbuf'`.
   * @throws TypeError for a type nobody knows
   * @kernel 4.13 */
  mapType(type: string): Feature {
    return asked(`map type ${type}`, mapTypesSince[type], () => native.probeMapType(type))
  },

  /** A program type by libbpf's name, such as `'sk_lookup'`.
   * @throws TypeError for a type nobody knows
   * @kernel 4.13 */
  program(type: string): Feature {
    return asked(`program type ${type}`, programTypesSince[type], () => native.probeProgramType(type))
  },

  /** A helper by its number in linux/bpf.h, for programs of a type.
   * @throws TypeError for types that load only for a given function
   * @kernel 4.13 */
  helper(programType: string, helper: number): Feature {
    if (unprobed.has(programType)) {
      throw new TypeError(
        `programType must not be ${programType}: such programs need a function to attach to`,
      )
    }
    const allowed = features.capabilities(['CAP_BPF', 'CAP_NET_ADMIN', 'CAP_PERFMON'])
    if (!allowed.ok) return allowed
    const log = calling(helper, programType)
    // libbpf's own probe misses the third wording, which is that of Linux 6.13 and later.
    if (!/(invalid|unknown) func |cannot use helper /.test(log)) return { ok: true }
    return tooOld(`helper ${helper} in programs of type ${programType}`, undefined, '')
  },

  /** Arrays that can be mapped into memory.
   * @throws BpfError when the kernel is out of memory or descriptors
   * @kernel 4.13 */
  mmapableArrays(): Feature {
    const options = { type: 'array', keySize: 4, valueSize: 8, maxEntries: 1, flags: mapFlags.mmapable }
    return tried('mmap-able arrays', '5.5', [], () => createMap(options).close())
  },

  /** Batch lookup, update and delete.
   * @throws BpfError when the kernel is out of memory or descriptors
   * @kernel 4.13 */
  batches(): Feature {
    return tried('batch operations', '5.6', [], () => {
      const map = createMap({ type: 'hash', keySize: 4, valueSize: 4, maxEntries: 1 })
      try {
        map.updateBatch(u32(1), u32(1))
      } finally {
        map.close()
      }
    })
  },

  /** XDP programs attached by link.
   * @throws BpfError when the kernel is out of memory or descriptors
   * @kernel 4.13 */
  xdpLink(): Feature {
    // Loopback has no hardware to offload to: a kernel with XDP links says so, one without knows no such link.
    return linked('XDP links', '5.9', 'xdp', loopback, attachTypes.xdp, xdpOffload, 'EOPNOTSUPP')
  },

  /** tc programs attached by tcx link.
   * @throws BpfError when the kernel is out of memory or descriptors
   * @kernel 4.13 */
  tcxLink(): Feature {
    return linked('tcx links', '6.6', 'sched_cls', noInterface, attachTypes.tcx, 0, 'ENODEV')
  },

  /** Socket lookup programs attached to a network namespace by link.
   * @throws BpfError when the kernel is out of memory or descriptors
   * @kernel 4.13 */
  netnsLink(): Feature {
    return linked(
      'network namespace links',
      '5.9',
      'sk_lookup',
      noDescriptor,
      attachTypes.sk_lookup,
      0,
      'EBADF',
    )
  },

  /** Test runs that send frames through the real stack.
   * @throws BpfError when the kernel is out of memory or descriptors
   * @kernel 4.13 */
  liveFrames(): Feature {
    return tried('live frames', '5.18', [], () => {
      const program = returning(1, 'xdp')
      try {
        program.run({ data: new Uint8Array(64), liveFrames: true })
      } finally {
        program.close()
      }
    })
  },

  /** The running kernel's type information, which relocatable (CO-RE) programs need.
   * @throws never
   * @kernel any */
  kernelTypes(): Feature {
    if (existsSync('/sys/kernel/btf/vmlinux')) return { ok: true }
    return { ok: false, needs: 'CONFIG_DEBUG_INFO_BTF', why: 'there is no /sys/kernel/btf/vmlinux' }
  },

  /** A BPF file system to pin things in.
   * @throws Error of `node:fs` when the path cannot be looked at
   * @kernel any */
  bpfFileSystem(path = '/sys/fs/bpf'): Feature {
    const needs = `mount -t bpf bpf ${path}`
    if (!existsSync(path)) return { ok: false, needs, why: `there is no ${path}` }
    if (statfsSync(path).type === bpfFileSystem) return { ok: true }
    return { ok: false, needs, why: `${path} is not a BPF file system` }
  },

  /** The just-in-time compiler; without it programs run some ten times slower.
   * @throws Error of `node:fs` when the setting cannot be read
   * @kernel any */
  jit(): Feature {
    const needs = 'sysctl net.core.bpf_jit_enable=1'
    const path = '/proc/sys/net/core/bpf_jit_enable'
    if (!existsSync(path)) return { ok: false, needs: 'CONFIG_BPF_JIT', why: `there is no ${path}` }
    if (readFileSync(path, 'utf8').trim() !== '0') return { ok: true }
    return { ok: false, needs, why: 'the compiler is switched off' }
  },
} as const

function inForce(capability: Capability): boolean {
  const status = readFileSync('/proc/self/status', 'utf8')
  const mask = BigInt(`0x${/^CapEff:\s*([0-9a-f]+)$/m.exec(status)?.[1] ?? '0'}`)
  const has = (name: Capability) => ((mask >> BigInt(capabilityBits[name])) & 1n) === 1n
  // CAP_SYS_ADMIN includes the two that were split off from it.
  return has(capability) || (capability !== 'CAP_NET_ADMIN' && has('CAP_SYS_ADMIN'))
}

/** A question libbpf answers with yes or no; without privilege it would always say no. */
function asked(what: string, since: string | undefined, ask: () => boolean): Feature {
  const allowed = features.capabilities(['CAP_BPF', 'CAP_NET_ADMIN'])
  if (!allowed.ok) return allowed
  return ask() ? { ok: true } : tooOld(what, since, '')
}

/** Something to be done; the error codes given count as success too. */
function tried(what: string, since: string, success: readonly string[], attempt: () => void): Feature {
  try {
    attempt()
    return { ok: true }
  } catch (error) {
    if (!(error instanceof BpfError)) throw error
    if (success.includes(error.code)) return { ok: true }
    if (error.code !== 'EPERM' && error.code !== 'EACCES') return tooOld(what, since, error.message)
    const allowed = features.capabilities()
    return allowed.ok ? { ok: false, needs: 'more privilege', why: error.message } : allowed
  }
}

/** Attaching to a target that cannot be: the kernel's complaint tells whether it knows the kind of link. */
function linked(
  what: string,
  since: string,
  programType: string,
  target: number,
  attachType: number,
  flags: number,
  complaint: string,
): Feature {
  return tried(what, since, [complaint], () => {
    const program = returning(1, programType)
    try {
      native.Link.create('probe', program.fd, target, attachType, flags).close()
    } finally {
      program.close()
    }
  })
}

/** What the verifier says to a call of a helper without arguments; '' when it has nothing against it. */
function calling(helper: number, type: string): string {
  const instructions = new Uint8Array(16)
  instructions[0] = 0x85
  instructions.set(u32(helper), 4)
  instructions[8] = 0x95
  const attachType = probeAttachTypes[type]
  try {
    loadInstructions({ type, instructions, ...(attachType === undefined ? {} : { attachType }) }).close()
    return ''
  } catch (error) {
    if (error instanceof BpfError) return error.wholeLog
    throw error
  }
}

/** The program `return value`: one move, one exit. */
function returning(value: number, type: string): BpfProgram {
  const attachType = probeAttachTypes[type]
  const instructions = new Uint8Array(16)
  instructions[0] = 0xb7
  instructions.set(u32(value), 4)
  instructions[8] = 0x95
  return loadInstructions({ type, instructions, ...(attachType === undefined ? {} : { attachType }) })
}

function tooOld(what: string, since: string | undefined, detail: string): Feature {
  const needs = since === undefined ? 'a newer kernel, or one built with it' : `kernel ${since}`
  const why = `kernel ${release()} does not know ${what}`
  return { ok: false, needs, why: detail === '' ? why : `${why} (${detail})` }
}
