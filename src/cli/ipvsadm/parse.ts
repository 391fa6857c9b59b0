// SPDX-License-Identifier: Apache-2.0
// A command line -> what is to be done, or why it cannot be, in ipvsadm's words. Nothing is done here.

import { checked } from './check.js'
import { type Draft, emptyDraft } from './draft.js'
import { type Failure, type Fault, lost, refused, wrong } from './failure.js'
import { HEAR, hearPersistent, hearTimeouts } from './hear.js'
import type { Names } from './names.js'
import { type Scan, scan, type Token } from './scan.js'

export type Parsed =
  | { readonly order: Readonly<Draft> }
  | { readonly show: 'help' | 'version' }
  | { readonly fault: Failure }

/** `argv` without the program. */
export async function parse(argv: readonly string[], names: Names): Promise<Parsed> {
  const { tokens, rest } = scan(argv)
  const [first, ...others] = tokens
  if (first === undefined || 'wrong' in first || !('command' in first.word.is)) return { fault: lost() }
  const { command } = first.word.is
  if (command === 'help' || command === 'version') return { show: command }
  const draft = emptyDraft(command)
  const fault = roleFault(first) ?? (await heard(draft, others, names)) ?? restFault(draft, rest)
  return fault === undefined ? settled(draft) : { fault }
}

function settled(draft: Draft): Parsed {
  const fault = checked(draft)
  return fault === undefined ? { order: draft } : { fault }
}

function roleFault(token: Token): Fault {
  if ('wrong' in token || token.word.value !== 'text') return undefined
  if (token.value === 'master' || token.value === 'backup') return undefined
  const start = token.word.long === 'start-daemon'
  return wrong(start ? 'illegal start-daemon parameter specified' : 'illegal start_daemon specified')
}

async function heard(draft: Draft, tokens: readonly Token[], names: Names): Promise<Fault> {
  for (const token of tokens) {
    if ('wrong' in token) return refused(`${token.seen}: ${token.wrong}`)
    const { word, value, seen } = token
    if ('command' in word.is) return wrong(`invalid option \`${seen}'`)
    if ('option' in word.is) {
      const { option } = word.is
      if (draft.given.has(option)) return wrong(`multiple '${option}' options specified`)
      draft.given.add(option)
    }
    const fault =
      word.long === 'persistent'
        ? hearPersistent(draft, value)
        : await HEAR[word.long]?.(draft, value ?? '', names)
    if (fault !== undefined) return fault
  }
  return undefined
}

function restFault(draft: Draft, rest: Scan['rest']): Fault {
  const timeouts = draft.command === 'set' ? hearTimeouts(draft, rest) : undefined
  if (timeouts !== undefined) return timeouts
  const over = rest[draft.command === 'set' ? 3 : 0]
  return over === undefined ? undefined : wrong(`unexpected argument ${over}`)
}
