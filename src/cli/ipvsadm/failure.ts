// SPDX-License-Identifier: Apache-2.0
// Why a command line is not carried out, in ipvsadm's own words, and with which exit status.

export interface Failure {
  /** without the line's end; may be empty */
  readonly text: string
  readonly status: number
  /** `-R` reads no further lines */
  readonly ends: boolean
}

/** What may fail gives undefined when it does not. */
export type Fault = Failure | undefined

/** ipvsadm's -1, as a shell sees it. */
export const REFUSED = 255
/** The command line is wrong. */
const WRONG = 2
/** A listing that could not be made. */
const UNLISTED = 1

/** The command line is refused, and with it the rest of what `-R` reads. */
export function wrong(text: string): Failure {
  return { text, status: WRONG, ends: true }
}

export function unlisted(text: string): Failure {
  return { text, status: UNLISTED, ends: true }
}

/** This line only. */
export function refused(text: string): Failure {
  return { text, status: REFUSED, ends: false }
}

/** The first word is no command. */
export function lost(): Failure {
  const text = "Try `xlvsadm -h' or 'xlvsadm --help' for more information."
  return { text, status: REFUSED, ends: true }
}
