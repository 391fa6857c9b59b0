// SPDX-License-Identifier: Apache-2.0
// What the programs of the traffic say of a window: from one reading to the next.

/** One numbered stream of datagrams as it arrived at one real server. */
export interface Arrivals {
  readonly stream: number
  /** numbers that had not arrived before */
  readonly count: number
  /** numbers that came a second time, or after a later one */
  readonly again: number
  /** ms by the common clock */
  readonly first: number
  readonly last: number
  /** longest time between two, ms */
  readonly gap: number
}

export interface ServerFigures {
  readonly name: string
  readonly arrivals: readonly Arrivals[]
}

export interface ClientFigures {
  readonly requests: number
  readonly failed: number
  /** failed requests by reason */
  readonly failures: Readonly<Record<string, number>>
  /** when the last request that failed on a connection of its own had been asked; ms by the common clock */
  readonly lastFailure?: number
  /** held connections that the other side ended or left silent, by the real server's name */
  readonly broken: Readonly<Record<string, number>>
  /** held connections */
  readonly held: number
  /** longest time between two arrivals on a download, by the real server's name; ms */
  readonly gaps: Readonly<Record<string, number>>
  /** datagrams sent on each stream */
  readonly streams: readonly (readonly [stream: number, sent: number])[]
}
