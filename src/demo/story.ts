// SPDX-License-Identifier: Apache-2.0
// The demo as a story: balance by weight, change a weight, drain a server, kill the daemon. Nothing may fail on the way.
import { setTimeout as sleep } from 'node:timers/promises'
import { barLines, plainLine, shares, type Weighted } from './bars.js'
import { type Director, startDirector } from './lab/director.js'
import type { Topology } from './lab/topology.js'
import { type Load, load, serve } from './lab/traffic.js'
import type { Canvas } from './paint.js'
import type { Screen } from './screen.js'
import { between, type Report } from './traffic/report.js'

export const SERVICE = '192.0.2.10:80'
const URL = `http://${SERVICE}`
/** a change is in force and what was asked before it is answered after this many ms */
const SETTLED = 300
const DOWNLOADS = 6
const AT_ONCE = 16
/** No port is used twice: a connection that is not over for the director yet would keep its real server, as in IPVS. */
const PORTS = { downloads: [10_000, 10_999], requests: [11_000, 65_535] } as const

export interface Stage {
  readonly topology: Topology
  readonly screen: Screen
  readonly canvas: Canvas
  /** of each of the four acts */
  readonly seconds: number
}

interface Play extends Stage {
  readonly director: Director
  readonly requests: Load
  /** what has been shown to be otherwise than promised */
  readonly broken: string[]
}

interface Act {
  readonly title: string
  readonly reals: readonly Weighted[]
  /** what the operator types */
  readonly words?: readonly string[]
  readonly promise: (report: Report) => { readonly holds: boolean; readonly text: string }
}

/** Plays it to the end; false when anything was not as promised. */
export async function play(stage: Stage): Promise<{ ok: boolean; director: Director }> {
  const { topology, screen } = stage
  const { lab, reals, clients } = topology
  const [client] = clients
  await Promise.all(reals.map((real) => serve(lab, real)))
  const director = await startDirector(topology, configuration(topology))
  await introduce(stage, director)
  const long = 4 * stage.seconds + 4
  const downloads = load(lab, client, `${URL}/bytes/600000?over=${long * 1000}`, {
    requests: DOWNLOADS,
    concurrency: DOWNLOADS,
    ports: PORTS.downloads,
  })
  const requests = load(lab, client, `${URL}/`, { rate: 400, concurrency: AT_ONCE, ports: PORTS.requests })
  const it: Play = { ...stage, director, requests, broken: [] }
  for (const act of acts(topology)) await perform(it, act)
  await killDaemon(it)
  screen.print('', heading(it, 'The sum'))
  const all = await requests.stop()
  judge(it, all.failed === 0, `${all.done} requests, ${all.failed} failed${reasons(all)}`)
  const { done } = await downloads.finished()
  judge(
    it,
    done === DOWNLOADS,
    `${done} of ${DOWNLOADS} downloads of ${long} s, open from the first act on, arrived whole`,
  )
  await showCounters(it, all.done + all.failed + DOWNLOADS)
  return { ok: it.broken.length === 0, director }
}

const THREE: readonly Weighted[] = [
  { name: 'web1', weight: 3 },
  { name: 'web2', weight: 2 },
  { name: 'web3', weight: 1 },
]

function configuration({ reals }: Topology): string {
  const rows = THREE.map(({ name, weight }, i) => {
    return `      - {address: ${reals[i]?.ipv4}, weight: ${weight}, name: ${name}}`
  })
  return `interfaces: [eth0]
services:
  - vip: ${SERVICE}
    scheduler: wrr
    reals:
${rows.join('\n')}
`
}

function acts({ reals }: Topology): Act[] {
  const set = (i: number, weight: number) => {
    return ['set', 'real', SERVICE, reals[i]?.ipv4 ?? '', '--weight', String(weight)]
  }
  const changed = THREE.with(2, { name: 'web3', weight: 5 })
  const drained = changed.with(1, { name: 'web2', weight: 0 })
  return [
    { title: 'Balance by weight', reals: THREE, promise: asWeighed(THREE) },
    { title: 'Change a weight', words: set(2, 5), reals: changed, promise: asWeighed(changed) },
    {
      title: 'Drain a server',
      words: set(1, 0),
      reals: drained,
      promise: ({ by: { web2 = 0 } }) => ({
        holds: web2 === 0,
        text: `web2 got ${web2} new requests; its downloads go on`,
      }),
    },
  ]
}

/** Off by no more than what is under way when the counting starts and ends. */
function asWeighed(reals: readonly Weighted[]): Act['promise'] {
  return ({ by, done }) => {
    const off = Math.max(...shares(reals, by).map(({ got, wanted }) => Math.abs(got - wanted) * done))
    const weights = reals.map(({ weight }) => weight).join(' : ')
    return { holds: done > 0 && off <= AT_ONCE, text: `shares follow the weights ${weights}` }
  }
}

async function introduce({ topology, screen, canvas }: Stage, director: Director): Promise<void> {
  const { rows } = await director.json<{ rows: { name: string; mode: string; programId: number }[] }>(
    'show',
    'interfaces',
  )
  const on = rows.map((row) => `${row.name}: ${row.mode} mode, program ${row.programId}`).join(', ')
  const [a, b, c] = topology.reals.map((real) => `${real.role} ${real.ipv4}`)
  screen.print(
    '',
    `  client ────▶ director ────┬──▶ ${a}`,
    `    ▲       ${canvas.bold(SERVICE)}   ├──▶ ${b}`,
    `    │                       └──▶ ${c}`,
    '    └── answers go straight back ──┘',
    '',
    canvas.dim(`  XDP on ${on}`),
  )
}

async function perform(it: Play, act: Act): Promise<void> {
  it.screen.print('', heading(it, act.title))
  if (act.words) {
    it.screen.print(`  $ xlvs ${act.words.join(' ')}`)
    const { code, stderr } = await it.director.xlvs(...act.words)
    if (code !== 0) judge(it, false, stderr.trim())
  }
  await sleep(SETTLED)
  const report = await watch(it, act.reals)
  const { holds, text } = act.promise(report)
  judge(it, holds, text)
}

/** Draws the shares from now on until the act is over. */
async function watch(it: Play, reals: readonly Weighted[]): Promise<Report> {
  const { screen, canvas, requests } = it
  const before = requests.latest()
  for (let told = 0; ; await sleep(100)) {
    const report = between(before, requests.latest())
    screen.draw(barLines(reals, report, canvas))
    if (!canvas.live && report.t >= told + 1000) {
      told = report.t
      screen.print(plainLine(reals, report))
    }
    if (report.t < it.seconds * 1000) continue
    if (!canvas.live) screen.print(...barLines(reals, report, canvas))
    screen.keep()
    return report
  }
}

/** The daemon is not in the packets' way: they flow without it, and the next one takes over what stands. */
async function killDaemon(it: Play): Promise<void> {
  const { director, screen } = it
  const { reals } = acts(it.topology).at(-1) as Act
  screen.print('', heading(it, 'Kill the daemon'), `  $ kill -9 ${director.daemon().pid}`)
  await director.daemon().stop('SIGKILL')
  const report = await watch(it, reals)
  judge(it, report.done > 0, `${report.done} requests were balanced with no daemon running`)
  screen.print('  $ xlvs run -c xlvs.yaml')
  await director.restart()
  const { adopted } = await director.json<{ adopted: boolean }>('status')
  judge(it, adopted, 'the new daemon took over the running program, its connections and its counters')
}

async function showCounters(it: Play, asked: number): Promise<void> {
  const { rows } = await it.director.json<{ rows: { connections: number }[] }>('show', 'services')
  const scheduled = rows.reduce((sum, row) => sum + row.connections, 0)
  judge(it, scheduled === asked, `XDP scheduled ${scheduled} connections for ${asked} requests and downloads`)
  const { stdout } = await it.director.xlvs('show', 'reasons')
  const lines = stdout.trimEnd().split('\n')
  it.screen.print('', '  $ xlvs show reasons', ...lines.map((line) => `  ${line}`))
}

function judge({ screen, canvas, broken }: Play, holds: boolean, text: string): void {
  if (!holds) broken.push(text)
  screen.print(holds ? `  ${canvas.good('✓')} ${text}` : `  ${canvas.bad('✗')} ${text}`)
}

function heading({ canvas }: Stage, title: string): string {
  return canvas.bold(title)
}

function reasons({ failures }: Report): string {
  const each = Object.entries(failures).map(([reason, count]) => `${count} ${reason}`)
  return each.length > 0 ? ` (${each.join(', ')})` : ''
}
