// SPDX-License-Identifier: Apache-2.0
import { execFileSync } from 'node:child_process'
import { afterAll, afterEach, describe, expect, test } from 'vitest'
import {
  BpfError,
  type BpfProgram,
  detachTc,
  interfaceIndex,
  loadInstructions,
  openObject,
  openTcHook,
  queryTc,
  removeClsact,
} from '../src/index.js'
import { bpfObject, thrownBy, vethPair } from './lab.js'

const veth = vethPair('t')
const object = openObject(bpfObject('hooks')).load()
const program = object.program('on_tc')
const newer = openObject(bpfObject('hooks')).load().program('on_tc')
const other = named('a_long_name_that_the_kernel_cuts')
const place = { handle: 0x7a, priority: 77 }
afterAll(() => {
  for (const handle of [program, newer, other, object]) handle.close()
})
afterEach(() => {
  if (qdiscs().includes('clsact')) execFileSync('tc', ['qdisc', 'del', 'dev', veth.nearName, 'clsact'])
})

/** Returns TC_ACT_OK. */
function named(name: string): BpfProgram {
  const instructions = Uint8Array.of(0xb7, 0, 0, 0, 0, 0, 0, 0, 0x95, 0, 0, 0, 0, 0, 0, 0)
  return loadInstructions({ name, type: 'sched_cls', instructions })
}

function qdiscs(): string {
  return execFileSync('tc', ['qdisc', 'show', 'dev', veth.nearName], { encoding: 'utf8' })
}

const mine = (of: BpfProgram) => ({ kind: 'bpf', ...place, programId: of.id, name: `on_tc:[${of.id}]` })

describe('a tc hook', () => {
  test('makes the qdisc where there is none, and says so once', () => {
    expect(openTcHook(veth.near, 'egress').made).toBe(true)
    expect(openTcHook(veth.near, 'ingress').made).toBe(false)
    expect(qdiscs()).toContain('clsact')
  })

  test.each(['ingress', 'egress'] as const)('takes a program on its %s side only', (direction) => {
    const hook = openTcHook(veth.near, direction)
    expect(hook.query(place)).toBeUndefined()
    hook.attach(program, place)
    expect(hook.query(place)).toEqual(mine(program))
    expect(queryTc(veth.near, direction)).toEqual([mine(program)])
    expect(queryTc(veth.near, direction === 'ingress' ? 'egress' : 'ingress')).toEqual([])
    expect(hook.detach(program, place)).toBe(true)
    expect(hook.detach(program, place)).toBe(false)
    expect(queryTc(veth.near, direction)).toEqual([])
  })

  test('replaces the filter of a process that went, found by its name', () => {
    openTcHook(veth.near, 'egress').attach(program, place)
    const again = openTcHook(veth.near, 'egress')
    again.attach(newer, place)
    expect(queryTc(veth.near, 'egress')).toEqual([mine(newer)])
    expect(detachTc(veth.near, 'egress', place, 'on_tc')).toBe(true)
    expect(queryTc(veth.near, 'egress')).toEqual([])
  })

  test("never takes another's place, and never takes another's filter off", () => {
    const hook = openTcHook(veth.near, 'ingress')
    hook.attach(other, place)
    const error = thrownBy(BpfError, () => hook.attach(program, place))
    expect(error).toMatchObject({ operation: 'attach tc', code: 'EEXIST', errno: 17 })
    expect(error.message).toBe(
      `attach tc 'on_tc' to interface ${veth.near} (ingress): File exists (EEXIST): ` +
        `the place is taken by a filter of kind bpf named a_long_name_tha:[${other.id}]`,
    )
    expect(hook.detach(program, place)).toBe(false)
    expect(detachTc(veth.near, 'ingress', place, 'on_tc')).toBe(false)
    expect(hook.query(place)?.programId).toBe(other.id)
    hook.attach(other, place)
    expect(hook.detach(other, place)).toBe(true)
  })

  test('shares the hook: filters run by priority, and each leaves alone', () => {
    const hook = openTcHook(veth.near, 'egress')
    hook.attach(other, { handle: 5, priority: 100 })
    hook.attach(program, place)
    expect(queryTc(veth.near, 'egress').map(({ priority }) => priority)).toEqual([77, 100])
    hook.detach(program, place)
    expect(queryTc(veth.near, 'egress')).toMatchObject([{ handle: 5, priority: 100, programId: other.id }])
  })

  test('refuses what does not fit', () => {
    using drop = openObject(bpfObject('basic')).load().program('drop')
    const hook = openTcHook(veth.near, 'egress')
    expect(thrownBy(BpfError, () => hook.attach(drop, place)).code).toBe('EINVAL')
    expect(thrownBy(BpfError, () => openTcHook(2_000_000_000, 'egress'))).toMatchObject({
      operation: 'add clsact',
      code: 'ENODEV',
      message: 'add clsact interface 2000000000: No such device (ENODEV)',
    })
    // @ts-expect-error: no such direction
    expect(() => openTcHook(veth.near, 'out')).toThrow(/^direction must be 'ingress' or 'egress', not 'out'$/)
    expect(() => hook.query({ handle: 0, priority: 1 })).toThrow(/^handle must be/)
    expect(() => hook.query({ handle: 1, priority: 65_536 })).toThrow(/^priority must be/)
  })
})

test('interfaces are found by name', () => {
  expect(interfaceIndex(veth.nearName)).toBe(veth.near)
  expect(interfaceIndex('a-name-longer-than-any')).toBeUndefined()
})

describe('the qdisc', () => {
  test('goes when nothing is on it any more', () => {
    const hook = openTcHook(veth.near, 'egress')
    hook.attach(program, place)
    expect(removeClsact(veth.near)).toBe(false)
    expect(qdiscs()).toContain('clsact')
    hook.detach(program, place)
    expect(removeClsact(veth.near)).toBe(true)
    expect(qdiscs()).not.toContain('clsact')
    expect(removeClsact(veth.near)).toBe(false)
  })

  test("stays with another's filter on the other side", () => {
    openTcHook(veth.near, 'ingress').attach(other, { handle: 9, priority: 9 })
    expect(removeClsact(veth.near)).toBe(false)
    expect(queryTc(veth.near, 'ingress')).toMatchObject([{ handle: 9, priority: 9 }])
  })

  test('where it is not, nothing is on its hooks', () => {
    expect(queryTc(veth.near, 'ingress')).toEqual([])
    expect(detachTc(veth.near, 'ingress', place, 'on_tc')).toBe(false)
    expect(qdiscs()).not.toContain('clsact')
  })
})
