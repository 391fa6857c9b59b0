// SPDX-License-Identifier: Apache-2.0
// A call whose answer is a stream of lines, one JSON object each, that are given on as they come.
import { type IncomingMessage, request } from 'node:http'
import type { Refusal } from '../api/contract.js'
import { type Calls, type Params, ROUTES, type RouteName, routePath } from '../api/routes.js'
import type { Outcome } from '../model/types.js'
import { garbled, unreachable } from './client.js'

/** 'stopped': by the signal; 'cut': the daemon went away in the middle. */
export type StreamEnd = 'ended' | 'stopped' | 'cut'

export interface StreamCall<Name extends RouteName> {
  readonly socket: string
  readonly name: Name
  readonly params: Calls[Name]['params']
  readonly onLine: (line: Calls[Name]['answer']) => void
  /** ends it */
  readonly signal?: AbortSignal
}

export function stream<Name extends RouteName>(call: StreamCall<Name>): Promise<Outcome<StreamEnd>> {
  const { socket, name, params, signal } = call
  const path = routePath(name, params as Params)
  return new Promise((resolve) => {
    if (signal?.aborted) return resolve({ ok: true, value: 'stopped' })
    const ask = request({ socketPath: socket, method: ROUTES[name].method, path }, (answer) => {
      void read(answer, call).then(resolve)
    })
    signal?.addEventListener('abort', () => ask.destroy(), { once: true })
    ask.on('error', (error: NodeJS.ErrnoException) => {
      if (signal?.aborted) resolve({ ok: true, value: 'stopped' })
      else resolve({ ok: false, problems: [unreachable(socket, error)] })
    })
    ask.end()
  })
}

async function read<Name extends RouteName>(
  answer: IncomingMessage,
  { socket, onLine, signal }: StreamCall<Name>,
): Promise<Outcome<StreamEnd>> {
  const refused = (answer.statusCode ?? 0) >= 300
  let rest = ''
  try {
    for await (const chunk of answer.setEncoding('utf8') as AsyncIterable<string>) {
      const lines = (rest + chunk).split('\n')
      rest = refused ? lines.join('\n') : (lines.pop() ?? '')
      if (!refused) for (const line of lines) onLine(JSON.parse(line) as Calls[Name]['answer'])
    }
  } catch (error) {
    if (error instanceof SyntaxError) return { ok: false, problems: [garbled(socket)] }
    return { ok: true, value: signal?.aborted ? 'stopped' : 'cut' }
  }
  return refused ? { ok: false, problems: problemsIn(rest, socket) } : { ok: true, value: 'ended' }
}

function problemsIn(text: string, socket: string) {
  try {
    return (JSON.parse(text) as Refusal).problems ?? [garbled(socket)]
  } catch {
    return [garbled(socket)]
  }
}
