// SPDX-License-Identifier: Apache-2.0
// Four directors, each in a namespace with one veth to the client: one drops, one swaps MACs, one is xlvs as it is
// installed, one the kernel's IPVS. The last two have the same addresses, neighbours and service.
import { execFileSync, spawn } from 'node:child_process'
import { once } from 'node:events'
import { writeFileSync } from 'node:fs'
import type { Rig } from './guest-rig.js'
import { CASES, type Case, CLIENT_MAC, DIRECTOR_MAC, PORT, REALS, VIP } from './plan.js'

const XLVS = '/xlvs/bin/xlvs'
const CONFIG = '/xlvs.yaml'

export function linkOf(director: Case): string {
  return `c-${director}`
}

export async function buildDirectors(rig: Rig): Promise<void> {
  const programs = { stop: rig.pin('stop'), swap: rig.pin('swap'), ipvs: rig.pin('pass'), xlvs: undefined }
  const sink = rig.pin('sink')
  for (const director of CASES) {
    wire(director, programs[director], sink)
    if (director === 'xlvs' || director === 'ipvs') address(director)
  }
  serveByIpvs()
  await serveByXlvs()
}

function wire(director: Case, program: string | undefined, sink: string): void {
  const link = linkOf(director)
  run('ip', 'netns', 'add', director)
  run('ip', 'link', 'add', link, 'address', CLIENT_MAC, 'type', 'veth', 'peer', 'name', 'd0')
  run('ip', 'link', 'set', 'd0', 'address', DIRECTOR_MAC, 'netns', director)
  run('ip', 'link', 'set', link, 'up')
  within(director, 'ip', 'link', 'set', 'd0', 'up')
  run('ip', 'link', 'set', link, 'xdpdrv', 'pinned', sink)
  if (program !== undefined) within(director, 'ip', 'link', 'set', 'd0', 'xdpdrv', 'pinned', program)
}

function address(director: Case): void {
  within(director, 'ip', 'link', 'set', 'lo', 'up')
  within(director, 'ip', 'address', 'add', '192.0.2.1/24', 'dev', 'd0')
  within(director, 'ip', 'address', 'add', `${VIP}/32`, 'dev', 'd0')
  within(director, 'ip', 'route', 'add', 'default', 'via', '192.0.2.254')
  const neighbours = [...REALS, { address: '192.0.2.254', mac: CLIENT_MAC }]
  for (const { address, mac } of neighbours)
    within(director, 'ip', 'neigh', 'replace', address, 'lladdr', mac, 'dev', 'd0', 'nud', 'permanent')
}

function serveByIpvs(): void {
  const service = `${VIP}:${PORT}`
  within('ipvs', 'ipvsadm', '-A', '-u', service, '-s', 'wrr')
  for (const { address, weight } of REALS)
    within('ipvs', 'ipvsadm', '-a', '-u', service, '-r', address, '-g', '-w', `${weight}`)
}

/** The daemon sets up the datapath and ends: what it pinned forwards on, and nothing but packets takes time. */
async function serveByXlvs(): Promise<void> {
  const reals = REALS.map(({ address, weight }) => `      - { address: ${address}, weight: ${weight} }\n`)
  const service = `  - vip: ${VIP}:${PORT}\n    protocol: udp\n    scheduler: wrr\n    reals:\n${reals.join('')}`
  writeFileSync(CONFIG, `interfaces: [{ name: d0, mode: native }]\nservices:\n${service}`)
  const command = ['--net=/run/netns/xlvs', process.execPath, XLVS, 'run', '-c', CONFIG]
  const daemon = spawn('nsenter', command, { stdio: ['ignore', 'pipe', 'pipe'] })
  let said = ''
  daemon.stderr.on('data', (text) => {
    said += text
  })
  // its greeting: it is in service
  daemon.stdout.once('data', () => daemon.kill('SIGTERM'))
  const [code] = await once(daemon, 'close')
  if (code !== 0) throw new Error(`xlvs does not start: ${said}`)
}

function within(director: Case, ...words: readonly string[]): string {
  return run('nsenter', `--net=/run/netns/${director}`, ...words)
}

function run(program: string, ...args: readonly string[]): string {
  return execFileSync(program, args, { encoding: 'utf8', stdio: ['ignore', 'pipe', 'pipe'] })
}
