// SPDX-License-Identifier: Apache-2.0
// What ipvsadm answered to the sequences, as record.ts has written it down.
import { readFileSync } from 'node:fs'
import { fileURLToPath } from 'node:url'
import type { Line } from './sequences.js'

export interface Said {
  readonly status: number
  /** lines */
  readonly out: readonly string[]
  readonly err: readonly string[]
}

export interface Answers {
  readonly kernel: string
  readonly program: string
  readonly answers: readonly (Line & Said)[]
}

export function answersFile(folder: string, name: string): string {
  return `${folder}/answers/${name}.jsonl`
}

export function readAnswers(name: string): Answers {
  const folder = fileURLToPath(new URL('.', import.meta.url))
  const [heading = '{}', ...answers] = linesOf(readFileSync(answersFile(folder, name), 'utf8'))
  return { ...JSON.parse(heading), answers: answers.map((line) => JSON.parse(line)) } as Answers
}

/** A line for the heading, then one for each answer. */
export function writtenAnswers({ answers, ...heading }: Answers): string {
  return [heading, ...answers].map((line) => `${JSON.stringify(line)}\n`).join('')
}

/** Lines of a text; what ends the last one is no line. */
export function linesOf(text: string): readonly string[] {
  return text === '' ? [] : text.replace(/\n+$/, '').split('\n')
}

export function lineOf(line: string | Line): Line {
  return typeof line === 'string' ? { args: line } : line
}
