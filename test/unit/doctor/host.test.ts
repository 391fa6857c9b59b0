// SPDX-License-Identifier: Apache-2.0
// The host around the daemon: its clock, and how many files it lets the daemon open.
import { describe, expect, it } from 'vitest'
import { judgeHost, lookAtHost, readOpenFiles } from '../../../src/doctor/host.js'
import { succeed } from '../../../src/model/describe.js'
import { facts } from './given.js'
import { world } from './world.js'

const LIMITS = `Limit                     Soft Limit           Hard Limit           Units
Max processes             7000                 7000                 processes
Max open files            1024                 524288               files
`

describe('the clock', () => {
  it.each([
    ['yes\n', true, 'green'],
    ['no\n', false, 'yellow'],
    [undefined, undefined, 'green'],
    ['', undefined, 'green'],
  ])('timedatectl says %j', async (said, synchronised, level) => {
    const host = await lookAtHost(world({ run: async () => said }), undefined, 0)
    expect(host).toEqual({ synchronised, files: undefined })
    expect(judgeHost(facts({ host }))).toMatchObject([{ check: 'clock', level }])
  })
})

describe('open files', () => {
  it('are read as the kernel writes them', () => {
    expect(readOpenFiles(LIMITS)).toBe(1024)
    expect(readOpenFiles(LIMITS.replace('1024 ', 'unlimited '))).toBe(Number.POSITIVE_INFINITY)
    expect(readOpenFiles('nothing')).toBeUndefined()
  })

  it('are enough for a few checks, and too few for thousands; then the command fits how it was started', async () => {
    const asked: string[] = []
    const read = async (path: string) => {
      asked.push(path)
      return succeed(LIMITS)
    }
    const few = await lookAtHost(world({ read, run: async () => undefined }), 42, 10)
    expect(asked).toEqual(['/proc/42/limits'])
    expect(judgeHost(facts({ host: few }))).toMatchObject([{}, { check: 'limits', level: 'green' }])
    const many = await lookAtHost(world({ read, run: async () => undefined }), 42, 100_000)
    expect(many.files).toEqual({ most: 1024, needed: 4096 + 256 })
    expect(judgeHost(facts({ host: many, unit: 'xlvs.service' }))[1]).toMatchObject({
      level: 'red',
      fix: 'systemctl edit xlvs.service',
      advice: 'LimitNOFILE=4352',
    })
    expect(judgeHost(facts({ host: many, unit: undefined }))[1]).toMatchObject({
      level: 'red',
      advice: expect.stringContaining('ulimit -n 4352'),
    })
  })
})
