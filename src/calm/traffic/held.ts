// SPDX-License-Identifier: Apache-2.0
// Connections that are held open: kept ones, on which a question is asked again and again, and downloads.
import { now } from './clock.js'
import { type Connection, type Endpoint, openConnection } from './connection.js'
import { PATIENCE, type Tally } from './tally.js'

export type Kind = 'kept' | 'download'

interface Line {
  readonly kind: Kind
  connection: Connection | undefined
  name: string
  /** when the question that is not answered yet was asked */
  asked: number | undefined
  /** when anything arrived; undefined: not since the last hold */
  heard: number | undefined
}

const OPENED_AT_ONCE = 40

export class Held {
  readonly #lines: readonly Line[]
  readonly #tally: Tally
  readonly #endpoints: readonly Endpoint[]

  constructor(wish: Readonly<Record<Kind, number>>, endpoints: readonly Endpoint[], tally: Tally) {
    this.#tally = tally
    this.#endpoints = endpoints
    this.#lines = (['kept', 'download'] as const).flatMap((kind) =>
      Array.from({ length: wish[kind] }, () => {
        return { kind, connection: undefined, name: '', asked: undefined, heard: undefined }
      }),
    )
  }

  get count(): number {
    return this.#lines.filter(({ connection }) => connection !== undefined).length
  }

  /** Opens what is not open; each has been answered once, or the reason why not is thrown. */
  async open(): Promise<void> {
    const closed = this.#lines.map((line, i) => [line, i] as const).filter(([line]) => !line.connection)
    const open = async () => {
      for (let next = closed.pop(); next !== undefined; next = closed.pop())
        await this.#open(next[0], this.#endpoints[next[1] % this.#endpoints.length] as Endpoint)
    }
    await Promise.all(Array.from({ length: OPENED_AT_ONCE }, open))
  }

  /** Asks on every `of`-th kept connection, from the `part`-th on; gives up those that have been silent too long. */
  ask(part: number, of: number): void {
    const at = now()
    for (let i = part; i < this.#lines.length; i += of) {
      const line = this.#lines[i] as Line
      if (line.connection === undefined) continue
      if (line.kind === 'kept' && line.asked === undefined) {
        line.asked = at
        line.connection.ask('/')
      }
      const since = line.kind === 'kept' ? line.asked : line.heard
      if (since !== undefined && at - since > PATIENCE) this.#ended(line, 'TIMEOUT')
    }
  }

  /** From now on a silence counts again. */
  resume(): void {
    const at = now()
    for (const line of this.#lines) {
      line.heard = undefined
      if (line.asked !== undefined) line.asked = at
    }
  }

  /** Those that something has arrived on since the last `resume`, or that are broken. */
  heard(since: number): number {
    return this.#lines.filter(({ connection, heard }) => connection === undefined || (heard ?? 0) > since)
      .length
  }

  get all(): number {
    return this.#lines.length
  }

  #open(line: Line, endpoint: Endpoint): Promise<void> {
    return new Promise((resolve, reject) => {
      const asked = now()
      let known = false
      const connection = openConnection(endpoint, {
        arrived: () => known && this.#arrived(line),
        answered: (name) => {
          if (known) return this.#answered(line, name)
          known = true
          Object.assign(line, { connection, name, asked: undefined, heard: undefined })
          resolve()
        },
        ended: (why) => {
          if (known) this.#ended(line, why)
          else
            reject(
              new Error(
                `a connection to ${endpoint.address} cannot be opened: ${why} after ${now() - asked} ms`,
              ),
            )
        },
      })
      connection.ask(line.kind === 'kept' ? '/' : '/download')
    })
  }

  #arrived(line: Line): void {
    const at = now()
    if (line.kind === 'download' && line.heard !== undefined) this.#tally.gap(line.name, at - line.heard)
    line.heard = at
  }

  #answered(line: Line, name: string): void {
    if (name !== line.name) this.#ended(line, 'MOVED')
    else this.#tally.answered()
    line.asked = undefined
  }

  #ended(line: Line, why: string): void {
    const { connection, asked } = line
    if (connection === undefined) return
    line.connection = undefined
    line.asked = undefined
    connection.socket.destroy()
    if (asked !== undefined) this.#tally.failed(why)
    this.#tally.broken(line.name)
  }
}
