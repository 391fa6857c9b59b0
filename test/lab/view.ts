// SPDX-License-Identifier: Apache-2.0
// What a director shows of itself, and what the kernel shows of its interfaces.
import type { Listing, NexthopRow, RealRow, ReasonRow } from '../../src/api/contract.js'
import type { Director, Lab } from './index.js'

export async function rows<Row>(director: Director, ...words: readonly string[]): Promise<readonly Row[]> {
  return (await director.json<Listing<Row>>('show', ...words)).rows
}

export function realsOf(director: Director, ...service: readonly string[]): Promise<readonly RealRow[]> {
  return rows<RealRow>(director, 'reals', '--service', ...service)
}

/** Packets by reason; a reason that never came is 0. */
export async function reasons(director: Director): Promise<(reason: string) => number> {
  const counts = new Map((await rows<ReasonRow>(director, 'reasons')).map((row) => [row.reason, row.packets]))
  return (reason) => counts.get(reason) ?? 0
}

export async function nexthop(director: Director, address: string): Promise<NexthopRow | undefined> {
  return (await rows<NexthopRow>(director, 'nexthops')).find((row) => row.address === address)
}

/** 'xdp id 12', 'xdpgeneric id 12', or 'none'. */
export async function xdpOn(lab: Lab, namespace: string, name: string): Promise<string> {
  const shown = await lab.must(namespace, ['ip', '-details', 'link', 'show', 'dev', name])
  return /prog\/(xdp\w* id \d+)/.exec(shown)?.[1] ?? 'none'
}

/** Of one metric, by its labels. */
export async function metric(lab: Lab, namespace: string, address: string, name: string) {
  const page = await lab.must(namespace, ['curl', '-sS', '--fail', `http://${address}/metrics`])
  const samples = page
    .split('\n')
    .filter((line) => line.startsWith(`${name}{`) || line.startsWith(`${name} `))
  return (...labels: readonly string[]): number | undefined => {
    const sample = samples.find((line) => labels.every((label) => line.includes(label)))
    return sample === undefined ? undefined : Number(sample.slice(sample.lastIndexOf(' ') + 1))
  }
}
