// SPDX-License-Identifier: Apache-2.0
import { expect, it } from 'vitest'
import { createProbing, type ProbePath } from '../../../src/daemon/probing.js'
import { fail, succeed } from '../../../src/model/describe.js'
import type { Outcome } from '../../../src/model/types.js'

/** A path that cannot be attached to interfaces that begin with 'bad'. */
function path(calls: string[]): ProbePath {
  return {
    target: () => succeed(7),
    release: () => {},
    attach: (interfaces): Outcome<void> => {
      calls.push(interfaces.join('+'))
      return interfaces.some((name) => name.startsWith('bad')) ? fail({ reason: 'no' }) : succeed(undefined)
    },
    socket: () => succeed(3),
    close: () => void calls.push('closed'),
  }
}

it('questions go through the VIP where every interface takes the programs, and are told otherwise once', () => {
  const calls: string[] = []
  const said: string[] = []
  const probing = createProbing(
    () => succeed(path(calls)),
    (line) => said.push(line),
  )
  expect(probing.use(['eth0'])).toBe(true)
  expect(probing.use(['eth0'])).toBe(true)
  expect(probing.use(['eth0', 'bad1'])).toBe(false)
  expect(probing.use(['eth0', 'bad1'])).toBe(false)
  expect(probing.use(['eth0'])).toBe(true)
  expect(calls).toEqual(['eth0', 'eth0+bad1', 'eth0+bad1', 'eth0'])
  expect(said).toEqual(['health checks ask the real servers at their own addresses, not through the VIP: no'])
  probing.close()
  expect(calls.at(-1)).toBe('closed')
})

it('a kernel that cannot is asked once', () => {
  let opened = 0
  const said: string[] = []
  const open = () => {
    opened++
    return fail({ reason: 'no tc' })
  }
  const probing = createProbing(open, (line) => said.push(line))
  expect([probing.use(['eth0']), probing.use(['eth1'])]).toEqual([false, false])
  expect(probing.path.target('192.0.2.10', '192.0.2.21').ok).toBe(false)
  expect([opened, said.length]).toEqual([1, 1])
  probing.close()
})
