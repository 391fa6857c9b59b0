// SPDX-License-Identifier: Apache-2.0
// Can this kernel load and run the programs, and may we?
import type { Facts } from './facts.js'
import type { Finding } from './finding.js'

const NS_PER_MS = 1_000_000

export function judgeKernel({ kernel }: Facts): readonly Finding[] {
  return [...capabilities(kernel), ...features(kernel), ...fileSystem(kernel), ...jit(kernel)]
}

function capabilities({ capabilities: asked }: Facts['kernel']): readonly Finding[] {
  if (asked.ok)
    return [
      { check: 'capabilities', level: 'green', says: 'CAP_BPF, CAP_NET_ADMIN and CAP_PERFMON are there' },
    ]
  return [{ check: 'capabilities', level: 'red', says: asked.why, fix: 'sudo xlvs doctor' }]
}

function features({ release, programs, jiffy }: Facts['kernel']): readonly Finding[] {
  if (programs === undefined)
    return [{ check: 'kernel', level: 'yellow', says: `Linux ${release}: not checked without capabilities` }]
  const missing = programs.flatMap((feature) => (feature.ok ? [] : [feature]))
  if (missing.length > 0)
    return missing.map(({ why, needs }) => ({
      check: 'kernel',
      level: 'red',
      says: why,
      advice: `boot a kernel of 5.18 or newer (${needs})`,
    }))
  const tick = `its clock ticks every ${jiffy / NS_PER_MS} ms`
  return [{ check: 'kernel', level: 'green', says: `Linux ${release} has what the programs need; ${tick}` }]
}

function fileSystem({ bpfFileSystem }: Facts['kernel']): readonly Finding[] {
  if (bpfFileSystem.ok) return [{ check: 'bpffs', level: 'green', says: 'the BPF file system is mounted' }]
  return [{ check: 'bpffs', level: 'red', says: bpfFileSystem.why, fix: bpfFileSystem.needs }]
}

function jit({ jit: asked }: Facts['kernel']): readonly Finding[] {
  if (asked.ok) return [{ check: 'jit', level: 'green', says: 'programs are compiled to machine code' }]
  const says = `${asked.why}, so programs run some ten times slower`
  // The setting is seen in the first network namespace alone.
  if (!asked.needs.startsWith('sysctl '))
    return [{ check: 'jit', level: 'green', says: `not checked in this network namespace: ${asked.why}` }]
  return [{ check: 'jit', level: 'yellow', says, fix: asked.needs.replace('sysctl ', 'sysctl -w ') }]
}
