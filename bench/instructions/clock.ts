// SPDX-License-Identifier: Apache-2.0
// Whether the guest's clock counts instructions: two programs that differ by 1,000 of them.
import { readFileSync } from 'node:fs'
import { openObject } from 'libbpf-ts'

const FRAME = 60
/** few enough to fit between two ticks */
const RUNS = 256

/** What the kernel says 1,000 instructions take, in ns, while it counts what programs take. */
export function thousand(): number {
  const object = openObject(readFileSync('build/bench-bpf/beside.bpf.o'), { name: 'beside' }).load()
  const data = new Uint8Array(FRAME)
  const [idle, thousand] = ['idle', 'thousand'].map((name) => {
    const program = object.program(name)
    program.run({ data, repeat: RUNS })
    const { runTimeNs } = program.info()
    program.run({ data, repeat: RUNS })
    return Math.round((program.info().runTimeNs - runTimeNs) / RUNS)
  }) as [number, number]
  object.close()
  return thousand - idle
}
