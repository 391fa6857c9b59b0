// SPDX-License-Identifier: Apache-2.0
// A packet of a settled flow goes the short way; what becomes of it there counts for its service all the same.
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { FAMILIES, type Given, sent } from '../packets/case.js'
import { frame, tcp } from '../packets/frames.js'
import { otherInterface, prepare, type Stage } from './play.js'
import { desired, LOOPBACK, Rig } from './rig.js'

let stage: Stage
let removeInterface = () => {}

beforeAll(async () => {
  const other = otherInterface()
  removeInterface = other.remove
  const rig = await Rig.open({ limits: { connections: 256, templates: 64 } })
  stage = { rig, otherIfindex: other.ifindex }
  rig.openPort(other.ifindex)
})

afterAll(async () => {
  removeInterface()
  await stage?.rig.close()
})

type Counts = Readonly<Record<string, bigint>>

/** By reason, all services together. */
function counted(): Counts {
  const sums: Record<string, bigint> = {}
  for (const { reasons } of stage.rig.datapath.snapshot(desired([])).services)
    for (const [reason, packets] of Object.entries(reasons)) sums[reason] = (sums[reason] ?? 0n) + packets
  return sums
}

function grown(before: Counts, after: Counts): Counts {
  const grew = Object.entries(after).filter(([reason, packets]) => packets !== (before[reason] ?? 0n))
  return Object.fromEntries(grew.map(([reason, packets]) => [reason, packets - (before[reason] ?? 0n)]))
}

const TAGS = {
  tags: [
    { tpid: 0x88a8, vid: 1 },
    { tpid: 0x8100, vid: 2 },
  ],
}

describe.each(FAMILIES)('$name: it counts as', ({ words, real }) => {
  const settled = sent(words(tcp(1000, 80, 'S')), words(tcp(1000, 80, 'A')))
  test.each<[reason: string, given: readonly Given[], metadata?: number]>([
    ['forward_conn', []],
    ['forward_conn', [{ hop: real, is: {}, through: 'another interface' }]],
    ['drop_nexthop', [{ hop: real, is: { kind: 'unresolved' } }]],
    ['pass_local_real', [{ hop: real, is: { kind: 'local' } }]],
    ['drop_port_down', [{ hop: real, is: {}, through: 'no interface' }]],
    ['drop_rewrite', [{ hop: real, is: TAGS }], 216],
  ])('%s', (reason, given, metadata = 0) => {
    prepare(stage, [...settled, ...given])
    const before = counted()
    stage.rig.send(frame(words(tcp(1000, 80, 'A'))), LOOPBACK, metadata)
    expect(grown(before, counted())).toEqual({ [reason]: 1n })
  })
})
