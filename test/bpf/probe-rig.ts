// SPDX-License-Identifier: Apache-2.0
// The probe programs without a network: their maps, frames by test-run, and sockets of this host for them to find.
import { createSocket } from 'node:dgram'
import { once } from 'node:events'
import { readFileSync } from 'node:fs'
import { type AddressInfo, createServer, Socket } from 'node:net'
import { type BpfProgram, openObject, openSocket, u32 } from 'libbpf-ts'
import { onTestFinished } from 'vitest'
import { addressToBytes, familyOf } from '../../src/abi/address.js'
import { ProbeMark, ProbeTarget_SIZE, writeProbeTarget } from '../../src/abi/generated.js'

const OBJECT = new URL('../../build/bpf/probe.bpf.o', import.meta.url).pathname
const SKB_BYTES = 192
const SKB_MARK = 8
const VERDICTS: Readonly<Record<number, string>> = { 2: 'dropped', 4294967295: 'next' }

export interface Passed {
  /** 'next': whatever filter comes after it decides */
  readonly verdict: string | undefined
  readonly frame: Uint8Array
  readonly mark: number
}

export interface ProbeRig {
  /** Mark of target `index`, addressed to the VIP. */
  target(index: number, vip: string): number
  leave(frame: Uint8Array, mark: number): Passed
  arrive(frame: Uint8Array): Passed
}

export function probeRig(): ProbeRig & { close(): void } {
  const object = openObject(readFileSync(OBJECT)).load()
  const [out, into] = [object.program('xlvs_probe_out'), object.program('xlvs_probe_in')]
  const [targets, vips] = [object.map('probe_targets'), object.map('probe_vips')]
  return {
    target: (index, vip) => {
      const value = new Uint8Array(ProbeTarget_SIZE)
      const family = familyOf(vip) === 4 ? 0 : 1
      writeProbeTarget(new DataView(value.buffer), 0, { vip: addressToBytes(vip), family, used: 1 })
      targets.update(u32(index), value)
      vips.update(addressToBytes(vip), u32(1))
      return ProbeMark.PROBE_MARK + index
    },
    leave: (frame, mark) => run(out, frame, mark),
    arrive: (frame) => run(into, frame, 0),
    close: () => {
      for (const handle of [out, into, targets, vips, object]) handle.close()
    },
  }
}

function run(program: BpfProgram, frame: Uint8Array, mark: number): Passed {
  const context = new Uint8Array(SKB_BYTES)
  new DataView(context.buffer).setUint32(SKB_MARK, mark, true)
  const ran = program.run({ data: frame, context })
  const left = new DataView(ran.context.buffer, ran.context.byteOffset)
  return {
    verdict: VERDICTS[ran.returnValue],
    frame: ran.data,
    mark: left.getUint32(SKB_MARK, true),
  }
}

/** Two ends of this host. */
export interface Ends {
  readonly local: string
  readonly real: string
  readonly localPort: number
  readonly realPort: number
}

export interface Waiting extends Ends {
  close(): Promise<void>
}

const LOCAL = { 4: '127.0.0.1', 6: '::1' } as const
/** Every address of 127/8 is this host's; with IPv6 there is one. */
const REAL = { 4: '127.0.0.2', 6: '::1' } as const

/** A TCP connection of this host with itself, whose socket has the mark. */
export async function waitingTcp(family: 4 | 6, mark: number): Promise<Waiting> {
  const [local, real] = [LOCAL[family], REAL[family]]
  const server = createServer((socket) => socket.on('error', () => {}).resume()).listen(0, real)
  await once(server, 'listening')
  const realPort = (server.address() as AddressInfo).port
  const options = {
    fd: openSocket({ family, type: 'tcp', mark, bind: { address: local } }),
    manualStart: true,
  }
  const socket = new Socket(options).connect({ host: real, port: realPort })
  await once(socket, 'connect')
  const close = async () => {
    if (socket.destroyed) return
    socket.resetAndDestroy()
    server.close()
    await Promise.all([once(socket, 'close'), once(server, 'close')])
  }
  onTestFinished(close)
  return { local, real, localPort: socket.localPort ?? 0, realPort, close }
}

/** A UDP socket, connected to a port that nobody has. */
export async function waitingUdp(family: 4 | 6, mark: number): Promise<Waiting> {
  const [local, real] = [LOCAL[family], REAL[family]]
  const socket = createSocket(`udp${family}`)
  socket.bind({ fd: openSocket({ family, type: 'udp', mark, bind: { address: local } }), exclusive: true })
  socket.connect(9, real)
  await once(socket, 'connect')
  let open = true
  const close = async () => {
    if (!open) return
    open = false
    socket.close()
    await once(socket, 'close')
  }
  onTestFinished(close)
  return { local, real, localPort: socket.address().port, realPort: 9, close }
}
