// SPDX-License-Identifier: Apache-2.0
// A reading -> the YAML that does the same, with every line that has no place in it as a comment.
import { harmless } from '../../model/describe.js'
import type { Desired } from '../../model/types.js'
import { printYaml } from '../print.js'
import { CAUSES, type Remark } from './remarks.js'

export function printConverted(desired: Desired, remarks: readonly Remark[], file: string): string {
  const notes = remarks.filter(({ verdict }) => verdict === 'adjusted' || verdict === 'ignored')
  const head = [
    `made from ${harmless(file)} by xlvs keepalived convert`,
    'keepalived.conf names no interfaces: write those that clients come in by, like interfaces: [eth0]',
    ...(notes.length === 0
      ? []
      : ['what is not said below, or said in another way:', ...notes.map(noteText)]),
  ]
  return `${head.map((line) => `# ${line}\n`).join('')}${printYaml(desired)}`
}

function noteText({ place, words, verdict, cause, reason }: Remark): string {
  const why = reason ?? (cause === undefined ? '' : CAUSES[cause])
  return `  ${harmless(place.file)}:${place.line}: ${harmless(words)}: ${verdict}: ${why}`
}
