// SPDX-License-Identifier: Apache-2.0
// The dashboard that is shipped, as tests look at it.
import { readFileSync } from 'node:fs'

interface Source {
  readonly type: string
  readonly uid: string
}
interface Target {
  readonly datasource: Source
  readonly expr: string
  readonly refId: string
  readonly legendFormat: string
}
export interface Panel {
  readonly id: number
  readonly type: string
  readonly title: string
  readonly description?: string
  readonly datasource?: Source
  readonly gridPos: { readonly x: number; readonly y: number; readonly w: number; readonly h: number }
  readonly targets?: readonly Target[]
}
interface Variable {
  readonly name: string
  readonly type: string
  readonly definition?: string
}
export interface Board {
  readonly title: string
  readonly uid: string
  readonly panels: readonly Panel[]
  readonly templating: { readonly list: readonly Variable[] }
  readonly annotations: { readonly list: readonly { readonly name: string; readonly expr: string }[] }
}

const TEXT = readFileSync(new URL('../../../deploy/grafana/xlvs.json', import.meta.url), 'utf8')
export const boardText = TEXT
export const board = JSON.parse(TEXT) as Board

export interface Query {
  /** panel and letter: 'Services A' */
  readonly name: string
  readonly expr: string
}

/** All that Grafana asks Prometheus for when it shows the board, but for the values of variables. */
export const queries: readonly Query[] = [
  ...board.panels.flatMap(({ title, targets = [] }) =>
    targets.map(({ expr, refId }) => ({ name: `${title} ${refId}`, expr })),
  ),
  ...board.annotations.list,
]

/** label_values(series, label) of each variable that asks. */
export const variableQueries = board.templating.list.flatMap(({ name, definition }) => {
  const [, series, label] = /^label_values\((.+), (\w+)\)$/.exec(definition ?? '') ?? []
  return series === undefined || label === undefined ? [] : [{ name, series, label }]
})
