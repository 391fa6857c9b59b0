// SPDX-License-Identifier: Apache-2.0
// A bundle from live datapaths to rows: its programs loaded again and again, and for each load every heat run once.
import { jiffyNs } from 'libbpf-ts'
import { type Case, type Group, heatOf } from './cases.js'
import {
  type Course,
  type Figure,
  figuresOf,
  type Heat,
  isDone,
  type Plan,
  race,
  type Series,
} from './harness.js'
import type { Holders } from './holders.js'
import { cpuNs } from './machine.js'
import { type Row, rowOf } from './results.js'
import { seriesId } from './series-names.js'
import { openStage, type Stage } from './stage.js'

export interface Chosen {
  readonly group: Group
  readonly cases: readonly Case[]
}

export async function runBundle(
  bundle: readonly Chosen[],
  plan: Plan,
  { hold }: Pick<Holders, 'hold'>,
  tell: (text: string) => void,
): Promise<readonly Row[]> {
  const stages: Stage[] = []
  const title = bundle.map(({ group }) => group.name).join('; ')
  const cases = bundle.flatMap((each) => each.cases)
  try {
    for (const { group, cases } of bundle) {
      tell(`${title}: flows are made known`)
      stages.push(await openStage(group, cases, jiffyNs(), hold))
    }
    const courses = new Map<string, Course>()
    const lacking = (heat: Heat) => !isDone(courses.get(heat.id), plan)
    for (let load = 0; load < plan.mostLoads; load++) {
      const series = stages.flatMap((stage) => (load === 0 ? stage.series : stage.reload()))
      const heats = heatsOf(cases, series).filter(lacking)
      for (const heat of heats) {
        tell(`${title}: load ${load + 1}, ${heat.id}`)
        courses.set(heat.id, race(heat, courses.get(heat.id), plan, cpuNs))
      }
      if (!heats.some(lacking)) break
    }
    const figures = new Map<string, Figure>(
      [...courses.values()].flatMap((course) => figuresOf(course, plan)).map((figure) => [figure.id, figure]),
    )
    return bundle.flatMap(({ group, cases }) => cases.map((each) => rowOf(each, group.name, figures)))
  } finally {
    tell('')
    for (const stage of stages) await stage.close()
  }
}

/** Stages of one bundle have the same harness; one of each shape of frame is enough. */
export function heatsOf(cases: readonly Case[], all: readonly Series[]): readonly Heat[] {
  const byId = new Map(all.map((series) => [series.id, series]))
  return [...new Set(cases.map(heatOf))].map((id) => {
    const own = cases
      .filter((each) => heatOf(each) === id)
      .flatMap((each) => each.programs.map((name) => byId.get(seriesId(each.id, name))))
      .filter((series) => series !== undefined)
    const harnesses = new Set(own.flatMap(({ harness }) => byId.get(harness ?? '') ?? []))
    return { id, series: [...harnesses, ...own] }
  })
}
