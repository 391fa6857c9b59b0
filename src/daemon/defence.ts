// SPDX-License-Identifier: Apache-2.0
// The defence against too many connections, as update_defense_level of net/netfilter/ipvs/ip_vs_ctl.c decides it each
// second: drop_entry, drop_packet and secure_tcp, each off, automatic or always on. The decision is pure.
import type { Datapath } from '../datapath/types.js'
import type { Happening } from '../events/feed.js'
import type { Tunables } from '../model/types.js'

/** The three tunables that are modes: 0 off, 1 automatic and off now, 2 automatic and on now, 3 always on. */
export const DEFENCES = ['drop_entry', 'drop_packet', 'secure_tcp'] as const
export type DefenceName = (typeof DEFENCES)[number]
export type Modes = Readonly<Record<DefenceName, number>>

/** What is in force for the next second. */
export interface Verdict {
  /** sweep a random part of the tables: half-open connections and idle templates go */
  readonly dropEntry: boolean
  /** drop every n-th packet that would be scheduled, 0 = none */
  readonly dropRate: number
  /** in the automatic mode the count begins anew each second; absent: it goes on */
  readonly dropCounter?: number
  /** the defence's TCP states */
  readonly secureTcp: boolean
}

export interface Decision {
  /** as the kernel shows them afterwards: 1 and 2 flip with the memory */
  readonly modes: Modes
  readonly verdict: Verdict
}

/** `pages`: free memory and buffers; the configured modes 1 and 2 mean the same, the memory says which it is. */
export function decide(tunables: Tunables, pages: number): Decision {
  const threshold = Math.max(tunables.amemthresh, 0)
  const scarce = pages < threshold
  const modes = Object.fromEntries(DEFENCES.map((name) => [name, modeOf(tunables[name], scarce)])) as Modes
  const on = (name: DefenceName) => modes[name] >= 2
  return {
    modes,
    verdict: {
      dropEntry: on('drop_entry'),
      ...dropping(tunables, modes.drop_packet, threshold, pages),
      secureTcp: on('secure_tcp'),
    },
  }
}

function modeOf(mode: number, scarce: boolean): number {
  if (mode === 0 || mode === 3) return mode
  return scarce ? 2 : 1
}

/** What was off and is on now, or the other way; at the start everything was off. */
function switched(before: Modes | undefined, now: Modes): readonly Happening[] {
  return DEFENCES.flatMap((name): readonly Happening[] => {
    const [was, is] = [(before?.[name] ?? 0) >= 2, now[name] >= 2]
    if (was === is) return []
    const [from, to] = is ? ['off', 'on'] : ['on', 'off']
    const automatic = is ? 'memory is scarce' : 'there is memory enough'
    const reason = now[name] === 1 || now[name] === 2 ? automatic : `${name} is ${now[name]}`
    const text = `defence ${name}: ${from} -> ${to}, ${reason}`
    return [{ kind: 'defence', severity: is ? 'warning' : 'notice', from, to, reason, text }]
  })
}

/** The scarcer the memory, the smaller n: at half the threshold every second packet goes. */
function dropping({ am_droprate }: Tunables, mode: number, threshold: number, pages: number) {
  if (mode < 2) return { dropRate: 0 }
  if (mode === 3) return { dropRate: Math.max(am_droprate, 0) }
  const rate = Math.floor(threshold / (threshold - pages))
  return { dropRate: rate, dropCounter: rate }
}

export interface DefenceWorld {
  readonly datapath: Pick<Datapath, 'setDefence' | 'defend'>
  /** in force, overrides included */
  readonly tunables: () => Tunables
  /** free memory and buffers */
  readonly pages: () => number
  /** 0 <= x < 1 */
  readonly random: () => number
  readonly tell?: (event: Happening) => void
}

export interface Defence {
  /** Decides and tells the datapath: each second, and at once when a tunable changed. */
  judge(): Decision
  /** A second has passed. */
  second(): void
  /** Tunables as the kernel would show them now. */
  shown(): Tunables
}

export function createDefence({ datapath, tunables, pages, random, tell }: DefenceWorld): Defence {
  let last: Decision | undefined
  const judge = (): Decision => {
    const before = last?.modes
    last = decide(tunables(), pages())
    for (const event of switched(before, last.modes)) tell?.(event)
    const { dropEntry: _, ...told } = last.verdict
    datapath.setDefence(told)
    return last
  }
  return {
    judge,
    second: () => {
      if (judge().verdict.dropEntry) datapath.defend(random())
    },
    shown: () => ({ ...tunables(), ...(last ?? decide(tunables(), pages())).modes }),
  }
}
