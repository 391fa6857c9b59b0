// SPDX-License-Identifier: Apache-2.0
// /api/v1 of the metrics port: the routes of the control socket, as far as they are open to who asks.
import type { IncomingMessage, ServerResponse } from 'node:http'
import { toJson } from '../api/json.js'
import { type Match, matchRoute, type RouteName } from '../api/routes.js'
import type { Problem } from '../model/types.js'
import { bodyProblem, queryProblem, refusedAccess } from '../web/access.js'
import { originProblem, type Place } from '../web/guard.js'
import type { Token } from '../web/token.js'
import type { Asked } from './handlers.js'
import { readBody, respond } from './socket.js'
import type { HandlerTable } from './web-scene.js'

export const API = '/api'
export const MOST_BODY = 64 * 1024
/** Listings may be long: so many are written at the same time. */
export const MOST_CALLS = 16

export interface Caller {
  readonly place: Place
  readonly token: Token | undefined
}

export interface Calls {
  answer(ask: IncomingMessage, reply: ServerResponse, caller: Caller): Promise<void>
}

export function createCalls(table: () => HandlerTable | undefined, most = MOST_CALLS): Calls {
  let running = 0
  return {
    answer: async (ask, reply, caller) => {
      const asked = await readCall(ask, reply, caller)
      if (asked === undefined) return
      const handlers = table()
      if (handlers === undefined)
        return refuse(reply, 503, { reason: 'the daemon is starting', fix: 'ask again' })
      if (running >= most) {
        reply.setHeader('retry-after', '2')
        return refuse(reply, 503, {
          reason: `${running} questions are being answered already`,
          fix: 'ask again',
        })
      }
      running += 1
      try {
        await respond(reply, await handlers[asked.name](asked))
      } finally {
        running -= 1
      }
    },
  }
}

export function refuse(reply: ServerResponse, status: number, ...problems: readonly Problem[]): void {
  if (reply.headersSent) return void reply.destroy()
  reply.writeHead(status, { 'content-type': 'application/json' })
  reply.end(toJson({ problems }))
}

type Found = Extract<Match, { readonly found: 'route' }>

/** What is asked; undefined: it was refused. */
async function readCall(
  ask: IncomingMessage,
  reply: ServerResponse,
  caller: Caller,
): Promise<(Asked & { readonly name: RouteName }) | undefined> {
  const method = ask.method === 'HEAD' ? 'GET' : (ask.method ?? '')
  const match = matchRoute(method, (ask.url ?? '').slice(API.length))
  if (match.found !== 'route') return void refuseRoute(match, ask, reply)
  if (refusedBeforeBody(match, ask, reply, caller)) return undefined
  const endless = queryProblem(match.params)
  if (endless) return void refuse(reply, 403, endless)
  const body = await readBody(ask, MOST_BODY)
  if (!body.ok) return void refuse(reply, 400, ...body.problems)
  const wrong = bodyProblem(match.name, body.value)
  if (wrong) return void refuse(reply, 403, wrong)
  return { name: match.name, params: match.params, body: body.value }
}

function refuseRoute(
  match: Exclude<Match, Found>,
  { method, url }: IncomingMessage,
  reply: ServerResponse,
): void {
  if (match.found === 'nothing') {
    refuse(reply, 404, { reason: `there is no ${method} ${url}` })
    return
  }
  const methods = match.methods.join(', ')
  reply.setHeader('allow', methods)
  refuse(reply, 405, { reason: `${method} is not for ${url}`, fix: `use ${methods}` })
}

/** What is refused for who asks and how, before a byte of the body is read. */
function refusedBeforeBody(
  { name }: Found,
  { method, headers }: IncomingMessage,
  reply: ServerResponse,
  { place, token }: Caller,
): boolean {
  const access = refusedAccess(name, token, headers.authorization)
  if (access?.status === 401) reply.setHeader('www-authenticate', 'Bearer realm="xlvs"')
  const looks = method === 'GET' || method === 'HEAD'
  const elsewhere = looks ? undefined : originProblem(headers.origin, headers.host, place)
  if (elsewhere) refuse(reply, 403, elsewhere)
  else if (access) refuse(reply, access.status, access.problem)
  else if (Number(headers['content-length'] ?? 0) > MOST_BODY)
    refuse(reply, 413, { subject: 'body', reason: `it is larger than ${MOST_BODY} bytes` })
  else if ((method === 'POST' || method === 'PATCH') && !isJson(headers['content-type']))
    refuse(reply, 415, {
      subject: 'body',
      reason: 'it is not said to be JSON',
      fix: 'send content-type: application/json',
    })
  else return false
  return true
}

function isJson(type: string | undefined): boolean {
  return type?.split(';')[0]?.trim().toLowerCase() === 'application/json'
}
