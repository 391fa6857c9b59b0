// SPDX-License-Identifier: Apache-2.0
// What realserver setup and check write for people: a script that can be read and run, and findings with their mending.
import { fixOf } from '../../realserver/judge.js'
import { commandsOf, doneText, subjectOf } from '../../realserver/steps.js'
import type { Finding, Step, Verdict, Wish } from '../../realserver/types.js'
import type { Look } from '../look.js'
import { plural } from '../numbers.js'

export interface Plan {
  readonly changes: readonly { readonly why: string; readonly steps: readonly Step[] }[]
  /** what is so already */
  readonly already: readonly string[]
  readonly notes: readonly { readonly text: string; readonly fix: string | undefined }[]
}

/** A shell script; what is no command is a comment. */
export function printedLines({ changes, already, notes }: Plan): readonly string[] {
  return [
    changes.length > 0
      ? '# nothing is changed; --apply does this, and --undo takes it back'
      : '# nothing is to be done',
    ...changes.flatMap(({ why, steps }) => ['', `# ${why}`, ...steps.flatMap(commandsOf)]),
    '',
    ...already.map((text) => `# so already: ${text}`),
    ...notes.map((note) => `# note: ${noteText(note)}`),
  ]
}

export function appliedLines({ changes, already, notes }: Plan): readonly string[] {
  return [
    ...changes.flatMap(({ steps }) => steps.map((step) => `changed  ${doneText(step)}`)),
    ...already.map((text) => `already  ${text}`),
    ...notes.map((note) => `note     ${noteText(note)}`),
  ]
}

export interface Undone {
  readonly undone: readonly Step[]
  readonly left: readonly string[]
}

export function undoneLines({ undone, left }: Undone): readonly string[] {
  if (undone.length + left.length === 0) return ['nothing to undo: no --apply was done here']
  return [
    ...undone.map((step) => `undone   ${subjectOf(step)}`),
    ...left.map((reason) => `left     ${reason}`),
  ]
}

export interface CheckedRow {
  readonly verdict: Verdict
  readonly text: string
  readonly fix?: string
}

export function checkedRows(findings: readonly Finding[], { vips, root, arp }: Wish): readonly CheckedRow[] {
  const place = root === '' ? '' : ` --root ${root}`
  const how = arp === undefined ? '' : ` --arp ${arp}`
  const again = `xlvs realserver setup --vip ${vips.join(',')}${how}${place} --apply`
  return findings.map((finding) => {
    const { verdict, text } = finding
    const fix = fixOf(finding, again)
    return { verdict, text, ...(fix !== undefined && { fix }) }
  })
}

export function checkedLines(rows: readonly CheckedRow[], look: Look): readonly string[] {
  const wrong = rows.filter(({ verdict }) => verdict === 'wrong').length
  return [
    ...rows.flatMap(({ verdict, text, fix }) => [
      `${verdict.padEnd(7)}${text}`,
      ...(fix === undefined ? [] : [look.dim(`       ${fix}`)]),
    ]),
    wrong === 0
      ? 'this host is a right real server'
      : `${plural(wrong, 'fault')}: clients are not served, or by the wrong host`,
  ]
}

function noteText({ text, fix }: Plan['notes'][number]): string {
  return fix === undefined ? text : `${text}; ${fix}`
}
