// SPDX-License-Identifier: Apache-2.0
// What is measured: the cases, the traffic, who sends it, and the one service all directors have. For host and guest.

/** Directors, each in a namespace of its own behind a veth of its own. */
export const CASES = ['stop', 'swap', 'xlvs', 'ipvs'] as const
export type Case = (typeof CASES)[number]

/** `frames`: XDP frames in pages, 64 at a time, as a driver takes them off a ring. `pktgen`: the kernel's generator. */
export const SENDERS = ['frames', 'pktgen'] as const
export type Sender = (typeof SENDERS)[number]

export const TRAFFIC = ['1 flow', '10,000 flows', 'new flows'] as const
export type Traffic = (typeof TRAFFIC)[number]

export const FLOWS: Readonly<Record<Traffic, number>> = {
  '1 flow': 1,
  '10,000 flows': 10_000,
  'new flows': 2 ** 32 - 1,
}

export const VIP = '192.0.2.10'
export const PORT = 53
export const REALS = [
  { address: '192.0.2.21', mac: '02:aa:00:00:00:01', weight: 4 },
  { address: '192.0.2.22', mac: '02:aa:00:00:00:02', weight: 3 },
  { address: '192.0.2.23', mac: '02:aa:00:00:00:03', weight: 2 },
  { address: '192.0.2.24', mac: '02:aa:00:00:00:04', weight: 1 },
] as const
export const CLIENT_MAC = '02:aa:00:00:00:00'
export const DIRECTOR_MAC = '02:dd:00:00:00:00'
/** bytes of a frame, without its checksum */
export const FRAME = 60

/** Frames before the first that is timed: whole batches, so that as many are under way at the end as at the start. */
export const LEAD = 640

export interface Order {
  readonly rounds: number
  /** of each measurement, a multiple of 64: the size of a batch */
  readonly packets: number
}

/** What the guest writes on its console, a line of JSON each, behind MARK. */
export const MARK = '@@ '

export type Line =
  | { readonly kernel: string; readonly clock: string }
  | { readonly thousand: number }
  | Measured
  | { readonly error: string }
  | { readonly done: true }

export interface Measured {
  readonly round: number
  readonly case: Case
  readonly sender: Sender
  readonly traffic: Traffic
  readonly sent: number
  /** frames that came to their end: at a real server; for `swap` back at the client, for `stop` in the director */
  readonly count: number
  /** of those, by real server */
  readonly reals: readonly number[]
  /** of those, how many were timed */
  readonly packets: number
  /** of the guest's one CPU from the end of one frame to the end of the one `packets` later */
  readonly instructions: number
}
