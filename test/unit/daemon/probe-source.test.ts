// SPDX-License-Identifier: Apache-2.0
// A question through a VIP never comes from the VIP.
import { expect, it } from 'vitest'
import { fromOwnAddress, type OwnAddress, sourceFor } from '../../../src/daemon/probe-source.js'
import type { Ask, AskWorld, Way } from '../../../src/health/types.js'
import type { Check } from '../../../src/model/checks.js'

const own = (cidr: string): OwnAddress => {
  const address = cidr.split('/')[0] as string
  return { address, cidr, family: address.includes(':') ? 'IPv6' : 'IPv4' }
}
const ADDRESSES = [
  '127.0.0.1/8',
  '192.0.2.10/24',
  '192.0.2.2/24',
  '2001:db8::10/128',
  '2001:db8::2/64',
  'fe80::1/64',
].map(own)

it.each([
  ['192.0.2.21', '192.0.2.10', '192.0.2.2'],
  ['2001:db8::21', '2001:db8::10', '2001:db8::2'],
  // the VIP of another network
  ['192.0.2.21', '198.51.100.10', '192.0.2.10'],
  // behind a router
  ['198.51.100.21', '192.0.2.10', undefined],
  ['2001:db8:1::21', '2001:db8::10', undefined],
])('for %s by way of %s: %s', (real, vip, source) => {
  expect(sourceFor(real, vip, ADDRESSES)).toBe(source)
})

it('is the operator’s where one is wished, and the kernel’s where the VIP is not asked; addresses are not read for each', async () => {
  const ways: Way[] = []
  let reads = 0
  let at = 0
  const note: Ask<Check> = async (_, way) => {
    ways.push(way)
    return { ok: true, tookMs: 1 } as unknown as Awaited<ReturnType<Ask<Check>>>
  }
  const ask = fromOwnAddress(
    note,
    () => {
      reads++
      return ADDRESSES
    },
    () => at,
  )
  const world = { names: { vip: '2001:db8::10' } } as unknown as AskWorld
  const way: Way = { address: '2001:db8::21', port: 80 }
  const check = {} as Check
  for (const one of [way, { ...way, mark: 7 }, { ...way, mark: 7, bind: '2001:db8::3' }])
    await ask(check, one, world)
  expect(ways.map(({ bind }) => bind)).toEqual([undefined, '2001:db8::2', '2001:db8::3'])
  at += 500
  await ask(check, { ...way, mark: 7 }, world)
  expect(reads).toBe(1)
  at += 501
  await ask(check, { ...way, mark: 7 }, world)
  expect(reads).toBe(2)
})
