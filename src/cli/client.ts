// SPDX-License-Identifier: Apache-2.0
// One call to the daemon over its socket. What can go wrong on the way is a Problem, not an exception.
import { request } from 'node:http'
import { connect } from 'node:net'
import type { Refusal } from '../api/contract.js'
import { type Calls, type Params, ROUTES, type RouteName, routePath } from '../api/routes.js'
import type { Outcome, Problem } from '../model/types.js'

/** Longer than the daemon waits for next hops. */
const PATIENCE_MS = 60_000

export async function call<Name extends RouteName>(
  socket: string,
  name: Name,
  params: Calls[Name]['params'] = {},
  body?: Calls[Name]['body'],
): Promise<Outcome<Calls[Name]['answer']>> {
  let reply: Reply
  try {
    reply = await exchange(socket, ROUTES[name].method, routePath(name, params as Params), body)
  } catch (error) {
    return { ok: false, problems: [unreachable(socket, error as NodeJS.ErrnoException)] }
  }
  const value = parse(reply.text)
  if (value === undefined) return { ok: false, problems: [garbled(socket)] }
  if (reply.status < 300) return { ok: true, value: value as Calls[Name]['answer'] }
  return { ok: false, problems: (value as Refusal).problems ?? [garbled(socket)] }
}

/** True for the one problem that means there is nobody to ask. */
export function isNoDaemon(problems: readonly Problem[]): boolean {
  return problems.length === 1 && problems[0]?.fix === START
}

const START = 'start one with: xlvs run -c FILE'

interface Reply {
  readonly status: number
  readonly text: string
}

function exchange(socket: string, method: string, path: string, body: unknown): Promise<Reply> {
  return new Promise((resolve, reject) => {
    const headers = body === undefined ? {} : { 'content-type': 'application/json' }
    // Without an agent: one finds out whether 'localhost' is an IPv6 address, and that takes half of a first call.
    const createConnection = () => connect({ path: socket, timeout: PATIENCE_MS })
    const ask = request({ method, path, headers, timeout: PATIENCE_MS, createConnection }, (answer) => {
      let text = ''
      answer.setEncoding('utf8')
      answer.on('data', (chunk: string) => {
        text += chunk
      })
      answer.on('end', () => resolve({ status: answer.statusCode ?? 0, text }))
      answer.on('error', reject)
    })
    ask.on('error', reject)
    ask.on('timeout', () => ask.destroy(Object.assign(new Error('timeout'), { code: 'ETIMEDOUT' })))
    ask.end(body === undefined ? undefined : JSON.stringify(body))
  })
}

export function unreachable(socket: string, error: NodeJS.ErrnoException): Problem {
  switch (error.code) {
    case 'ENOENT':
    case 'ECONNREFUSED':
    case 'ENOTSOCK':
      return { reason: `no daemon listens on ${socket}`, fix: START }
    case 'EACCES':
    case 'EPERM':
      return { reason: `no permission to use ${socket}`, fix: 'run as root' }
    case 'ETIMEDOUT':
      return { reason: `the daemon on ${socket} does not answer` }
    case 'ECONNRESET':
      return { reason: `the daemon on ${socket} went away before it answered`, fix: 'see: xlvs status' }
    default:
      return { reason: `cannot talk to ${socket}: ${error.message}` }
  }
}

export function garbled(socket: string): Problem {
  return { reason: `what listens on ${socket} is not an xlvs daemon` }
}

function parse(text: string): unknown {
  try {
    return JSON.parse(text)
  } catch {
    return undefined
  }
}
