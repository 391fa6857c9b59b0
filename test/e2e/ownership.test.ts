// SPDX-License-Identifier: Apache-2.0
// The file and the requests do not fight: each keeps what is its own, over reloads, restarts and kill -9, and where
// they meet the file's word wins and the answer says so.
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import type { Change, ServiceRow } from '../../src/api/contract.js'
import type { MarkRule } from '../../src/model/types.js'
import { buildTopology, type Director, startDirector, type Topology } from '../lab/index.js'
import { realsOf, rows } from '../lab/view.js'

const WEB = '192.0.2.10:80'
const HEAD = 'interfaces: [eth0]\nlimits: {connections: 4096, templates: 1024}\nservices:\n'
const OWN = `  - {vip: "${WEB}", scheduler: wrr, reals: [192.0.2.21, {address: 192.0.2.22, weight: 2}]}\n`
const FILE = HEAD + OWN

let topology: Topology
let director: Director

beforeAll(async () => {
  topology = await buildTopology({ reals: 2 })
  director = await startDirector(topology, FILE)
})
afterAll(() => topology?.lab.close())

const owners = async () =>
  Object.fromEntries(
    (await rows<ServiceRow>(director, 'services')).map(({ service, owner }) => [service, owner]),
  )
const weights = async (service: string) =>
  Object.fromEntries((await realsOf(director, service)).map((real) => [real.address, real.effectiveWeight]))
const interfaces = async () => (await rows<{ name: string }>(director, 'interfaces')).map(({ name }) => name)
const marks = async () =>
  (await rows<MarkRule>(director, 'marks')).map(({ ports, owner }) => [ports[0]?.[0], owner])
const reload = async (text = FILE) => {
  director.writeFile(text)
  return director.json<Change>('reload')
}
const restart = async () => {
  await director.daemon().stop('SIGKILL')
  await director.restart()
}

async function refused(...words: readonly string[]): Promise<string> {
  const { code, stderr } = await director.xlvs(...words)
  expect(code).toBe(1)
  return stderr.trim()
}

describe('a service of the file', () => {
  it('is changed by the file alone, and says so', async () => {
    const sentence = `tcp ${WEB} is in the file; edit the file, then: xlvs reload`
    expect(await refused('set', 'service', WEB, '--scheduler', 'rr')).toBe(sentence)
    expect(await refused('add', 'real', WEB, '192.0.2.29')).toBe(sentence)
    expect(await refused('remove', 'real', WEB, '192.0.2.21')).toBe(sentence)
    expect(await refused('remove', 'service', WEB)).toBe(sentence)
    expect(await refused('set', 'real', WEB, '192.0.2.21', '--upper', '9')).toBe(sentence)
    expect(await refused('add', 'service', WEB, '--to', '192.0.2.21')).toContain(`tcp ${WEB}`)
    expect(await weights(WEB)).toEqual({ '192.0.2.21': 1, '192.0.2.22': 2 })
  })

  it('takes a weight as an override, which a restart keeps and a reload ends', async () => {
    const { notices } = await director.json<Change>('set', 'real', WEB, '192.0.2.21', '--weight', '7')
    expect(notices.join()).toContain('lasts until reload')
    await restart()
    expect(await weights(WEB)).toEqual({ '192.0.2.21': 7, '192.0.2.22': 2 })
    expect((await director.xlvs('plan')).stdout).toContain(`ends: weight 7 of tcp ${WEB} > 192.0.2.21`)
    await reload()
    expect(await weights(WEB)).toEqual({ '192.0.2.21': 1, '192.0.2.22': 2 })
  })

  it('whose real server left the file while the daemon was away has no override any more', async () => {
    await director.json('set', 'real', WEB, '192.0.2.22', '--weight', '7')
    director.writeFile(`${HEAD}  - {vip: "${WEB}", scheduler: wrr, reals: [192.0.2.21]}\n`)
    await restart()
    expect(await weights(WEB)).toEqual({ '192.0.2.21': 1 })
    await reload()
    expect(await weights(WEB)).toEqual({ '192.0.2.21': 1, '192.0.2.22': 2 })
  })
})

describe('a service that was added by request', () => {
  it('is left alone by reloads and restarts, whatever happens to the file', async () => {
    await director.json('add', 'service', '192.0.2.11:80', '--to', '192.0.2.21=3', '--scheduler', 'wrr')
    await reload(`${HEAD}${OWN.replace('wrr', 'rr')}`)
    await restart()
    await reload(`${HEAD.trimEnd()} []\n`)
    expect(await owners()).toEqual({ 'tcp 192.0.2.11:80': 'api' })
    expect(await weights('192.0.2.11:80')).toEqual({ '192.0.2.21': 3 })
    await director.json('set', 'real', '192.0.2.11:80', '192.0.2.21', '--weight', '4')
    await reload()
    await restart()
    expect(await weights('192.0.2.11:80')).toEqual({ '192.0.2.21': 4 })
    expect(await owners()).toEqual({ [`tcp ${WEB}`]: 'file', 'tcp 192.0.2.11:80': 'api' })
  })

  it("that the file names later becomes the file's, and the answer says so", async () => {
    const { notices } = await reload(`${FILE}  - {vip: "192.0.2.11:80", reals: [192.0.2.22]}\n`)
    expect(notices).toEqual([
      'tcp 192.0.2.11:80 is in the file now; what was added at run time is replaced by it',
    ])
    expect(await owners()).toEqual({ [`tcp ${WEB}`]: 'file', 'tcp 192.0.2.11:80': 'file' })
    expect(await weights('192.0.2.11:80')).toEqual({ '192.0.2.22': 1 })
    await reload()
    expect(await owners()).toEqual({ [`tcp ${WEB}`]: 'file' })
  })

  it('that would clash with a new file refuses the reload, and names the command that makes way', async () => {
    await director.json('add', 'service', '192.0.2.11:80', '--to', '192.0.2.21')
    director.writeFile(`${HEAD}  - {vip: "${WEB}", reals: [192.0.2.11]}\n`)
    const said = await refused('reload')
    expect(said).toContain('tcp 192.0.2.11:80, added at run time, does not fit the new file')
    expect(said).toContain('remove it first: xlvs remove service 192.0.2.11:80')
    expect(await owners()).toEqual({ [`tcp ${WEB}`]: 'file', 'tcp 192.0.2.11:80': 'api' })
  })

  it('and clashes with the file at a start is left out, named, and does not keep the daemon from starting', async () => {
    await restart()
    expect(director.daemon().stderr()).toContain(
      'tcp 192.0.2.11:80, added at run time, does not fit the file and was left out',
    )
    expect(await owners()).toEqual({ [`tcp ${WEB}`]: 'file' })
    await reload()
  })

  it('is taken away by flush only when the file owns nothing', async () => {
    await director.json('add', 'service', '192.0.2.11:80', '--to', '192.0.2.21')
    const flushed = await topology.lab.run(topology.director.namespace, [
      'curl',
      '-sS',
      '-X',
      'DELETE',
      '--unix-socket',
      director.env['XLVS_SOCKET'] ?? '',
      'http://xlvs/v1/services',
    ])
    expect(flushed.stdout).toContain('"of-the-file"')
    expect(Object.keys(await owners())).toHaveLength(2)
    await director.json('remove', 'service', '192.0.2.11:80')
  })
})

describe('marks, settings and interfaces', () => {
  it('of the file and of requests stand side by side', async () => {
    const mine = `marks:\n  - {vip: 192.0.2.10, protocol: tcp, ports: 443, mark: 6}\n`
    await reload(FILE + mine)
    await director.json('mark', 'add', '--vip', '192.0.2.10', '--ports', '8080', '--set-mark', '6')
    expect(await refused('mark', 'remove', '--vip', '192.0.2.10', '--ports', '443')).toContain(
      'is in the file',
    )
    await restart()
    await reload(FILE + mine)
    expect(await marks()).toEqual([
      [443, 'file'],
      [8080, 'api'],
    ])
    await reload()
    expect(await marks()).toEqual([[8080, 'api']])
    await director.json('mark', 'remove', '--vip', '192.0.2.10', '--ports', '8080')
  })

  it('timeouts and tunables that were set last over restarts, until the file is read again', async () => {
    await director.json('set', 'timeouts', '--tcp', '77')
    await director.json('tune', 'sloppy_tcp=1')
    await restart()
    const effective = () =>
      director.json<{ timeouts: { tcp: number }; tunables: { sloppy_tcp: number } }>('show', 'effective')
    expect(await effective()).toMatchObject({ timeouts: { tcp: 77 }, tunables: { sloppy_tcp: 1 } })
    await reload()
    expect(await effective()).toMatchObject({ timeouts: { tcp: 900 }, tunables: { sloppy_tcp: 0 } })
  })

  it('an interface of the file that was detached stays so over a restart, and comes back with a reload', async () => {
    await director.json('detach', 'eth0')
    await restart()
    expect(await interfaces()).toEqual([])
    await reload()
    expect(await interfaces()).toEqual(['eth0'])
  })

  it('an interface of a request stays attached over reloads and restarts, until it is detached', async () => {
    await reload(FILE.replace('[eth0]', '[]'))
    expect(await interfaces()).toEqual([])
    await director.json('attach', 'eth0')
    await reload(FILE.replace('[eth0]', '[]'))
    await restart()
    expect(await interfaces()).toEqual(['eth0'])
    await reload()
    await reload(FILE.replace('[eth0]', '[]'))
    expect(await interfaces()).toEqual([])
  })
})
