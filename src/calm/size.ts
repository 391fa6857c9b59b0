// SPDX-License-Identifier: Apache-2.0
// How much traffic a run has.
export interface Size {
  /** each in a network namespace of its own, with everything below divided among them */
  readonly clients: number
  /** the last of them is the spare one: it serves from its own event on */
  readonly reals: number
  /** connections on which a question is asked every so often, ms */
  readonly kept: number
  readonly askEvery: number
  /** connections on which four pieces arrive every second */
  readonly downloads: number
  /** connections a second, each for one question */
  readonly short: number
  /** of datagrams, 100 a second each */
  readonly streams: number
  /** kills of the daemon at random moments */
  readonly kills: number
  /** services that a reload adds */
  readonly services: number
  /** longest quiet window beside an event, ms */
  readonly quiet: number
}

export const WHOLE: Size = {
  clients: 2,
  reals: 4,
  kept: 3_000,
  askEvery: 4_000,
  downloads: 1_000,
  short: 40,
  streams: 32,
  kills: 8,
  services: 1_000,
  quiet: 15_000,
}

export const SHORT: Size = {
  clients: 2,
  reals: 4,
  kept: 300,
  askEvery: 1_000,
  downloads: 100,
  short: 20,
  streams: 8,
  kills: 2,
  services: 300,
  quiet: 1_500,
}
