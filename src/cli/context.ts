// SPDX-License-Identifier: Apache-2.0
// The outside world as the command line sees it, in one value: words in, text out.
import type { PlaceEnv } from '../api/places.js'
import type { Look, LookEnv } from './look.js'

export interface Context {
  readonly env: PlaceEnv & LookEnv & { readonly JOURNAL_STREAM?: string | undefined }
  readonly out: (text: string) => void
  readonly err: (text: string) => void
  /** of the output */
  readonly look: Look
  /** ms since the epoch */
  readonly now: () => number
}

/** Exit codes of every verb. */
export const EXIT = {
  ok: 0,
  /** refused or failed; the running state is as it was */
  refused: 1,
  /** the command line itself is wrong */
  usage: 2,
  /** plan: it can be done, and live connections would end */
  breaks: 3,
  /** apply: packets came to a bad end, and it is as it was before */
  rolledBack: 4,
} as const

export type ExitCode = (typeof EXIT)[keyof typeof EXIT]
