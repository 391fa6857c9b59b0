// SPDX-License-Identifier: Apache-2.0
// A run's figures take the place of the last one's in a document. Pure.

/** Stands above them; what follows the next heading of its kind stays. */
export const HEADING = '## The last run'

export function withFigures(document: string, figures: string): string {
  const section = `${HEADING}\n\n${figures.trim()}\n`
  const at = document.indexOf(`${HEADING}\n`)
  if (at < 0) return document === '' ? section : `${document.trimEnd()}\n\n${section}`
  const next = document.indexOf('\n## ', at)
  return document.slice(0, at) + section + (next < 0 ? '' : document.slice(next))
}
