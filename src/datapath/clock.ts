// SPDX-License-Identifier: Apache-2.0
// The datapath's clock is jiffies (docs/decisions/0002-jiffies.md): the tick of a moment is asked for, because the
// system's clocks are slewed and jiffies are not.
import type { BpfProgram } from 'libbpf-ts'
import { Clock, Now_SIZE, readNow } from '../abi/generated.js'

/** The tick of this moment, as packets stamp it; `jiffy` in ns. */
export function ticksNow(clock: BpfProgram, jiffy: number): number {
  const answer = clock.run({ context: new Uint8Array(Now_SIZE) }).context
  const { jiffies } = readNow(new DataView(answer.buffer, answer.byteOffset), 0)
  return Number(((jiffies * BigInt(jiffy)) >> BigInt(Clock.TICK_SHIFT)) & BigInt(Clock.TICK_MASK))
}
