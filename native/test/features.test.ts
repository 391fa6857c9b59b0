// SPDX-License-Identifier: Apache-2.0
import { execFileSync } from 'node:child_process'
import { cpSync, mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { describe, expect, onTestFinished, test } from 'vitest'
import { features, jiffyNs, libbpfVersion, possibleCpus } from '../src/index.js'
import { objectFiles } from './children.js'
import { openDescriptors } from './lab.js'

const objectFile = objectFiles('basic')

describe('on a kernel that has everything', () => {
  test.each([
    ['capabilities', features.capabilities()],
    ['mmap-able arrays', features.mmapableArrays()],
    ['batches', features.batches()],
    ['XDP links', features.xdpLink()],
    ['tcx links', features.tcxLink()],
    ['network namespace links', features.netnsLink()],
    ['live frames', features.liveFrames()],
    ['kernel types', features.kernelTypes()],
    ['the compiler', features.jit()],
    ['ring buffers', features.mapType('ringbuf')],
    ['syscall programs', features.program('syscall')],
    ['bpf_map_lookup_elem in XDP', features.helper('xdp', 1)],
  ])('%s: yes', (_, answer) => {
    expect(answer).toEqual({ ok: true })
  })

  test('asking leaves no descriptor behind', () => {
    const before = openDescriptors()
    for (const ask of [features.xdpLink, features.batches, features.mmapableArrays, features.liveFrames])
      ask()
    expect(openDescriptors()).toBe(before)
  })
})

describe('a no', () => {
  test('says what is needed and why', () => {
    expect(features.bpfFileSystem('/tmp')).toEqual({
      ok: false,
      needs: 'mount -t bpf bpf /tmp',
      why: '/tmp is not a BPF file system',
    })
    expect(features.bpfFileSystem('/nowhere')).toMatchObject({ ok: false, why: 'there is no /nowhere' })
    const storeBytes = 9 // belongs to tc, not to XDP
    expect(features.helper('xdp', storeBytes)).toMatchObject({
      ok: false,
      why: expect.stringMatching(/^kernel \S+ does not know helper 9 in programs of type xdp$/),
    })
  })

  test('tells helpers of one type of program from those of another', () => {
    const redirectMap = 51
    expect(features.helper('xdp', redirectMap).ok).toBe(true)
    expect(features.helper('sched_cls', redirectMap).ok).toBe(false)
    expect(features.helper('sk_lookup', 124).ok).toBe(true)
    expect(features.helper('xdp', 99_999).ok).toBe(false)
    expect(() => features.helper('lsm', 1)).toThrow(TypeError)
  })

  test('of a type nobody knows is a TypeError', () => {
    expect(() => features.mapType('hashh')).toThrow(TypeError)
    expect(() => features.program('xpd')).toThrow(TypeError)
  })

  test('without privilege names the capabilities, and opening an object still works', () => {
    const directory = mkdtempSync(join(tmpdir(), 'libbpf-ts-plain-'))
    onTestFinished(() => rmSync(directory, { recursive: true }))
    const home = join(import.meta.dirname, '..')
    for (const part of ['dist', 'build/Release/libbpf_ts.node', 'test/programs', 'package.json']) {
      cpSync(join(home, part), join(directory, part), { recursive: true })
    }
    cpSync(objectFile('basic'), join(directory, 'basic.o'))
    execFileSync('chmod', ['-R', 'a+rX', directory])
    const answers = JSON.parse(
      execFileSync(
        'setpriv',
        [
          '--reuid=65534',
          '--regid=65534',
          '--clear-groups',
          process.execPath,
          join(directory, 'test/programs/unprivileged.mjs'),
          join(directory, 'basic.o'),
        ],
        { encoding: 'utf8' },
      ),
    )
    const missing = {
      ok: false,
      needs: 'CAP_BPF + CAP_NET_ADMIN + CAP_PERFMON',
      why: 'this process runs without CAP_BPF, CAP_NET_ADMIN, CAP_PERFMON',
    }
    expect(answers.capabilities).toEqual(missing)
    for (const name of ['xdpLink', 'tcxLink', 'netnsLink', 'liveFrames', 'batches']) {
      expect([name, answers[name]]).toEqual([name, missing])
    }
    expect(answers.mapType).toMatchObject({ ok: false, needs: 'CAP_BPF + CAP_NET_ADMIN' })
    expect(answers.program.ok).toBe(false)
    expect(answers.create).toBe('EPERM')
    expect(answers.maps).toBe(5)
  })
})

test('the number of possible CPUs and the version of libbpf are known', () => {
  expect(possibleCpus()).toBeGreaterThanOrEqual(1)
  expect(libbpfVersion()).toMatch(/^v1\.\d+$/)
})

test('the length of a jiffy is one that a kernel can be built with', () => {
  expect([100, 250, 300, 1000].map((hz) => Math.round(1e9 / hz))).toContain(jiffyNs())
})
