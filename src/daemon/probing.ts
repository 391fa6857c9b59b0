// SPDX-License-Identifier: Apache-2.0
// How questions get to real servers through the VIP: opened when the first service wants it. Where the kernel cannot do
// that, questions go to the real servers' own addresses, and the operator is told.
import type { SocketSpec } from '../health/types.js'
import { fail, formatProblems } from '../model/describe.js'
import type { AddressText, Outcome } from '../model/types.js'

/** src/datapath/probes.ts, as far as the daemon uses it. */
export interface ProbePath {
  target(vip: AddressText, real: AddressText): Outcome<number>
  release(mark: number): void
  /** exactly these from now on */
  attach(interfaces: readonly string[]): Outcome<void>
  socket(spec: SocketSpec): Outcome<number>
  close(): void
}

export interface Probing {
  readonly path: Pick<ProbePath, 'target' | 'release' | 'socket'>
  /** from now on questions are asked, and they leave through these; false: none can go through a VIP */
  use(interfaces: readonly string[]): boolean
  close(): void
}

const CLOSED: Outcome<never> = fail({ reason: 'questions through the VIP are not possible' })

export function createProbing(open: () => Outcome<ProbePath>, log: (line: string) => void): Probing {
  let path: ProbePath | undefined
  let impossible = false
  let attached = ''
  const opened = (): ProbePath | undefined => {
    if (path || impossible) return path
    const outcome = open()
    if (outcome.ok) path = outcome.value
    else {
      impossible = true
      const why = formatProblems(outcome.problems)
      log(`health checks ask the real servers at their own addresses, not through the VIP: ${why}`)
    }
    return path
  }
  const attach = (to: ProbePath, interfaces: readonly string[]) => {
    if (attached === interfaces.join()) return
    const outcome = to.attach(interfaces)
    if (outcome.ok) attached = interfaces.join()
    else log(`health checks through the VIP: ${formatProblems(outcome.problems)}`)
  }
  return {
    path: {
      target: (vip, real) => path?.target(vip, real) ?? CLOSED,
      release: (mark) => path?.release(mark),
      socket: (spec) => opened()?.socket(spec) ?? CLOSED,
    },
    use: (interfaces) => {
      const here = opened()
      if (here) attach(here, interfaces)
      return here !== undefined
    },
    close: () => path?.close(),
  }
}
