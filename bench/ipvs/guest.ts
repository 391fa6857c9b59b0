// SPDX-License-Identifier: Apache-2.0
// Runs in the guest, in the client's network namespace: builds the directors, plays the plan, writes what it saw on
// the console. One CPU, one process: while it measures nothing else runs but the kernel's own work.
import { readFileSync, writeSync } from 'node:fs'
import { release } from 'node:os'
import { buildDirectors } from './guest-directors.js'
import { calibrate, openRig, type Rig } from './guest-rig.js'
import { sendFrames, sendPktgen } from './guest-senders.js'
import {
  CASES,
  type Case,
  LEAD,
  type Line,
  MARK,
  type Order,
  SENDERS,
  type Sender,
  TRAFFIC,
  type Traffic,
} from './plan.js'

const CLOCK = '/sys/devices/system/clocksource/clocksource0/current_clocksource'

function say(line: Line): void {
  writeSync(1, `${MARK}${JSON.stringify(line)}\n`)
}

/** Round 0 makes the flows and fills the kernel's caches; it is not told. */
function play(rig: Rig, { rounds, packets }: Order): void {
  for (let round = 0; round <= rounds; round++)
    for (const sender of SENDERS)
      for (const traffic of TRAFFIC)
        for (const director of CASES) {
          const measured = measure(rig, director, sender, traffic, packets)
          if (round > 0) say({ round, ...measured })
        }
}

function measure(rig: Rig, director: Case, sender: Sender, traffic: Traffic, packets: number) {
  const sent = LEAD + packets
  rig.watch(LEAD, sent)
  if (sender === 'frames') sendFrames(rig, director, traffic, sent)
  else sendPktgen(director, traffic, sent)
  const { count, reals, ns } = rig.seen()
  return { case: director, sender, traffic, sent, count, reals, packets, instructions: ns }
}

async function main(): Promise<void> {
  const order = JSON.parse(process.argv[2] ?? '') as Order
  const rig = openRig()
  say({ kernel: release(), clock: readFileSync(CLOCK, 'utf8').trim() })
  say({ thousand: calibrate(rig) })
  await buildDirectors(rig)
  play(rig, order)
  say({ done: true })
}

try {
  await main()
} catch (error) {
  say({ error: (error as Error).stack ?? String(error) })
}
