// SPDX-License-Identifier: Apache-2.0
// What a version of the ABI changed that layouts do not tell: one entry for each version that can be left behind, each
// leading to the next. A version without an entry is refused.

export interface Step {
  /** The same connection in the next version's bits, when enum xlvs_conn_bits or xlvs_state changed; 0 stays 0. */
  readonly conn?: (data: bigint) => bigint
  /** The same of a template's data word (enum xlvs_template_bits). */
  readonly template?: (data: bigint) => bigint
}

/** By the version that is left. */
export const STEPS: Readonly<Record<number, Step>> = {
  // 3: real servers that are drained; retries and handshakes in what was padding of xlvs_real_stats; DROP_RESET
  // and ANSWER_RESET where no reason was: every map serves both
  2: {},
  // 4: maps for reasons by service, handshake times and traces; `trace` in what was padding of xlvs_settings, the
  // tunable HANDSHAKE_SAMPLE where none was: every map of before serves both
  3: {},
  // 5: `alone` in what was padding of xlvs_settings, UNLIMITED among the flags of a service: without them packets look
  // for peers and thresholds, so every map of before serves both
  4: {},
  // 6: `drop_counter` of xlvs_settings in a line of its own
  5: {},
}

/** All that happened between two versions; undefined when there is no way. */
export function stepsBetween(
  from: number,
  to: number,
  steps: Readonly<Record<number, Step>> = STEPS,
): readonly Step[] | undefined {
  const way: Step[] = []
  for (let version = from; version < to; version++) {
    const step = steps[version]
    if (step === undefined) return undefined
    way.push(step)
  }
  return way.length === 0 ? undefined : way
}

/** The steps' changes of a word, one after the other; undefined when none changes it. */
export function wordChange(steps: readonly Step[], word: keyof Step): ((data: bigint) => bigint) | undefined {
  const changes = steps.flatMap((step) => step[word] ?? [])
  return changes.length === 0 ? undefined : (data) => changes.reduce((now, change) => change(now), data)
}
