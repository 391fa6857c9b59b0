// SPDX-License-Identifier: Apache-2.0
// How questions get to real servers through the VIP: opened when the first service wants it. Where the kernel cannot do
// that, questions go to the real servers' own addresses, and the operator is told.
import { openProbeSocket } from '../datapath/probe-socket.js'
import type { SocketSpec } from '../health/types.js'
import { fail, formatProblems } from '../model/describe.js'
import type { AddressText, Outcome, Problem } from '../model/types.js'

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
  const { tell, good } = telling(log)
  let path: ProbePath | undefined
  let impossible = false
  let attached: string | undefined
  const opened = (): ProbePath | undefined => {
    if (path || impossible) return path
    const outcome = open()
    if (outcome.ok) path = outcome.value
    else {
      impossible = true
      tell(outcome.problems)
    }
    return path
  }
  /** A question that left by an interface without the programs would not be addressed to the VIP. */
  const attach = (to: ProbePath, interfaces: readonly string[]): boolean => {
    if (attached === interfaces.join()) return true
    const outcome = to.attach(interfaces)
    attached = outcome.ok ? interfaces.join() : undefined
    if (outcome.ok) good()
    else tell(outcome.problems)
    return outcome.ok
  }
  return {
    path: {
      target: (vip, real) => path?.target(vip, real) ?? CLOSED,
      release: (mark) => path?.release(mark),
      socket: (spec) => (spec.mark === undefined ? openProbeSocket(spec) : (path?.socket(spec) ?? CLOSED)),
    },
    use: (interfaces) => {
      const here = opened()
      return here !== undefined && attach(here, interfaces)
    },
    close: () => path?.close(),
  }
}

/** The same again and again is told once, until all was good meanwhile. */
function telling(log: (line: string) => void) {
  let said = ''
  return {
    tell: (problems: readonly Problem[]) => {
      const why = formatProblems(problems)
      if (why !== said)
        log(`health checks ask the real servers at their own addresses, not through the VIP: ${why}`)
      said = why
    },
    good: () => {
      said = ''
    },
  }
}
