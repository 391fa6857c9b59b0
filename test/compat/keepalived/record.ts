// SPDX-License-Identifier: Apache-2.0
// Asks the real keepalived about every file and writes verdicts.jsonl (keepalived installed):
// npx tsc -p test/compat/tsconfig.json && node build/compat/test/compat/keepalived/record.js
import { writeFileSync } from 'node:fs'
import { askKeepalived } from './ask.js'
import { GENERATED, HAND_MADE } from './files.js'
import { VERDICTS_FILE } from './verdicts.js'

const lines = [...HAND_MADE, ...GENERATED].map(({ name, text }) =>
  JSON.stringify({ name, taken: askKeepalived(text).taken }),
)
writeFileSync(VERDICTS_FILE, `${lines.join('\n')}\n`)
