// SPDX-License-Identifier: Apache-2.0
// The daemon and its surroundings: file, socket, state, and whether IPVS balances the same VIPs.
import { formatProblem } from '../model/describe.js'
import type { Facts } from './facts.js'
import { type Finding, shellWord } from './finding.js'

export function judgePlaces(facts: Facts): readonly Finding[] {
  return [...config(facts), daemon(facts), ...state(facts)]
}

function config({ file, fileProblems }: Facts): readonly Finding[] {
  if (fileProblems.length > 0)
    return fileProblems.map((problem) => ({
      check: 'config',
      level: 'red',
      says: formatProblem({ ...problem, fix: '' }).replace(/; $/, ''),
      ...(problem.fix === undefined ? {} : { advice: problem.fix }),
    }))
  if (file === undefined) return []
  return [{ check: 'config', level: 'green', subject: file.path, says: 'is good' }]
}

function daemon({ daemon: seen, file, kernel, words, socket }: Facts): Finding {
  const about = { check: 'daemon' } as const
  if (seen.state === 'answers')
    return {
      ...about,
      level: 'green',
      says: `xlvs ${seen.status.version} answers on ${socket} (pid ${seen.status.pid})`,
    }
  const { reason, fix } = seen.problem
  if (seen.state === 'broken')
    return { ...about, level: 'red', says: reason, ...(fix === undefined ? {} : { advice: fix }) }
  const alone = 'what is attached forwards on, but new next hops are not learned'
  const says = kernel.pinned.length > 0 ? `${reason}: ${alone}` : reason
  if (file === undefined) return { ...about, level: 'yellow', says, advice: 'start one: xlvs run -c FILE' }
  return { ...about, level: 'yellow', says, fix: `xlvs run -c ${shellWord(file.path)}${words.run}` }
}

function state({ stateDir, daemon: seen }: Facts): readonly Finding[] {
  const { path, fault } = stateDir
  if (seen.state === 'answers' && seen.status.stateDir === undefined) return []
  const about = { check: 'state', subject: path } as const
  if (fault === undefined) return [{ ...about, level: 'green', says: 'can be written' }]
  const { kind, at, code } = fault
  if (kind === 'forbidden')
    return [
      { ...about, level: 'yellow', says: `not checked: we may not write ${at}`, fix: 'sudo xlvs doctor' },
    ]
  const lost = 'cannot be written, so changes at run time are refused'
  if (kind === 'refused') {
    const advice = 'make its file system writable, or start xlvs with another --state-dir'
    return [{ ...about, level: 'red', says: `${lost}: ${at} answers ${code}`, advice }]
  }
  const fix = `mv ${shellWord(at)} ${shellWord(`${at}.old`)} && install -d -m 700 ${shellWord(path)}`
  return [{ ...about, level: 'red', says: `${lost}: ${at} is not a directory`, fix }]
}
