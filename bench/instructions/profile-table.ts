// SPDX-License-Identifier: Apache-2.0
// Profiles for people: one after the other by function, and side by side by file.
import { fileSums, type Part, type Profile } from './profile-sum.js'

const NAME = 26
const CELL = 9
/** functions with less per packet are shown together */
const LEAST = 1

export function detailOf(id: string, { parts, harness, total, counted }: Profile): string {
  const files = [...fileSums(parts)]
  return [
    `${id}: ${total.toFixed(1)} instructions per packet (the kernel's statistics say ${counted.toFixed(1)})`,
    `${' '.repeat(2 + NAME)}${['all', 'own', 'called'].map((word) => word.padStart(CELL)).join('')}`,
    ...files.flatMap(([file, all]) => [`  ${file.padEnd(NAME)}${cell(all)}`, ...functions(parts, file)]),
    `  ${'call and verdict'.padEnd(NAME)}${cell(harness)}`,
  ].join('\n')
}

function functions(parts: readonly Part[], file: string): readonly string[] {
  const all = parts.filter((part) => part.file === file)
  const shown = all.filter(({ own, called }) => own + called >= LEAST)
  return shown.map(({ name, own, called }) => {
    const cells = [own + called, own, called].map(cell).join('')
    return `    ${name.padEnd(NAME - 2)}${cells}`
  })
}

/** A row per file, a column per profile. */
export function beside(profiles: ReadonlyMap<string, Profile>): string {
  const columns = [...profiles.values()].map((profile) => fileSums(profile.parts))
  const files = [...new Set(columns.flatMap((sums) => [...sums.keys()]))]
  const width = Math.max(...[...profiles.keys()].map((id) => id.length)) + 2
  const line = (name: string, cells: readonly string[]) =>
    `${name.padEnd(NAME)}${cells.map((text) => text.padStart(width)).join('')}`.trimEnd()
  const figure = (value: number | undefined) => (value === undefined ? '' : value.toFixed(1))
  return [
    line('file', [...profiles.keys()]),
    ...files.map((file) =>
      line(
        file,
        columns.map((sums) => figure(sums.get(file))),
      ),
    ),
    line(
      'call and verdict',
      [...profiles.values()].map(({ harness }) => figure(harness)),
    ),
    line(
      'all',
      [...profiles.values()].map(({ total }) => figure(total)),
    ),
  ].join('\n')
}

function cell(value: number): string {
  return value.toFixed(1).padStart(CELL)
}
