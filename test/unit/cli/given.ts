// SPDX-License-Identifier: Apache-2.0
// The command line as a function: words in; text, and an exit code out.

import { PLAIN } from '../../../src/cli/look.js'
import { main } from '../../../src/cli/main.js'

export interface Said {
  readonly code: number
  readonly out: string
  readonly err: string
}

export async function xlvs(words: readonly string[], env: Record<string, string> = {}): Promise<Said> {
  let out = ''
  let err = ''
  const code = await main(words, {
    env: { XLVS_SOCKET: '/nonexistent/xlvs.sock', ...env },
    out: (text) => {
      out += text
    },
    err: (text) => {
      err += text
    },
    look: { ...PLAIN, columns: 80 },
    now: () => 1_000_000_000,
  })
  return { code, out, err }
}
