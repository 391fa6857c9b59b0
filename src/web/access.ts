// SPDX-License-Identifier: Apache-2.0
// Which routes of the control socket the console has: all that only look, and with a token a few that an operator needs
// at a bad hour. The rest is for who may use the socket.
import { ROUTES, type RouteName } from '../api/routes.js'
import type { Problem } from '../model/types.js'
import type { Token } from './token.js'

/** 'look': without a token; 'change': with one; 'never': on the socket only. */
export type Access = 'look' | 'change' | 'never'

/** They change nothing, though they have a body. */
const ASKS: ReadonlySet<string> = new Set(['explain'])
const CHANGES: ReadonlySet<string> = new Set(['drain', 'undrain', 'setReal'])
/** What clients sent is in it, and packets are slower while it is read. */
const GUARDED: ReadonlySet<string> = new Set(['trace'])

export function accessOf(name: RouteName): Access {
  if (CHANGES.has(name) || GUARDED.has(name)) return 'change'
  return ROUTES[name].method === 'GET' || ASKS.has(name) ? 'look' : 'never'
}

export interface Refused {
  readonly status: 401 | 403
  readonly problem: Problem
}

/** Whether this call is open to who asks. */
export function refusedAccess(
  name: RouteName,
  token: Token | undefined,
  authorization: string | undefined,
): Refused | undefined {
  const access = accessOf(name)
  if (access === 'look') return undefined
  if (access === 'never')
    return { status: 403, problem: { reason: 'the console has no such change', fix: ON_THE_DIRECTOR } }
  if (token === undefined) return { status: 403, problem: READ_ONLY }
  return token.allows(authorization) ? undefined : { status: 401, problem: WRONG_TOKEN }
}

/** Of a real server the console changes the weight, nothing else. */
export function bodyProblem(name: RouteName, body: unknown): Problem | undefined {
  if (name !== 'setReal') return undefined
  const keys = typeof body === 'object' && body !== null ? Object.keys(body) : []
  if (keys.length === 1 && keys[0] === 'weight') return undefined
  return {
    subject: 'body',
    reason: 'the console changes the weight of a real server and nothing else',
    fix: ON_THE_DIRECTOR,
  }
}

/** A stream without an end is for the socket: here there is one for all. */
export function queryProblem(params: Readonly<Record<string, string>>): Problem | undefined {
  if (!('follow' in params)) return undefined
  return { subject: 'follow', reason: 'the console does not follow', fix: 'use /api/v1/live, or ask again' }
}

const ON_THE_DIRECTOR = 'on the director, use: xlvs set, add, remove, apply'
const READ_ONLY: Problem = {
  reason: 'this console only shows',
  fix: 'to drain and to change weights here, give the daemon a secret: console: {token-file: /etc/xlvs/token}',
}
const WRONG_TOKEN: Problem = {
  reason: 'this needs the token, and none or another one was sent',
  fix: 'send the header: Authorization: Bearer TOKEN',
}
