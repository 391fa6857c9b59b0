// SPDX-License-Identifier: Apache-2.0
// What keepalived 2.2.7 of Debian 12 answered to each file when it was recorded.
import { readFileSync } from 'node:fs'

/** from the root of the repository, where tests and record.ts are started */
export const VERDICTS_FILE = 'test/compat/keepalived/verdicts.jsonl'

export function readVerdicts(): ReadonlyMap<string, boolean> {
  const lines = readFileSync(VERDICTS_FILE, 'utf8').trimEnd().split('\n')
  return new Map(
    lines.map((line) => {
      const { name, taken } = JSON.parse(line) as { name: string; taken: boolean }
      return [name, taken]
    }),
  )
}
