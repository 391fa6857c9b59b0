// SPDX-License-Identifier: Apache-2.0
// What the kernel refuses, as one sentence and the command that mends it.

import { existsSync } from 'node:fs'
import { dirname } from 'node:path'
import { type BpfError, type Feature, features } from 'libbpf-ts'
import type { Problem } from '../model/types.js'

const BPF_LOOP = 181
const JIFFIES = 118
const XDP_LOAD_BYTES = 189

/** Everything this machine lacks: nothing is begun that cannot be finished. */
export function findNeeds(pinRoot: string): Problem[] {
  const allowed = features.capabilities()
  if (!allowed.ok) {
    const fix = 'run it as root, or give the program these capabilities'
    return [{ reason: `no permission: ${allowed.needs} needed, and ${allowed.why}`, fix }]
  }
  const missing = programNeeds().filter((feature) => !feature.ok)
  const fileSystem = features.bpfFileSystem(mountOf(pinRoot))
  const problems = missing.map(({ needs, why }) => ({
    reason: why,
    fix: `a kernel of 5.18 or newer is needed (${needs})`,
  }))
  return fileSystem.ok
    ? problems
    : [...problems, { subject: pinRoot, reason: fileSystem.why, fix: fileSystem.needs }]
}

/** What the programs are made of, asked of this kernel; who lacks the capabilities hears no truth. */
export function programNeeds(): Feature[] {
  return [
    features.mmapableArrays(),
    features.xdpLink(),
    features.mapType('devmap_hash'),
    features.program('syscall'),
    features.helper('xdp', BPF_LOOP),
    features.helper('xdp', JIFFIES),
    features.helper('xdp', XDP_LOAD_BYTES),
  ]
}

export function problemOf(error: BpfError): Problem {
  if (error.code === 'EPERM' || error.code === 'EACCES') {
    const allowed = features.capabilities(['CAP_BPF', 'CAP_NET_ADMIN', 'CAP_PERFMON', 'CAP_SYS_ADMIN'])
    if (!allowed.ok) return { reason: error.message, fix: `this needs ${allowed.needs}: run it as root` }
  }
  if (error.code === 'ENOMEM' || error.code === 'E2BIG') {
    return { reason: error.message, fix: 'lower limits.connections, or give the machine more memory' }
  }
  if (error.code === 'ENOSPC') return { reason: error.message, fix: 'make room and try again' }
  return {
    reason: error.message,
    ...(error.log !== '' && { fix: `the kernel said: ${lastLine(error.log)}` }),
  }
}

/** The nearest directory above that exists. */
export function mountOf(path: string): string {
  return existsSync(path) || path === '/' ? path : mountOf(dirname(path))
}

function lastLine(text: string): string {
  return text.trim().split('\n').at(-1) ?? ''
}
