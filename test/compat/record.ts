// SPDX-License-Identifier: Apache-2.0
// Asks ipvsadm again and writes answers/NAME.jsonl (root; user-mode-linux and ipvsadm installed):
// npx tsc -p test/compat/tsconfig.json && node build/compat/test/compat/record.js [NAME...]
import { writeFileSync } from 'node:fs'
import { answersFile, writtenAnswers } from './answers.js'
import { askIpvsadm } from './kernel.js'
import { SEQUENCES } from './sequences.js'

/** from the root of the repository, where it is started */
const FOLDER = 'test/compat'

const wanted = process.argv.slice(2)
const sequences = SEQUENCES.filter(({ name }) => wanted.length === 0 || wanted.includes(name))
for (const [i, answers] of (await askIpvsadm(sequences)).entries()) {
  const name = sequences[i]?.name ?? ''
  writeFileSync(answersFile(FOLDER, name), writtenAnswers(answers))
  process.stdout.write(`${name}: ${answers.answers.length} command lines\n`)
}
