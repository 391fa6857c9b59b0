// SPDX-License-Identifier: Apache-2.0
// The systemd unit gives the daemon few capabilities, and they are enough: to start, to serve, to take over, to end.
import { readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import type { Status } from '../../src/api/contract.js'
import { buildTopology, loadToEnd, type Running, serve, type Topology } from '../lab/index.js'

const command = fileURLToPath(new URL('../../bin/xlvs', import.meta.url))
const unit = readFileSync(new URL('../../deploy/xlvs.service', import.meta.url), 'utf8')
const capabilities = (/^CapabilityBoundingSet=(.*)$/m.exec(unit)?.[1] ?? '').toLowerCase().split(' ')

let topology: Topology
let env: Record<string, string>
let file: string

beforeAll(async () => {
  topology = await buildTopology({ reals: 2 })
  const { folder, pinRoot } = topology.lab
  await Promise.all(topology.reals.map((real) => serve(topology.lab, real)))
  env = {
    XLVS_SOCKET: join(folder, 'xlvs.sock'),
    XLVS_PIN_ROOT: pinRoot,
    XLVS_STATE_DIR: join(folder, 'state'),
  }
  file = join(folder, 'lb.yaml')
  writeFileSync(
    file,
    'interfaces: [eth0]\nservices:\n  - {vip: "192.0.2.10:80", scheduler: rr, reals: [192.0.2.21, 192.0.2.22]}\n',
  )
})
afterAll(() => topology?.lab.close())

/** What precedes a program that shall have these capabilities and can get no others. */
function confined(to: readonly string[]): string[] {
  const set = ['-all', ...to.map((name) => `+${name.replace(/^cap_/, '')}`)].join(',')
  return ['setpriv', '--no-new-privs', '--inh-caps=-all', `--bounding-set=${set}`]
}

const xlvs = (...words: string[]) => [process.execPath, command, ...words]

async function startDaemon(): Promise<Running> {
  const argv = [...confined(capabilities), ...xlvs('run', '-c', file)]
  const daemon = topology.lab.start(topology.director.namespace, argv, env)
  await daemon.line(/^xlvs .* is running/)
  return daemon
}

async function ask(...words: string[]) {
  return topology.lab.run(topology.director.namespace, [...confined([]), ...xlvs(...words)], { env })
}

let port = 10_000
async function balanced() {
  const ports = [port, port + 9] as const
  port += 10
  const url = 'http://192.0.2.10/'
  return loadToEnd(topology.lab, topology.clients[0], url, { requests: 10, concurrency: 1, ports })
}

describe('the capabilities of the systemd unit', () => {
  it('let the daemon serve, be killed, take over what stands, reload, and leave it forwarding', async () => {
    const first = await startDaemon()
    expect(await balanced()).toMatchObject({ failed: 0, by: { web1: 5, web2: 5 } })
    await first.stop('SIGKILL')
    expect(await balanced()).toMatchObject({ failed: 0, by: { web1: 5, web2: 5 } })

    const second = await startDaemon()
    const status = JSON.parse((await ask('status', '--json')).stdout) as Status
    expect(status.adopted).toBe(true)
    const reloaded = await ask('reload')
    expect(reloaded).toMatchObject({ code: 0, stderr: '' })
    expect(await balanced()).toMatchObject({ failed: 0, by: { web1: 5, web2: 5 } })
    expect(await second.stop('SIGTERM')).toBe(0)
    expect(await balanced()).toMatchObject({ failed: 0, by: { web1: 5, web2: 5 } })
  })

  it.each(capabilities)(
    'are no more than what is needed: without %s the start is refused by its name',
    async (one) => {
      const others = capabilities.filter((name) => name !== one)
      const argv = [...confined(others), ...xlvs('run', '-c', file)]
      const { code, stderr } = await topology.lab.run(topology.director.namespace, argv, { env })
      expect(code).toBe(1)
      expect(stderr).toMatch(new RegExp(`no permission: ${one.toUpperCase()} needed`))
    },
  )
})
