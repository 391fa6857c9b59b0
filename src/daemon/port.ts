// SPDX-License-Identifier: Apache-2.0
// Where metrics and the console are served, which a reload may move: the new place is opened before the old one is
// closed. The token is read whenever the file is.
import { succeed } from '../model/describe.js'
import type { Desired, Outcome } from '../model/types.js'
import { readToken } from '../web/token.js'
import { type Address, type Content, serveMetrics, type Trust, type WebListener } from './web.js'

export interface MetricsPort {
  address(): Address | undefined
  /** Opens the new place; what was open stays so until keep(). */
  move(to: Pick<Desired, 'metrics' | 'console'>): Promise<Outcome<Move>>
  close(): Promise<void>
}

export interface Move {
  /** the new place it is */
  keep(): Promise<void>
  /** the old place it stays */
  back(): Promise<void>
}

const NOTHING: WebListener = { close: async () => undefined, port: 0, trust: () => undefined }

export function metricsPort(content: Content): MetricsPort {
  let address: Address | undefined
  let listener = NOTHING
  return {
    address: () => address,
    move: async ({ metrics: to, console: wish }) => {
      const trust = await trustOf(wish)
      if (!trust.ok) return trust
      if (to?.host === address?.host && to?.port === address?.port)
        return succeed({ keep: async () => listener.trust(trust.value), back: NOTHING.close })
      const opened = to ? await serveMetrics(to, content, trust.value) : succeed(NOTHING)
      if (!opened.ok) return opened
      const keep = async () => {
        const old = listener
        listener = opened.value
        address = to
        await old.close()
      }
      return succeed({ keep, back: opened.value.close })
    },
    close: () => listener.close(),
  }
}

async function trustOf(wish: Desired['console']): Promise<Outcome<Trust>> {
  const hosts = wish?.hosts ?? []
  if (wish?.tokenFile === undefined) return succeed({ token: undefined, hosts })
  const token = await readToken(wish.tokenFile)
  return token.ok ? succeed({ token: token.value, hosts }) : token
}
