// SPDX-License-Identifier: Apache-2.0
// What becomes of each line of a keepalived.conf, in the order of the file.
import type { Place } from '../../model/types.js'

/** used: as it stands; adjusted: becomes something else; ignored: has no effect here; cannot: the file is refused. */
export const VERDICTS = ['used', 'adjusted', 'ignored', 'cannot'] as const
export type Verdict = (typeof VERDICTS)[number]

/** Why a line has no effect: one word per reason, so that a reason can be counted, or fall away. */
export type Cause =
  /** of health checks, but not of those that xlvs has */
  | 'health'
  | 'vrrp'
  | 'mail'
  /** of the keepalived process itself */
  | 'process'
  /** keepalived does not use it either */
  | 'nothing'

export interface Remark {
  readonly place: Place
  /** of the block that the remark is for as a whole */
  readonly endLine?: number
  /** the line as it was understood, parameters put in */
  readonly words: string
  readonly verdict: Verdict
  readonly cause?: Cause
  /** what it becomes, or why; absent when it is used as it stands */
  readonly reason?: string
  readonly fix?: string
  /** `keepalived -t` finds fault with it too */
  readonly objection?: true
}

export const CAUSES: Readonly<Record<Cause, string>> = {
  health: 'health checks of xlvs do without it',
  vrrp: "VRRP and addresses stay keepalived's own task",
  mail: 'xlvs sends no mail',
  process: 'it is about the keepalived process',
  nothing: 'it has no effect',
}

/** What a remark is about. */
export interface Spot {
  readonly place: Place
  readonly endLine?: number
  readonly words: string
}

export interface Fault {
  readonly reason: string
  readonly fix?: string
  /** false: keepalived takes it */
  readonly objection?: boolean
}

/** Collects remarks; the only state while a file is read. */
export class Remarks {
  readonly #found: Remark[] = []

  used(spot: Spot): void {
    this.#add(spot, 'used', {})
  }

  ignored(spot: Spot, cause: Cause, reason: string = CAUSES[cause], objection = false): void {
    this.#add(spot, 'ignored', { cause, reason, objection })
  }

  adjusted(spot: Spot, fault: Fault): void {
    this.#add(spot, 'adjusted', fault)
  }

  cannot(spot: Spot, fault: Fault): void {
    this.#add(spot, 'cannot', fault)
  }

  /** By file and line; 'used' only where nothing else is said. */
  list(): readonly Remark[] {
    const files = [...new Set(this.#found.map(({ place }) => place.file))]
    const spoken = new Set(this.#found.filter(({ verdict }) => verdict !== 'used').map(nameOf))
    const once = new Map(this.#found.map((remark) => [`${nameOf(remark)} ${remark.reason}`, remark]))
    return [...once.values()]
      .filter((remark) => remark.verdict !== 'used' || !spoken.has(nameOf(remark)))
      .sort(
        ({ place: a }, { place: b }) =>
          files.indexOf(a.file) - files.indexOf(b.file) || a.line - b.line || a.column - b.column,
      )
  }

  #add({ place, endLine, words }: Spot, verdict: Verdict, fault: Partial<Fault> & { cause?: Cause }): void {
    const { cause, reason, fix, objection } = fault
    this.#found.push({
      place,
      ...(endLine === undefined || endLine === place.line ? {} : { endLine }),
      words: words.length > MAX_WORDS ? `${words.slice(0, MAX_WORDS)}…` : words,
      verdict,
      ...(cause === undefined ? {} : { cause }),
      ...(reason === undefined ? {} : { reason }),
      ...(fix === undefined ? {} : { fix }),
      ...(objection ? { objection } : {}),
    })
  }
}

const MAX_WORDS = 200

function nameOf({ place, words }: Remark): string {
  return `${place.file}:${place.line}:${place.column} ${words}`
}
