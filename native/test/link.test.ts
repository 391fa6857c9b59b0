// SPDX-License-Identifier: Apache-2.0
import { existsSync } from 'node:fs'
import { afterAll, describe, expect, test } from 'vitest'
import {
  attachNetns,
  attachTcx,
  attachXdp,
  BpfError,
  openLink,
  openLinkById,
  openObject,
  openXdpLink,
  queryTcx,
  queryXdp,
} from '../src/index.js'
import { bpfObject, pins, thrownBy, vethPair } from './lab.js'

const pinAt = pins('link')
const veth = vethPair('l')
const object = openObject(bpfObject('basic')).load()
const count = object.program('count')
const drop = object.program('drop')
const hooks = openObject(bpfObject('hooks')).load()
afterAll(() => {
  for (const handle of [count, drop, object, hooks]) handle.close()
})

const none = { mode: 'none', programId: 0, programs: [] }

describe('an XDP link', () => {
  test.each(['native', 'generic'] as const)('attaches in %s mode, and closing detaches', (mode) => {
    const link = attachXdp(drop, veth.near, { mode })
    expect(link.info()).toEqual({
      id: expect.any(Number),
      type: 'xdp',
      programId: drop.id,
      ifindex: veth.near,
    })
    expect(queryXdp(veth.near)).toEqual({ mode, programId: drop.id, programs: [{ mode, id: drop.id }] })
    link.close()
    expect(queryXdp(veth.near)).toEqual(none)
  })

  test('finds the hook taken', () => {
    using _link = attachXdp(drop, veth.near, { mode: 'native' })
    const error = thrownBy(BpfError, () => attachXdp(count, veth.near, { mode: 'native' }))
    expect(error).toMatchObject({ operation: 'attach xdp', code: 'EBUSY', errno: 16 })
    expect(error.message).toBe(
      `attach xdp 'count' to interface ${veth.near} (native): Device or resource busy (EBUSY)`,
    )
  })

  test('says that a mode is not there', () => {
    expect(thrownBy(BpfError, () => attachXdp(drop, 1, { mode: 'offload' })).code).toBe('EOPNOTSUPP')
    // @ts-expect-error: no such mode
    expect(() => attachXdp(drop, veth.near, { mode: 'fast' })).toThrow(/^mode must be 'native', 'generic'/)
  })

  test('replaces its program, and only the one expected', () => {
    using link = attachXdp(drop, veth.near, { mode: 'native' })
    link.update(count)
    expect(queryXdp(veth.near).programId).toBe(count.id)
    expect(thrownBy(BpfError, () => link.update(drop, drop))).toMatchObject({
      operation: 'link update',
      code: 'EPERM',
    })
    link.update(drop, count)
    expect(link.info().programId).toBe(drop.id)
  })

  test('stays through its pin, and ends with detach', () => {
    const path = pinAt('xdp')
    const link = attachXdp(drop, veth.near, { mode: 'native' })
    link.pin(path)
    link.close()
    expect(queryXdp(veth.near).programId).toBe(drop.id)
    using again = openXdpLink(path)
    using byId = openLinkById(again.info().id)
    expect(byId.info()).toEqual(again.info())
    again.detach()
    expect(queryXdp(veth.near)).toEqual(none)
    expect(again.info().ifindex).toBe(0)
    expect(thrownBy(BpfError, () => again.update(count)).code).toBe('ENOLINK')
    again.unpin(path)
    expect(existsSync(path)).toBe(false)
  })

  test('refuses interfaces and programs that do not fit', () => {
    expect(thrownBy(BpfError, () => attachXdp(drop, 2_000_000_000, { mode: 'generic' })).code).toBe('ENODEV')
    using tc = hooks.program('on_tc')
    expect(thrownBy(BpfError, () => attachXdp(tc, veth.near, { mode: 'generic' })).code).toBe('EINVAL')
    expect(thrownBy(BpfError, () => queryXdp(2_000_000_000)).code).toBe('ENODEV')
  })

  test('is closed once, whatever is called afterwards', () => {
    const link = attachXdp(drop, veth.near, { mode: 'native' })
    link.close()
    link.close()
    for (const call of [() => link.fd, () => link.info(), () => link.update(count), () => link.detach()]) {
      expect(call).toThrow(new Error('link is closed'))
    }
  })
})

describe('a tcx link', () => {
  test('attaches on both sides of an interface, next to others', () => {
    using tc = hooks.program('on_tc')
    using link = attachTcx(tc, veth.near, 'ingress')
    using other = hooks.program('on_tc')
    using egress = attachTcx(other, veth.near, 'egress')
    expect(link.info()).toMatchObject({ type: 'tcx', programId: tc.id, ifindex: veth.near })
    expect(queryTcx(veth.near, 'ingress')).toEqual([tc.id])
    expect(queryTcx(veth.near, 'egress')).toEqual([tc.id])
    egress.close()
    expect(queryTcx(veth.near, 'egress')).toEqual([])
    expect(thrownBy(BpfError, () => attachTcx(drop, veth.near, 'ingress')).code).toBe('EINVAL')
  })
})

describe('a network namespace link', () => {
  test('attaches a socket lookup program', () => {
    const path = pinAt('netns')
    using lookup = hooks.program('on_lookup')
    using link = attachNetns(lookup, '/proc/self/ns/net')
    expect(link.info()).toMatchObject({ type: 'netns', programId: lookup.id, ifindex: 0 })
    link.pin(path)
    using again = openLink(path)
    expect(again.info()).toEqual(link.info())
    expect(() => openXdpLink(path)).toThrow(new TypeError(`${path} is not an XDP link (it is of type netns)`))
    again.unpin(path)
  })

  test('refuses programs of other kinds, and paths that are no namespace', () => {
    expect(() => attachNetns(drop, '/proc/self/ns/net')).toThrow(/^program must be of type sk_lookup/)
    using lookup = hooks.program('on_lookup')
    expect(thrownBy(BpfError, () => attachNetns(lookup, '/dev/null')).code).toBe('EINVAL')
  })
})
