// SPDX-License-Identifier: Apache-2.0
// An operator sees packets as they come and what becomes of each, in a terminal and in Wireshark; and when it is over,
// however it ends, packets pay nothing any more.
import { existsSync } from 'node:fs'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { openMap } from 'libbpf-ts'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { Settings_OFFSETS } from '../../src/abi/generated.js'
import type { TraceRecord } from '../../src/api/contract-sight.js'
import {
  buildTopology,
  type Director,
  loadToEnd,
  type Running,
  serve,
  startDirector,
  type Topology,
} from '../lab/index.js'
import { until } from '../lab/until.js'

const VIP = '192.0.2.10'
const WEB = `tcp ${VIP}:80`
const PROGRAM = fileURLToPath(new URL('../../bin/xlvs', import.meta.url))
const REAL = /192\.0\.2\.2[12]/

let topology: Topology
let director: Director
let settings: DataView

beforeAll(async () => {
  topology = await buildTopology({ reals: 2 })
  await Promise.all(topology.reals.map((real) => serve(topology.lab, real)))
  director = await startDirector(
    topology,
    `interfaces: [eth0]\nservices: [{vip: "${VIP}:80", scheduler: rr, reals: [192.0.2.21, 192.0.2.22]}]\n`,
  )
  const map = openMap(join(topology.lab.pinRoot, 'maps', 'settings'))
  settings = new DataView(map.mmap())
  map.close()
})
afterAll(() => topology?.lab.close())

const isOn = () => settings.getUint32(Settings_OFFSETS.trace, true) === 1
const isOff = () => !isOn()

/** From ports that were never used: each is a connection that nobody knows. */
let port = 20_000
async function ask(requests: number): Promise<void> {
  const ports = [port, port + requests - 1] as const
  port += requests
  const url = `http://${VIP}/`
  const report = await loadToEnd(topology.lab, topology.clients[0], url, { requests, concurrency: 1, ports })
  expect(report).toMatchObject({ done: requests, failed: 0 })
}

/** Runs, and packets are looked at. */
async function started(argv: readonly string[]): Promise<Running> {
  const running = topology.lab.start(topology.director.namespace, argv, director.env)
  await until('a trace that has begun', () => {
    if (running.ended() !== undefined) throw new Error(`it ended: ${running.stderr()}`)
    return isOn()
  })
  return running
}
const trace = (...words: string[]) => started([process.execPath, PROGRAM, 'trace', ...words])

const linesOf = (running: Running) => running.stdout().trimEnd().split('\n')
const tshark = (path: string, field: string) =>
  topology.lab.must(undefined, ['tshark', '-n', '-r', path, '-T', 'fields', '-e', field], {
    timeoutMs: 60_000,
  })

describe('a trace', () => {
  it('shows each packet in a line, ends after its count, and is off then', async () => {
    const running = await trace(`${VIP}:80`, 'reason', 'forward_new', '--count', '4')
    await ask(4)
    expect(await running.exited).toBe(0)
    const packet = `${topology.clients[0].ipv4}:\\d+ > ${VIP}:80 tcp S[EW]*, \\d+ bytes`
    const line = new RegExp(`^\\d\\d:\\d\\d:\\d\\d\\.\\d{6} eth0 ${packet}  forward_new -> ${REAL.source}$`)
    for (const one of linesOf(running)) expect(one).toMatch(line)
    expect(linesOf(running)).toHaveLength(4)
    expect(running.stderr()).toBe('4 records, 0 limited, 0 lost\n')
    expect(isOff()).toBe(true)
  })

  it('is JSON for programs, one object a line', async () => {
    const running = await trace('real', '192.0.2.21', '--count', '2', '--json')
    await ask(2)
    expect(await running.exited).toBe(0)
    const lines = linesOf(running).map((line) => JSON.parse(line) as TraceRecord)
    expect(lines).toHaveLength(3)
    expect(lines[0]).toMatchObject({
      interface: 'eth0',
      action: 'tx',
      service: WEB,
      real: `${WEB} > 192.0.2.21`,
    })
    expect(lines[2]).toEqual({ lost: 0, limited: 0 })
  })

  it('is pcap-ng that tshark reads while it comes, with the reason as comment', async () => {
    const file = join(topology.lab.folder, 'live.pcapng')
    const pipe = `"$0" "$1" trace -w - reason forward_new --count 3 | tee "$2" | tshark -n -l -r - -T fields -e frame.comment`
    const running = await started(['sh', '-c', pipe, process.execPath, PROGRAM, file])
    await ask(3)
    expect(await running.exited).toBe(0)
    const comment = new RegExp(`^forward_new -> ${REAL.source}, ${WEB}$`)
    expect(linesOf(running)).toHaveLength(3)
    for (const line of linesOf(running)) expect(line).toMatch(comment)
    expect((await tshark(file, 'frame.interface_name')).trim().split('\n')).toEqual(['eth0', 'eth0', 'eth0'])
  })

  it('that Ctrl-C ends has in its file all that came, and says how many', async () => {
    const file = join(topology.lab.folder, 'ended.pcapng')
    const running = await trace('reason', 'forward_new', '--write', file)
    await ask(5)
    expect(await running.stop('SIGINT', 20_000)).toBe(0)
    expect(running.stderr()).toBe('5 records, 0 limited, 0 lost\n')
    expect((await tshark(file, 'tcp.dstport')).trim().split('\n')).toEqual(['80', '80', '80', '80', '80'])
    expect(isOff()).toBe(true)
  })

  it('is the only one: the next is refused and leaves nothing behind; whoever wants to may end it', async () => {
    const running = await trace('client', topology.clients[0].ipv4, 'port', '80')
    const file = join(topology.lab.folder, 'refused.pcapng')
    const refused = await director.xlvs('trace', 'udp', '192.0.2.10:53', '-w', file)
    expect(refused).toMatchObject({ code: 1, stdout: '' })
    expect(refused.stderr).toMatch(
      /^somebody traces already, since \S+Z: client \S+ port 80; wait for the end of that/,
    )
    expect(existsSync(file)).toBe(false)
    expect(isOn()).toBe(true)
    expect(await director.xlvs('trace', '--stop')).toMatchObject({ code: 0, stdout: 'the trace is ended\n' })
    expect(await running.exited).toBe(0)
    expect(isOff()).toBe(true)
    expect(await director.xlvs('trace', '--stop')).toMatchObject({ code: 0, stdout: 'nobody traced\n' })
  })

  it('of what is not there is refused', async () => {
    const refused = await director.xlvs('trace', 'service', '192.0.2.10:81')
    const stderr = `there is no service "tcp 192.0.2.10:81"; use ${WEB}\n`
    expect(refused).toMatchObject({ code: 1, stdout: '', stderr })
    expect((await director.xlvs('trace', 'iface', 'eth9')).stderr).toBe(
      'filter: xlvs is not attached to eth9; use eth0\n',
    )
    expect(isOff()).toBe(true)
  })
})

describe('nobody pays for a trace', () => {
  it('whose reader was killed', async () => {
    const running = await trace()
    await running.stop('SIGKILL')
    await until('an end of the trace', isOff)
  })

  it('whose reader has seen enough', async () => {
    const pipe = '"$0" "$1" trace port 80 | head -n 1'
    const running = await started(['sh', '-c', pipe, process.execPath, PROGRAM])
    await until('an end of the trace', async () => {
      await ask(1)
      return isOff()
    })
    expect(await running.exited).toBe(0)
    expect(linesOf(running)).toHaveLength(1)
    expect(running.stderr()).toBe('')
  })

  it('whose daemon was stopped', async () => {
    const running = await trace('port', '80')
    expect(await director.daemon().stop('SIGTERM', 20_000)).toBe(0)
    expect(isOff()).toBe(true)
    expect(await running.exited).toBe(0)
    await director.restart()
  })

  it('whose daemon was killed, once the next one has begun; and that one can trace', async () => {
    const running = await trace('port', '80')
    await director.daemon().stop('SIGKILL')
    expect(await running.exited).toBe(1)
    expect(running.stderr()).toContain('the daemon went away, and the trace ended; see: xlvs status')
    expect(isOn()).toBe(true)
    await ask(2)
    await director.restart()
    expect(isOff()).toBe(true)
    const again = await trace('reason', 'forward_new', '--count', '1')
    await ask(1)
    expect(await again.exited).toBe(0)
  })
})
