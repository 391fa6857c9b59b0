// SPDX-License-Identifier: Apache-2.0
// Marks of sockets whose packets are addressed to a VIP and carried to one real server: each pair has one while anyone
// uses it.
import { fail } from '../model/describe.js'
import type { AddressText, Outcome } from '../model/types.js'

export interface Probe {
  /** the same pair gives the same mark */
  target(vip: AddressText, real: AddressText): Outcome<number>
  release(mark: number): void
}

export interface Marks {
  /** counts as one user of the pair until `done` */
  use(vip: AddressText, real: AddressText): MarkUse
}

export interface MarkUse {
  /** asked for when it is first needed, and again after a refusal */
  mark(): Outcome<number>
  done(): void
}

interface Held {
  users: number
  mark?: number
}

export function createMarks(probe: Probe): Marks {
  const held = new Map<string, Held>()
  return {
    use: (vip, real) => {
      const pair = `${vip} ${real}`
      const one: Held = held.get(pair) ?? { users: 0 }
      held.set(pair, one)
      one.users++
      return {
        mark: () => {
          if (one.mark !== undefined) return { ok: true, value: one.mark }
          const made = attempt(() => probe.target(vip, real))
          if (made.ok) one.mark = made.value
          return made
        },
        done: () => {
          one.users--
          if (one.users > 0) return
          held.delete(pair)
          if (one.mark !== undefined) probe.release(one.mark)
        },
      }
    },
  }
}

function attempt(make: () => Outcome<number>): Outcome<number> {
  try {
    return make()
  } catch (error) {
    return fail({ reason: (error as Error).message })
  }
}
