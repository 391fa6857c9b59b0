// SPDX-License-Identifier: Apache-2.0
// Targets, marks, filters and sockets of the probes, in a namespace of the test's own.
import { afterEach, beforeEach, expect, test } from 'vitest'
import { type Lab, openLab } from '../../src/demo/lab/lab.js'
import { type Prober, proberIn } from '../lab/prober.js'

const OBJECT = new URL('../../build/bpf/probe.bpf.o', import.meta.url).pathname
const [VIP, REAL, OTHER] = ['192.0.2.10', '192.0.2.21', '192.0.2.22']

let lab: Lab
let director: string
let prober: Prober

/** eth0 192.0.2.2 -- eth0 */
beforeEach(async () => {
  lab = openLab('xlvs-probes')
  const [here, there] = (await lab.namespaces(['director', 'wire'])) as [string, string]
  director = here
  await lab.must(undefined, ip(`link add eth0 netns ${here} type veth peer name eth0 netns ${there}`))
  for (const device of ['lo', 'eth0']) await lab.must(here, ip(`link set ${device} up`))
  await lab.must(there, ip('link set eth0 up'))
  await lab.must(here, ip('address add 192.0.2.2/24 dev eth0'))
  prober = proberIn(director)
  expect(await prober.open({ pinRoot: lab.pinRoot })).toEqual({ ok: true })
})
afterEach(async () => {
  await prober.close()
  await lab.close()
})

const ip = (words: string) => ['ip', ...words.split(' ')]
const tc = (words: string) => lab.must(director, ['tc', ...words.split(' ')])

test('a pair has one mark as long as anyone uses it, and another pair another', async () => {
  const mark = await prober.target(VIP, REAL)
  expect(await prober.target(VIP, REAL)).toBe(mark)
  expect(await prober.target(VIP, OTHER)).not.toBe(mark)
  await prober.release(mark)
  expect(await prober.target(VIP, REAL)).toBe(mark)
  await prober.release(mark)
  await prober.release(mark)
  // its last packets may be on their way
  expect(await prober.target(VIP, REAL)).not.toBe(mark)
})

test('a mark that is given back opens no socket', async () => {
  const mark = await prober.target(VIP, REAL)
  await prober.release(mark)
  await expect(prober.tcp({ mark, address: REAL, port: 80 })).rejects.toThrow(
    `mark ${mark} is not that of a target`,
  )
})

test('a VIP and a real server of different families are no pair', async () => {
  await expect(prober.target('2001:db8::10', REAL)).rejects.toThrow(
    `a check cannot travel through 2001:db8::10 to ${REAL}: they are of different families`,
  )
})

test('a host that has nothing but the VIP is told so', async () => {
  await lab.must(director, ip('address del 192.0.2.2/24 dev eth0'))
  await lab.must(director, ip(`address add ${VIP}/24 dev eth0`))
  const mark = await prober.target(VIP, REAL)
  await expect(prober.tcp({ mark, address: REAL, port: 80 })).rejects.toThrow(
    `this host has no address but VIPs to ask ${REAL} from`,
  )
})

test('the trial on the loopback leaves nothing there', async () => {
  expect(await tc('qdisc show dev lo')).not.toContain('clsact')
})

test("another's filter in our place stays, and is named", async () => {
  await tc('qdisc add dev eth0 clsact')
  await tc(`filter add dev eth0 egress pref 20 handle 0x584c bpf da obj ${OBJECT} sec tc`)
  const refused = await prober.attach(['eth0'])
  expect(refused).toMatchObject({ ok: false, problems: [{ subject: 'eth0' }] })
  expect(JSON.stringify(refused)).toContain(
    'the place is taken by a filter of kind bpf named probe.bpf.o:[tc]',
  )
  expect(await tc('filter show dev eth0 ingress')).not.toContain('xlvs_probe')
  expect(await tc('filter show dev eth0 egress')).toContain('probe.bpf.o:[tc]')
})

test('what somebody took off is put back when the interfaces are named again', async () => {
  expect(await prober.attach(['eth0'])).toEqual({ ok: true })
  await tc('qdisc del dev eth0 clsact')
  expect(await prober.attach(['eth0'])).toEqual({ ok: true })
  for (const direction of ['ingress', 'egress'])
    expect(await tc(`filter show dev eth0 ${direction}`)).toContain('xlvs_probe')
})

test('an interface that is gone is forgotten', async () => {
  expect(await prober.attach(['eth0'])).toEqual({ ok: true })
  await lab.must(director, ip('link del eth0'))
  expect(await prober.attach([])).toEqual({ ok: true })
})
