// SPDX-License-Identifier: Apache-2.0
// The datapath's clock is jiffies (docs/decisions/0002-jiffies.md): how long one lasts is measured, and the tick of a
// moment is asked for, because the system's clocks are slewed and jiffies are not.
import { type BpfProgram, openObject } from 'libbpf-ts'
import { Clock, Now_SIZE, readNow } from '../abi/generated.js'

/** Ticks per second a kernel may be built with. */
const RATES = [100, 250, 300, 1000, 24, 48, 64, 128, 200, 256, 500, 512, 1024, 1200]
const JIFFIES = 5
const TRIES = 20
const TOLERANCE = 0.02

/** ns per jiffy, by the `clock` program of an object that is not loaded yet. Blocks for some 5 jiffies. */
export function measureJiffy(object: Uint8Array): number {
  const spec = openObject(object, { name: 'xlvs_clock' })
  for (const { name } of spec.programs) spec.setAutoload(name, name === 'clock')
  const loaded = spec.load()
  try {
    const program = loaded.program('clock')
    try {
      return jiffyNs(program)
    } finally {
      program.close()
    }
  } finally {
    loaded.close()
  }
}

export function jiffyNs(clock: BpfProgram): number {
  for (let i = 0; i < TRIES; i++) {
    const [from, to] = [edge(clock, 0n), edge(clock, BigInt(JIFFIES))]
    const measured = Number(to.monotonicNs - from.monotonicNs) / Number(to.jiffies - from.jiffies)
    const rate = RATES.find((hz) => Math.abs((measured * hz) / 1e9 - 1) < TOLERANCE)
    if (rate !== undefined) return Math.round(1e9 / rate)
  }
  throw new Error('the length of a jiffy cannot be measured on this machine: its clocks do not agree')
}

/** The tick of this moment, as packets stamp it. */
export function ticksNow(clock: BpfProgram, jiffy: number): number {
  return Number(((ask(clock).jiffies * BigInt(jiffy)) >> BigInt(Clock.TICK_SHIFT)) & BigInt(Clock.TICK_MASK))
}

/** The moment at which a jiffy begins, after at least so many have gone by. */
function edge(clock: BpfProgram, after: bigint) {
  const first = ask(clock)
  let now = first
  while (now.jiffies <= first.jiffies + after) now = ask(clock)
  return now
}

function ask(clock: BpfProgram) {
  const answer = clock.run({ context: new Uint8Array(Now_SIZE) }).context
  return readNow(new DataView(answer.buffer, answer.byteOffset), 0)
}
