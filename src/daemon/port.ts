// SPDX-License-Identifier: Apache-2.0
// Where metrics are served, which a reload may move: the new place is opened before the old one is closed.
import { succeed } from '../model/describe.js'
import type { Outcome } from '../model/types.js'
import type { Listener } from './socket.js'
import { type Address, type Page, serveMetrics } from './web.js'

export interface MetricsPort {
  address(): Address | undefined
  /** Opens the new place; what was open stays so until keep(). */
  move(to: Address | undefined): Promise<Outcome<Move>>
  close(): Promise<void>
}

export interface Move {
  /** the new place it is */
  keep(): Promise<void>
  /** the old place it stays */
  back(): Promise<void>
}

const NOTHING: Listener = { close: async () => undefined }
const STAY: Move = { keep: NOTHING.close, back: NOTHING.close }

export function metricsPort(page: Page): MetricsPort {
  let address: Address | undefined
  let listener = NOTHING
  return {
    address: () => address,
    move: async (to) => {
      if (to?.host === address?.host && to?.port === address?.port) return succeed(STAY)
      const opened = to ? await serveMetrics(to, page) : succeed(NOTHING)
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
