// SPDX-License-Identifier: Apache-2.0
// Answer files: JSON lines, a heading, every operation with its result, an end. They need nothing of the scenario's
// expansion, so a test can replay one directly.
import { mkdirSync, readFileSync, writeFileSync } from 'node:fs'
import { dirname, join, sep } from 'node:path'
import { type Answer, type Answers, type Heading, ScenarioError } from './scenario.js'

/** test/oracle/scenarios/a/b.json -> test/oracle/answers/a/b.jsonl; beside the scenario if it lives elsewhere. */
export function answerPath(scenario: string): string {
  const parts = scenario.replace(/\.json$/, '.jsonl').split(sep)
  const at = parts.lastIndexOf('scenarios')
  return at < 0 ? join(...parts) : [...parts.slice(0, at), 'answers', ...parts.slice(at + 1)].join(sep)
}

export function formatAnswers({ heading, answers }: Answers): string {
  const end = { op: 'end', packets: answers.filter(({ op }) => op === 'pkt').length }
  return [heading, ...answers, end].map((line) => `${JSON.stringify(line)}\n`).join('')
}

export function writeAnswers(path: string, answers: Answers): void {
  mkdirSync(dirname(path), { recursive: true })
  writeFileSync(path, formatAnswers(answers))
}

export function readAnswers(path: string): Answers {
  const lines = readFileSync(path, 'utf8')
    .split('\n')
    .filter((line) => line !== '')
  const [heading, ...rest] = lines.map((line) => JSON.parse(line) as unknown)
  const end = rest.pop() as { readonly op?: string } | undefined
  if (end?.op !== 'end') throw new ScenarioError(`${path}: it has no end: record it again`)
  return { heading: heading as Heading, answers: rest as readonly Answer[], seconds: 0 }
}
