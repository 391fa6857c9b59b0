// SPDX-License-Identifier: Apache-2.0
// What the daemon refuses, in the words in which ipvsadm tells what the kernel refuses. What the kernel knows no
// word for is told in the daemon's own. Pure.
import { formatProblems } from '../../model/describe.js'
import type { Problem, ProblemCode } from '../../model/types.js'
import type { CommandName } from './words.js'

const SENTENCES: Partial<Readonly<Record<ProblemCode, string>>> = {
  'service-exists': 'Service already exists',
  'real-exists': 'Destination already exists',
  'no-real': 'No such destination',
  range: 'Numerical result out of range',
  'no-permission': 'Permission denied (you must be root)',
}

export const NO_SERVICE = 'No such service'
export const NO_REAL = 'No such destination'
export const NO_SCHEDULER = 'Scheduler or persistence engine not found'
export const EXISTS = 'Service already exists'
export const NO_DAEMON = 'No daemon is running'

const OF_REALS: readonly CommandName[] = ['add-server', 'edit-server', 'delete-server']

/** The kernel calls a service that is not there by another name where a real server of it is meant. */
export function noService(command: CommandName): string {
  return OF_REALS.includes(command) ? 'Service not defined' : NO_SERVICE
}

export function sentenceOf(problems: readonly Problem[], command: CommandName): string {
  const [first] = problems
  if (first?.code === 'no-service') return noService(command)
  const known = first?.code === undefined ? undefined : SENTENCES[first.code]
  return known ?? `xlvsadm: ${formatProblems(problems.map(withoutSubject))}`
}

/** The subject is a part of the request that xlvsadm made: no word of the command line. */
function withoutSubject({ subject: _, ...problem }: Problem): Problem {
  return problem
}
