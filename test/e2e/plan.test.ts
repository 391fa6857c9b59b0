// SPDX-License-Identifier: Apache-2.0
// What a plan says of live connections is what a reload of that file does to them: those it calls broken end, all
// others go on; and planning itself changes nothing.
import { writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import type { ConnRow } from '../../src/api/contract.js'
import type { Preview } from '../../src/model/preview.js'
import { type Held, type HeldReport, hold } from '../lab/flows.js'
import { buildTopology, type Director, serve, startDirector, type Topology } from '../lab/index.js'
import { until } from '../lab/until.js'
import { rows } from '../lab/view.js'

const SERVICE = '192.0.2.10:80'
const SERVICE6 = '[2001:db8::10]:80'
const FLOWS = 6
const HEAD = 'interfaces: [eth0]\nlimits: {connections: 4096, templates: 1024}\nservices:\n'

let topology: Topology
let director: Director
let held: readonly Held[]

const of4 = (scheduler: string, reals: string) =>
  `  - {vip: "${SERVICE}", scheduler: ${scheduler}, reals: [${reals}]}\n`
const of6 = (reals: string) => `  - {vip: "${SERVICE6}", scheduler: rr, reals: [${reals}]}\n`
const ALL6 = '"2001:db8::21", "2001:db8::22", "2001:db8::23"'
/** Stays: without any service of IPv6 what is left of its connections would meet the host's own TCP. */
const OTHER6 = '  - {vip: "[2001:db8::10]:443", reals: ["2001:db8::21"]}\n'
const BEFORE = HEAD + OTHER6 + of4('rr', '192.0.2.21, 192.0.2.22, 192.0.2.23') + of6(ALL6)
/** IPv4: web1 goes, web2 gets another weight, one that nobody is comes; the one of IPv6 goes whole. */
const AFTER = HEAD + OTHER6 + of4('wrr', '{address: 192.0.2.22, weight: 3}, 192.0.2.23, 192.0.2.99')

beforeAll(async () => {
  topology = await buildTopology({ reals: 3 })
  const { lab, reals, clients } = topology
  await Promise.all(reals.map((real) => serve(lab, real)))
  director = await startDirector(topology, BEFORE)
  held = await Promise.all(
    [SERVICE, SERVICE6].map((service) => hold(lab, clients[0], `http://${service}/`, { flows: FLOWS })),
  )
})
afterAll(() => topology?.lab.close())

function fileOf(text: string): string {
  const path = join(topology.lab.folder, 'new.yaml')
  writeFileSync(path, text)
  return path
}

const planOf = (text: string, ...words: string[]) => director.xlvs('plan', '-c', fileOf(text), ...words)
const stateOf = async () =>
  Promise.all(['desired', 'effective', 'actual', 'diff'].map((stage) => director.xlvs('show', stage)))

/** How many of the connections of a report end when these servers are gone. */
const on = (report: HeldReport, ...names: readonly string[]) =>
  report.names.filter((name) => names.includes(name)).length

describe('a plan', () => {
  it('of the file in force changes nothing and says so', async () => {
    for (const words of [[], ['-c', fileOf(BEFORE)]])
      expect(await director.xlvs('plan', ...words)).toMatchObject({
        code: 0,
        stdout: 'nothing would change\n',
      })
  })

  it('of a wrong file is refused with the sentences of check, without and with JSON', async () => {
    const file = fileOf(`${HEAD}  - {vip: "${SERVICE}", reals: [{address: 192.0.2.21, weight: -1}], x: 1}\n`)
    for (const json of [[], ['--json']]) {
      const [planned, checked] = [
        await director.xlvs('plan', '-c', file, ...json),
        await director.xlvs('check', file, ...json),
      ]
      expect(checked.code).toBe(1)
      expect(planned).toMatchObject({ code: 1, stdout: checked.stdout, stderr: checked.stderr })
    }
  })

  it('of weights and a new scheduler is harmless', async () => {
    const weighed = '192.0.2.21, {address: 192.0.2.22, weight: 0}, 192.0.2.23'
    const { code, stdout } = await planOf(HEAD + OTHER6 + of4('wrr', weighed) + of6(ALL6))
    expect(code).toBe(0)
    expect(stdout).toBe(`~ tcp 192.0.2.10:80
    scheduler rr → wrr
    ~ 192.0.2.22  weight 1 → 0, 2 live connections stay
    33 % of its picks move
    6 live connections: 2 touched, 0 broken
harmless: 1 service would change; of 12 live connections 2 touched, 0 broken
`)
  })

  it('names what was set at run time and would end, and what clashes', async () => {
    await director.json('set', 'real', SERVICE, '192.0.2.23', '--weight', '7')
    const { code, stdout } = await director.xlvs('plan')
    expect(code).toBe(0)
    expect(stdout).toContain('    ~ 192.0.2.23  weight 7 → 1, 2 live connections stay\n')
    expect(stdout).toContain(
      'ends: weight 7 of tcp 192.0.2.10:80 > 192.0.2.23, set at run time until a reload\n',
    )
    await director.json('reload')
    await director.json('add', 'service', '192.0.2.11:80', '--to', '192.0.2.21')
    const clash = await planOf(HEAD + OTHER6 + of4('rr', '192.0.2.11'))
    expect(clash).toMatchObject({ code: 1, stdout: '' })
    expect(clash.stderr).toContain('remove it first: xlvs remove service 192.0.2.11:80')
    await director.json('remove', 'service', '192.0.2.11:80')
  })

  it('foretells the idle connections that a shorter timeout ends', async () => {
    const [lab, client] = [topology.lab, topology.clients[0]]
    const idle = await hold(lab, client, `http://${SERVICE}/`, { flows: 3, every: 3_600_000 })
    const shorter = `timeouts: {tcp: 5}\n${BEFORE}`
    const preview = await until('three are idle for long enough', async () => {
      const { connections, verdict } = JSON.parse((await planOf(shorter, '--json')).stdout) as Preview
      return connections.outlived === 3 && { connections, verdict }
    })
    expect(preview).toEqual({
      verdict: 'breaks',
      connections: { live: 2 * FLOWS + 3, touched: 0, broken: 0, outlived: 3 },
    })
    expect(await rows<ConnRow>(director, 'conns')).toHaveLength(2 * FLOWS + 3)
    director.writeFile(shorter)
    await director.json('reload')
    expect(await rows<ConnRow>(director, 'conns')).toHaveLength(2 * FLOWS)
    await idle.close()
  })

  it('breaks exactly the connections that a reload ends, and changes nothing itself', async () => {
    const before = await stateOf()
    const planned = await planOf(AFTER, '--json')
    expect(planned.code).toBe(3)
    const preview = JSON.parse(planned.stdout) as Preview
    expect((await planOf(AFTER)).stdout.trimEnd().split('\n').at(-1)).toMatch(
      /^breaks connections: 2 services would change; of 12 live connections 2 touched, 8 broken$/,
    )
    expect((await stateOf()).map(({ stdout }) => stdout)).toEqual(before.map(({ stdout }) => stdout))
    expect(preview.unresolved.map(({ address }) => address)).toEqual(['192.0.2.99'])

    const reports = held.map((one) => one.latest())
    const [web, web6] = reports as [HeldReport, HeldReport]
    expect(preview.connections).toEqual({
      live: 2 * FLOWS,
      touched: on(web, 'web2'),
      broken: on(web, 'web1') + on(web6, 'web1', 'web2', 'web3'),
      outlived: 0,
    })
    director.writeFile(AFTER)
    await director.json('reload')
    const failed = () => held.map((one) => one.latest().failed)
    await until('the broken ones are missed', () => {
      const [missed = 0, missed6 = 0] = failed()
      return missed + missed6 >= preview.connections.broken
    })
    // a question that is not answered fails after five seconds, all those of one moment together
    await held[0]?.goOn()
    expect(failed()).toEqual([on(web, 'web1'), on(web6, 'web1', 'web2', 'web3')])
  })
})
