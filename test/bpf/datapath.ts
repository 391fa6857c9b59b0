// SPDX-License-Identifier: Apache-2.0
// A datapath of a test's own: small maps, pins named for the process, everything gone afterwards.
import { rmSync } from 'node:fs'
import { onTestFinished } from 'vitest'
import { clearDatapath, openDatapath } from '../../src/datapath/open.js'
import type { Datapath } from '../../src/datapath/types.js'
import {
  DEFAULT_TIMEOUTS,
  DEFAULT_TUNABLES,
  type Desired,
  type Limits,
  type Real,
  type Service,
} from '../../src/model/types.js'
import { diff } from '../../src/plan/diff.js'
import type { Op } from '../../src/plan/ops.js'

export const OBJECT = new URL('../../build/bpf/xlvs.bpf.o', import.meta.url).pathname

export const SMALL: Limits = {
  connections: 4096,
  templates: 256,
  services: 64,
  reals: 256,
  interfaces: 4,
  ifindex: 65_535,
}

let count = 0

/** A pin root that is cleared when the test ends. */
export function pinRoot(): string {
  const root = `/sys/fs/bpf/xlvs-test-${process.pid}-${count++}`
  onTestFinished(() => {
    clearDatapath(root)
    rmSync(root, { recursive: true, force: true })
  })
  return root
}

export async function opened(root: string, limits: Limits = SMALL): Promise<Datapath> {
  const outcome = await openDatapath({ pinRoot: root, object: OBJECT, limits })
  if (!outcome.ok) throw new Error(outcome.problems.map(({ reason, fix }) => `${reason}; ${fix}`).join('\n'))
  onTestFinished(() => outcome.value.close())
  return outcome.value
}

export function wish(services: readonly Partial<Service>[], rest: Partial<Desired> = {}): Desired {
  const full = services.map((service) => ({
    ...({ vip: '10.0.1.1', port: 80, protocol: 'tcp', scheduler: 'wlc', owner: 'file', reals: [] } as const),
    ...service,
  }))
  const defaults = { timeouts: DEFAULT_TIMEOUTS, tunables: DEFAULT_TUNABLES, limits: SMALL }
  return { interfaces: [], marks: [], peers: [], ...defaults, ...rest, services: full as Service[] }
}

export function reals(...weights: readonly number[]): Real[] {
  return weights.map((weight, i) => ({ address: `10.0.2.${i + 1}`, weight }))
}

export function opsFor(datapath: Datapath, desired: Desired, now = datapath.now()): readonly Op[] {
  const made = diff(desired, datapath.actual(), now)
  if (!made.ok) throw new Error(made.problems.map((problem) => problem.reason).join('; '))
  return made.value
}

/** Carries out what is missing; the names of the operations. */
export function settle(datapath: Datapath, desired: Desired, now = datapath.now()): string[] {
  const ops = opsFor(datapath, desired, now)
  const done = datapath.apply(ops)
  if (!done.ok) throw new Error(done.problems[0]?.reason)
  return ops.map((op) => op.op)
}
