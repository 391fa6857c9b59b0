// SPDX-License-Identifier: Apache-2.0
// In the director's namespace: frames through the program that is in service, one after the other, and what became of
// each. A flow that is known has to go where it went before.
import { type BpfProgram, interfaceIndex, jiffyNs, openMap, openProgram, xdpContext } from 'libbpf-ts'
import { Iface_SIZE } from '../../src/abi/generated.js'
import { frame, tcp } from '../../test/packets/frames.js'
import { establish, load } from '../subjects.js'
import type { Place } from './documents.js'
import type { Answer, Order, Tally, Where } from './traffic.js'

const TX = 3
/** packets before others have a turn: orders, the daemon's CPU when there is one CPU only */
const KNOWN_AT_ONCE = 128
const FRESH_AT_ONCE = 4
const LOOPBACK = 1
const PORTS = 60_000
const FIRST_PORT = 1024

interface Flow {
  readonly data: Uint8Array
  /** MAC, as text */
  readonly to: string
}

const { pinRoot, device } = JSON.parse(process.argv[2] ?? '') as Where
const ifindex = interfaceIndex(device)
if (ifindex === undefined) throw new Error(`there is no interface ${device} here`)
const length = frameOf({ vip: '192.0.2.1', port: 1 }, '192.0.2.2', 1, 'S').length
const context = xdpContext(length, ifindex)

let program: BpfProgram | undefined
let places: readonly Place[] = []
let flows: readonly Flow[] = []
let sending = false
let next = 0
let begun = 0
let tally: { -readonly [Name in keyof Tally]: Tally[Name] }
silence()

function silence(): void {
  tally = { known: 0, lost: 0, moved: 0, fresh: 0, refused: 0 }
}

/** The one that is pinned now: a daemon may have put another in its place. */
function reopen(): void {
  program?.close()
  program = openProgram(`${pinRoot}/prog`)
}

function frameOf({ vip, port }: Place, client: string, sport: number, flags: string): Uint8Array {
  return frame({ src: client, dst: vip, payload: tcp(sport, port, flags) })
}

/** MAC of the real server it went to; undefined when it was not forwarded. */
function sent(data: Uint8Array): string | undefined {
  const result = (program as BpfProgram).run({ data, context, dataOutSize: data.length })
  return result.returnValue === TX ? Buffer.from(result.data.subarray(0, 6)).toString('hex') : undefined
}

function know(all: readonly Place[], each: number): void {
  reopen()
  places = all
  flows = all.flatMap((place, i) => Array.from({ length: each }, (_, j) => begin(place, i * each + j)))
}

function begin(place: Place, number: number): Flow {
  const client = `172.16.${Math.floor(number / 200) % 256}.${1 + (number % 200)}`
  const port = FIRST_PORT + Math.floor(number / 51_200)
  const data = frameOf(place, client, port, 'A')
  const first = sent(frameOf(place, client, port, 'S'))
  const to = sent(data)
  if (to === undefined || first !== to)
    throw new Error(`a flow of ${place.vip}:${place.port} does not begin: it went to ${first}, then to ${to}`)
  return { data, to }
}

function step(): void {
  if (!sending) return
  for (let i = 0; i < KNOWN_AT_ONCE; i++) judgeKnown(flows[next++ % flows.length] as Flow)
  for (let i = 0; i < FRESH_AT_ONCE; i++) judgeFresh(places[begun % places.length] as Place)
  setImmediate(step)
}

function judgeKnown({ data, to }: Flow): void {
  const went = sent(data)
  tally.known++
  if (went === undefined) tally.lost++
  else if (went !== to) tally.moved++
}

function judgeFresh(place: Place): void {
  const number = begun++
  const client = `172.${20 + Math.floor(number / PORTS / 65_536)}.${(number / PORTS) >> 8}.${(number / PORTS) & 255}`
  tally.fresh++
  if (sent(frameOf(place, client, FIRST_PORT + (number % PORTS), 'S')) === undefined) tally.refused++
}

/** A test run without a context comes from loopback, so loopback is for that long what the director's interface is. */
function fill(all: readonly Place[], each: number): void {
  const memory = memories()
  const ifaces = memory('ifaces')
  const own = new Uint8Array(ifaces.buffer, ifaces.byteOffset)
  const at = (index: number) => index * Iface_SIZE
  own.copyWithin(at(LOOPBACK), at(ifindex as number), at(ifindex as number) + Iface_SIZE)
  const loaded = load({ pinRoot, memory }, jiffyNs(), 'subject')
  try {
    const subject = loaded.program('subject')
    for (const { vip, port } of all)
      establish(subject, { to: vip, port, flows: each, flags: 'syn', expected: 'tx' })
  } finally {
    loaded.close()
    own.fill(0, at(LOOPBACK), at(LOOPBACK) + Iface_SIZE)
  }
}

function memories(): (name: string) => DataView {
  const open = new Map<string, DataView>()
  return (name) => {
    const view = open.get(name) ?? mapped(name)
    open.set(name, view)
    return view
  }
}

function mapped(name: string): DataView {
  const map = openMap(`${pinRoot}/maps/${name}`)
  const view = new DataView(map.mmap({ writable: true }))
  map.close()
  return view
}

function carryOut(order: Order): void {
  if (order.what === 'know') know(order.places, order.flows)
  else if (order.what === 'fill') fill(order.places, order.flows)
  else if (order.what === 'stop') sending = false
  else {
    reopen()
    silence()
    sending = true
    setImmediate(step)
  }
}

process.on('message', (order: Order) => {
  const tell = (answer: Answer) => process.send?.(answer)
  try {
    carryOut(order)
    tell({ ok: true, tally })
  } catch (error) {
    tell({ ok: false, reason: (error as Error).message })
  }
})
process.on('disconnect', () => process.exit(0))
