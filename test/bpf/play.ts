// SPDX-License-Identifier: Apache-2.0
// Plays a packet case on a rig: the director of the table, what is given, then the frame.
import { execFileSync } from 'node:child_process'
import { readFileSync } from 'node:fs'
import { Conn4_SIZE, Conn6_SIZE, ConnBits, State } from '../../src/abi/generated.js'
import { BASE, type Given, type PacketCase } from '../packets/case.js'
import { type Judgement, LOOPBACK, RIG_TUNABLES, type Rig } from './rig.js'

/** An interface index that no interface has. */
const NOWHERE = 60_000
const FOREIGN_VIP = 0xfff0n
/** attached, merged */
const STATE_OF = { detached: [0, 0], merged: [1, 1] } as const
const CALM = { secureTcp: false, dropRate: 0, dropCounter: 0 } as const

export interface Stage {
  readonly rig: Rig
  /** an interface beside the one frames come in by */
  readonly otherIfindex: number
}

/** A pair of interfaces of the test's own; the index of one. */
export function otherInterface(): { readonly ifindex: number; readonly remove: () => void } {
  const name = `xt${process.pid}`
  execFileSync('ip', ['link', 'add', name, 'type', 'veth', 'peer', 'name', `${name}p`])
  const ifindex = Number(readFileSync(`/sys/class/net/${name}/ifindex`, 'utf8'))
  return { ifindex, remove: () => void execFileSync('ip', ['link', 'delete', name]) }
}

export function play(stage: Stage, { given, frame, metadata = 0 }: PacketCase): Judgement {
  prepare(stage, given)
  return stage.rig.send(frame, LOOPBACK, metadata)
}

/** All that comes before the frame. */
export function prepare(stage: Stage, given: readonly Given[]): void {
  const { rig } = stage
  rig.reset()
  rig.apply(BASE)
  restore(rig)
  for (const each of given) arrange(stage, each)
}

function arrange({ rig, otherIfindex }: Stage, given: Given): void {
  if ('send' in given) rig.send(given.send)
  else if ('wait' in given) rig.advance(given.wait)
  else if ('services' in given) rig.apply(given.services, given.marks)
  else if ('tunables' in given) rig.setTunables(given.tunables)
  else if ('dropRate' in given) rig.datapath.setDefence({ ...CALM, dropRate: given.dropRate })
  else if ('peers' in given) rig.datapath.setPeers(given.peers)
  else if ('interface' in given) rig.setInterface(LOOPBACK, 0, ...STATE_OF[given.interface])
  else if ('tables' in given) fill(rig)
  else {
    const through = { 'another interface': otherIfindex, 'no interface': NOWHERE, here: LOOPBACK }
    rig.setHop(given.hop, { ...given.is, ifindex: through[given.through ?? 'here'] })
  }
}

/** What an earlier case may have left. */
function restore(rig: Rig): void {
  rig.setInterface(LOOPBACK, 0)
  rig.datapath.setPeers([])
  rig.datapath.setDefence(CALM)
  rig.setTunables(RIG_TUNABLES)
  for (const { reals } of BASE) for (const real of reals) if (typeof real === 'string') rig.setHop(real, {})
}

/** Live established connections of a VIP that nobody serves, in every way. */
function fill(rig: Rig): void {
  const now = BigInt(rig.clock())
  const state = BigInt(State.TCP_ESTABLISHED) << BigInt(ConnBits.CONN_STATE_SHIFT)
  const word = (FOREIGN_VIP << BigInt(ConnBits.CONN_VIP_SHIFT)) | state | now
  for (const [name, bytes] of [
    ['conns4', Conn4_SIZE],
    ['conns6', Conn6_SIZE],
  ] as const) {
    const view = rig.memory(name)
    for (let at = 0; at + bytes <= view.byteLength; at += bytes) view.setBigUint64(at + bytes - 8, word, true)
  }
}
