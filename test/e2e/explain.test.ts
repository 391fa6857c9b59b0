// SPDX-License-Identifier: Apache-2.0
// What is explained is what then happens: a real client's connection goes where it was said, and asking changed nothing.
import { writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import type { Listing, ReasonRow } from '../../src/api/contract.js'
import type { Explanation } from '../../src/api/contract-sight.js'
import { askNew } from '../lab/flows.js'
import { buildTopology, type Director, serve, startDirector, type Topology } from '../lab/index.js'
import { until } from '../lab/until.js'
import { frame, tcp, udp } from '../packets/frames.js'
import { pcap } from '../unit/pcap/captures.js'

const VIP = '192.0.2.10'
const WEB = `${VIP}:80`
const REALS = ['192.0.2.21', '192.0.2.22'] as const

let topology: Topology
let director: Director

beforeAll(async () => {
  topology = await buildTopology({ reals: 2 })
  const { lab, reals } = topology
  await Promise.all(reals.map((real) => serve(lab, real)))
  director = await startDirector(
    topology,
    `interfaces: [eth0]
limits: {connections: 4096, templates: 1024}
services:
  - {vip: "${WEB}", scheduler: wrr, reals: [{address: ${REALS[0]}, weight: 2}, ${REALS[1]}]}
`,
  )
  await until('both next hops are found', async () => {
    const outcomes = await Promise.all(REALS.map((real) => explain('--what-if', `down=${real}`)))
    return outcomes.every(({ reason }) => reason === 'forward_new')
  })
})
afterAll(() => topology?.lab.close())

const client = () => topology.clients[0]
const explain = (...words: readonly string[]) =>
  director.json<Explanation>('explain', client().ipv4, WEB, ...words)
/** Counts of connections that end meanwhile are not in it. */
const whom = ({ reason, real, runnerUp, macs }: Explanation) => ({ reason, real, runnerUp, macs })
const nameOf = (real: string | undefined) => real?.split(' > ')[1]
/** What each real server is called in its answers. */
const serverOf = (real: string | undefined) =>
  topology.reals[REALS.indexOf(nameOf(real) as (typeof REALS)[number])]?.role

describe('xlvs explain', () => {
  it('says where connections go, one after the other, and whom they would go to otherwise', async () => {
    for (let i = 0; i < 4; i++) {
      const [said, again] = [await explain(), await explain()]
      expect(whom(again)).toEqual(whom(said))
      expect(said).toMatchObject({ reason: 'forward_new', action: 'tx' })
      const down = await explain('--what-if', `down=${nameOf(said.real)}`)
      expect(down.real).toBe(said.runnerUp)
      expect(down.real).not.toBe(said.real)
      const [answered] = await askNew(topology.lab, client(), `http://${WEB}/`, 1)
      expect(answered).toBe(serverOf(said.real))
    }
  })

  it('tells the whole way in words, with the candidates', async () => {
    const { stdout, code } = await director.xlvs('explain', `${client().ipv4}:50000`, WEB)
    expect(code).toBe(0)
    const titles = stdout.split('\n').map((line) => line.slice(0, 12).trim())
    expect(titles.filter((title) => title !== '')).toEqual([
      'interface',
      'packet',
      'vip',
      'connection',
      'service',
      'scheduler',
      'real',
      'nexthop',
      'verdict',
    ])
    expect(stdout).toContain(`tcp SYN ${client().ipv4}:50000 -> ${WEB}, 54 bytes`)
    expect(stdout).toMatch(/wrr: pick \d of 3 -> 192\.0\.2\.2\d; without it 192\.0\.2\.2\d/)
    expect(stdout).toMatch(/REAL +WEIGHT +ACTIVE +INACTIVE/)
    expect(stdout).toMatch(/verdict +forward_new, XDP_TX: from [0-9a-f:]{17} to [0-9a-f:]{17}\n/)
  })

  it('changes no count: nobody has seen these packets', async () => {
    const count = async () => (await director.json<Listing<ReasonRow>>('show', 'reasons')).rows
    const of = (rows: readonly ReasonRow[], name: string) =>
      rows.find(({ reason }) => reason === name)?.packets
    const before = await count()
    for (let i = 0; i < 5; i++) await director.xlvs('explain', client().ipv4, `${VIP}:81`)
    await director.xlvs('explain', client().ipv4, WEB, '--flags', 'ack')
    const after = await count()
    for (const name of ['forward_new', 'pass_no_service', 'pass_no_conn'])
      expect(of(after, name)).toBe(of(before, name))
  })

  it('explains each packet of a capture, and one of them in full', async () => {
    const to = { src: client().ipv4, dst: VIP }
    const file = join(topology.lab.folder, 'a.pcap')
    const frames = [tcp(1000, 80, 'S'), tcp(1000, 80, 'A'), udp(1000, 53)].map((payload) =>
      frame({ ...to, payload }),
    )
    writeFileSync(file, pcap(frames))
    const all = await director.xlvs('explain', '--pcap', file)
    expect(
      all.stdout
        .trim()
        .split('\n')
        .slice(1)
        .map((line) => line.trim().split(/\s+/)[1]),
    ).toEqual(['forward_new', 'pass_no_conn', 'pass_no_service'])
    const one = await director.xlvs('explain', '--pcap', file, '--packet', '3')
    expect(one.stdout).toContain(`no service of ${VIP} takes udp port 53`)
    expect(one.stdout).toContain('it came to 02:00:00:00:00:fe, taken as if to')
  })

  it.each([
    [1, ['198.51.100.9', '192.0.2.99:80'], /192\.0\.2\.99 is no VIP of this director/],
    [1, ['198.51.100.9', WEB, '--iface', 'eth9'], /not attached to an interface eth9; use eth0/],
    [1, ['198.51.100.9', WEB, '--what-if', 'down=192.0.2.99'], /no service has a real server 192\.0\.2\.99/],
    [1, ['--pcap', '/etc/hostname'], /no capture: neither pcap nor pcap-ng/],
    [1, ['--pcap', '/nowhere/a.pcap'], /there is no such file/],
    [2, ['2001:db8::9', WEB], /2001:db8::9 is IPv6 and 192\.0\.2\.10 is IPv4/],
    [2, ['198.51.100.9', VIP], /"192\.0\.2\.10" has no port/],
    [2, ['198.51.100.9', WEB, '--proto', 'icmp'], /unknown protocol "icmp"/],
    [2, ['198.51.100.9', WEB, '--what-if', 'up=192.0.2.21'], /"up=192\.0\.2\.21" is not understood/],
    [2, ['198.51.100.9'], /which packet is not said/],
  ])('wrong words end with %i and one sentence: %j', async (code, words, sentence) => {
    const outcome = await director.xlvs('explain', ...words)
    expect(outcome).toMatchObject({ code, stdout: '' })
    expect(outcome.stderr).toMatch(sentence)
    expect(outcome.stderr.trim().split('\n')).toHaveLength(1)
  })
})
