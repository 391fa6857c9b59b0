// SPDX-License-Identifier: Apache-2.0
// `make demo`: builds the lab, plays the story, removes everything; --keep leaves it standing, --remove clears that away.
import { readdirSync } from 'node:fs'
import { parseArgs } from 'node:util'
import type { Director } from './lab/director.js'
import { removeLab } from './lab/lab.js'
import { buildTopology, type Topology } from './lab/topology.js'
import { canvasOf } from './paint.js'
import { screenOf } from './screen.js'
import { play, SERVICE } from './story.js'

const PREFIX = 'xlvs-demo'
const USAGE = `make demo [ARGS='--keep --seconds 10' | ARGS=--remove]

  balances real HTTP requests from a client over three web servers, all in network namespaces
  --keep       leave everything standing at the end and say what to try
  --seconds N  length of each act, 4.5 unless told
  --remove     remove what --keep left
`

process.exitCode = await main(process.argv.slice(2))

async function main(argv: string[]): Promise<number> {
  const wish = options(argv)
  if (wish === undefined) return 2
  if (wish.help) process.stdout.write(USAGE)
  else if (wish.remove) removeKept()
  else return demo(wish.keep, Number(wish.seconds))
  return 0
}

function options(argv: string[]) {
  const flag = { type: 'boolean', default: false } as const
  try {
    const seconds = { type: 'string', default: '4.5' } as const
    const { values } = parseArgs({ args: argv, options: { keep: flag, remove: flag, help: flag, seconds } })
    if (!(Number(values.seconds) >= 1)) throw new Error(`--seconds ${values.seconds} is not 1 or more`)
    return values
  } catch (error) {
    process.stderr.write(`xlvs demo: ${(error as Error).message}\n${USAGE}`)
    return undefined
  }
}

async function demo(keep: boolean, seconds: number): Promise<number> {
  const canvas = canvasOf(process.stdout, process.env)
  const screen = screenOf((text) => process.stdout.write(text), canvas.live)
  const began = performance.now()
  screen.print(canvas.bold('xlvs demo: one client, one director on XDP, three web servers'))
  process.once('SIGINT', () => process.stderr.write('\nxlvs demo: interrupted, removing everything\n'))
  let topology: Topology | undefined
  try {
    topology = await buildTopology({}, PREFIX)
    const { ok, director } = await play({ topology, screen, canvas, seconds })
    if (keep) leave(topology, director)
    else await topology.lab.close()
    const took = Math.round((performance.now() - began) / 1000)
    screen.print('', `${keep ? 'The lab stands' : 'Everything is removed'} after ${took} s.`)
    return ok ? 0 : 1
  } catch (error) {
    process.stderr.write(`xlvs demo: ${(error as Error).message}\n`)
    await topology?.lab.close()
    return 1
  }
}

function leave({ lab, clients }: Topology, director: Director): void {
  lab.leave()
  const places = Object.entries(director.env).map(([name, value]) => `export ${name}=${value}`)
  process.stdout.write(`
Try next, as root:
  ${places.join('\n  ')}
  bin/xlvs status
  bin/xlvs show reals
  bin/xlvs set real ${SERVICE} 192.0.2.22 --weight 2
  nsenter --net=/run/netns/${clients[0].namespace} curl http://${SERVICE}/
and when you are done:
  make demo ARGS=--remove
`)
}

/** Labs whose demo has ended; one that is being shown is not touched. */
function removeKept(): void {
  const ids = readdirSync('/run/netns').flatMap(
    (name) => name.match(`^${PREFIX}-(\\d+)-\\d+(?=-)`)?.[0] ?? [],
  )
  const kept = [...new Set(ids)].filter((id) => !isRunning(Number(id.split('-').at(-2))))
  for (const id of kept) removeLab(id)
  process.stdout.write(`${kept.length === 0 ? 'nothing to remove' : `removed ${kept.join(', ')}`}\n`)
}

function isRunning(pid: number): boolean {
  try {
    process.kill(pid, 0)
    return true
  } catch {
    return false
  }
}
