// SPDX-License-Identifier: Apache-2.0
// `make bench-disruption`: the share of flows that break when one of several directors behind ECMP leaves or joins. Computed;
// the same figures on every machine. Markdown on standard output.
import { parseArgs } from 'node:util'
import { SCHEDULERS } from '../../src/model/rules.js'
import type { SchedulerName } from '../../src/model/types.js'
import type { ListEdit, Listed } from '../../src/plan/ops.js'
import { applyEdits } from '../../src/plan/walk.js'
import { broken, disrupt, type Turn } from './compute.js'
import { ECMPS, type Ecmp, MODULO, RESILIENT } from './ecmp.js'

const USAGE = `run.js [--flows N] [--reals N]
  --flows  60000
  --reals  real servers of equal weight, 3 to 250; 10`
const DIRECTORS = [2, 4, 8] as const
const TURNS = ['leaves', 'joins'] as const

interface Size {
  readonly flows: number
  readonly reals: number
}

function listOf({ reals, flows }: Size, name?: SchedulerName): readonly Listed[] {
  // ovf's weights are limits: the first three have room for everyone.
  const weight = name === 'ovf' ? Math.ceil(flows / 3) : 1
  return Array.from({ length: reals }, (_, i) => {
    return { id: i + 1, weight, lastWeight: weight, address: `10.0.0.${i + 1}`, port: 80 }
  })
}

function percent(share: number): string {
  return `${(share * 100).toFixed(1)} %`
}

function tableOf(head: readonly string[], rows: readonly (readonly string[])[]): string {
  const rule = head.map((_, i) => (i === 0 ? '---' : '---:'))
  return [head, rule, ...rows].map((cells) => `| ${cells.join(' | ')} |`).join('\n')
}

const SCENES = DIRECTORS.flatMap((directors) => TURNS.map((turn) => ({ directors, turn })))
const HEAD = SCENES.map(({ directors, turn }) => `1 of ${directors} ${turn}`)

/** How many move: all of these break where `sloppy_tcp` is off, whatever the scheduler. */
function movedTable(size: Size): string {
  const rows = ECMPS.map((ecmp) => {
    const cells = SCENES.map((scene) => {
      const found = disrupt({ ...scene, ecmp, scheduler: 'mh', list: listOf(size), flows: size.flows })
      return percent(broken(found, false))
    })
    return [ecmp.name, ...cells]
  })
  return tableOf(['ECMP', ...HEAD], rows)
}

function schedulerTable(size: Size, ecmp: Ecmp): string {
  const rows = SCHEDULERS.filter((name) => name !== 'none').map((name) => {
    const cells = SCENES.map((scene) => {
      const list = listOf(size, name)
      return percent(broken(disrupt({ ...scene, ecmp, scheduler: name, list, flows: size.flows }), true))
    })
    return [name, ...cells]
  })
  return tableOf(['scheduler', ...HEAD], rows)
}

interface Meanwhile {
  readonly name: string
  readonly change: (list: readonly Listed[]) => readonly Listed[]
}

const edited = (edit: ListEdit) => (list: readonly Listed[]) =>
  applyEdits({ list, walk: { kind: 'none' } }, [edit]).list

const MEANWHILE: readonly Meanwhile[] = [
  { name: 'nothing changes', change: (list) => list },
  { name: 'one real server gets weight 0', change: edited({ edit: 'weight', id: 3, weight: 0 }) },
  { name: 'one is removed', change: edited({ edit: 'remove', id: 3 }) },
  {
    name: 'one is added',
    change: edited({ edit: 'add', id: 251, weight: 1, address: '10.0.0.251', port: 80 }),
  },
  { name: 'one gets twice the weight', change: edited({ edit: 'weight', id: 3, weight: 2 }) },
  { name: 'the same ones in another order', change: (list) => [...list].reverse() },
]

/** With `sloppy_tcp`, of the flows that moved: real server changes that the directors make between a flow's packets. */
function meanwhileTable(size: Size): string {
  const list = listOf(size)
  const scene = { ecmp: RESILIENT, directors: 4, turn: 'leaves' as Turn, list, flows: size.flows }
  const rows = MEANWHILE.map(({ name, change }) => {
    const cells = (['mh', 'sh'] as const).flatMap((scheduler) => {
      const { moved, misled, orphaned } = disrupt({ ...scene, scheduler, listAfter: change(list) })
      return [percent(misled / moved), percent((misled - orphaned) / moved)]
    })
    return [name, ...cells]
  })
  return tableOf(['meanwhile', 'mh', 'needlessly', 'sh', 'needlessly'], rows)
}

function sizeOf(args: readonly string[]): Size {
  const text = { type: 'string' } as const
  try {
    const { values } = parseArgs({ args: [...args], options: { flows: text, reals: text } })
    const [flows, reals] = [Number(values.flows ?? 60_000), Number(values.reals ?? 10)]
    if (!Number.isInteger(flows) || flows < 1000) throw new Error('--flows: a whole number from 1000')
    if (!Number.isInteger(reals) || reals < 3 || reals > 250)
      throw new Error('--reals: a whole number from 3 to 250')
    return { flows, reals }
  } catch (error) {
    console.error(`bench-disruption: ${(error as Error).message}\n${USAGE}`)
    process.exit(2)
  }
}

const size = sizeOf(process.argv.slice(2))
console.log(
  [
    `${size.flows.toLocaleString('en')} flows of random clients, ${size.reals} real servers of equal weight.`,
    'Flows that reach a director without their connection; TCP breaks without sloppy_tcp, whatever the scheduler:',
    movedTable(size),
    `With sloppy_tcp, behind ${RESILIENT.name} ECMP:`,
    schedulerTable(size, RESILIENT),
    `With sloppy_tcp, behind ${MODULO.name} ECMP:`,
    schedulerTable(size, MODULO),
    'With sloppy_tcp, 1 of 4 leaves, resilient: of the flows that moved, those that break; needlessly: their real server is there',
    meanwhileTable(size),
  ].join('\n\n'),
)
