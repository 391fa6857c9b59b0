// SPDX-License-Identifier: Apache-2.0
// Judgements of the machine: kernel, places, interfaces, offloads. Each has its green and what makes it worse.
import { describe, expect, it } from 'vitest'
import type { InterfaceFacts, Offload } from '../../../src/doctor/facts.js'
import { judgeInterfaces } from '../../../src/doctor/interfaces.js'
import { judgeKernel } from '../../../src/doctor/kernel.js'
import { judgeOffloads } from '../../../src/doctor/offloads.js'
import { judgePlaces } from '../../../src/doctor/places.js'
import { answering, device, facts, interfaceFacts, kernel, NO_DAEMON, of, real } from './given.js'

const no = (needs: string, why: string) => ({ ok: false, needs, why }) as const

describe('the kernel', () => {
  const judge = (different: Parameters<typeof kernel>[0]) => judgeKernel(facts({ kernel: kernel(different) }))

  it('that has everything is green', () => {
    const found = judge({})
    expect(found.map(({ level }) => level)).toEqual(['green', 'green', 'green', 'green'])
    expect(of(found, 'kernel')[0]?.says).toContain('ticks every 4 ms')
  })

  it('that lacks a feature is red, and says which kernel has it', () => {
    const found = judge({ programs: [{ ok: true }, no('kernel 5.9', 'kernel 5.4 does not know XDP links')] })
    expect(of(found, 'kernel')).toMatchObject([
      { level: 'red', says: 'kernel 5.4 does not know XDP links', advice: expect.stringContaining('5.18') },
    ])
  })

  it('is not judged without capabilities, whose lack is red', () => {
    const capabilities = no('CAP_BPF', 'this process runs without CAP_BPF')
    const found = judge({ capabilities, programs: undefined })
    expect(of(found, 'capabilities')).toMatchObject([{ level: 'red', fix: 'sudo xlvs doctor' }])
    expect(of(found, 'kernel')).toMatchObject([{ level: 'yellow' }])
  })

  it('without a BPF file system is red, and is told how to mount it', () => {
    const found = judge({ bpfFileSystem: no('mount -t bpf bpf /sys/fs/bpf', 'not one') })
    expect(of(found, 'bpffs')).toMatchObject([{ level: 'red', fix: 'mount -t bpf bpf /sys/fs/bpf' }])
  })

  it('with the compiler switched off is yellow; where the switch is not seen, that is said', () => {
    const off = judge({ jit: no('sysctl net.core.bpf_jit_enable=1', 'the compiler is switched off') })
    expect(of(off, 'jit')).toMatchObject([{ level: 'yellow', fix: 'sysctl -w net.core.bpf_jit_enable=1' }])
    const unseen = judge({ jit: no('CONFIG_BPF_JIT', 'there is no /proc/sys/…') })
    expect(of(unseen, 'jit')).toMatchObject([
      { level: 'green', says: expect.stringContaining('not checked') },
    ])
  })
})

describe('the places', () => {
  it('are green with a good file, a daemon and a directory for its state', () => {
    expect(judgePlaces(facts()).map(({ check, level }) => [check, level])).toEqual([
      ['config', 'green'],
      ['daemon', 'green'],
      ['state', 'green'],
    ])
  })

  it('without a daemon are yellow: what is attached forwards on, and the file starts one', () => {
    const found = judgePlaces(facts({ daemon: NO_DAEMON }))
    expect(of(found, 'daemon')).toMatchObject([
      { level: 'yellow', says: expect.stringContaining('forwards on'), fix: 'xlvs run -c /etc/xlvs/lb.yaml' },
    ])
    const never = judgePlaces(facts({ daemon: NO_DAEMON, file: undefined, kernel: kernel({ pinned: [] }) }))
    expect(of(never, 'daemon')[0]?.says).toBe(NO_DAEMON.problem.reason)
    expect(of(never, 'daemon')[0]?.fix).toBeUndefined()
  })

  it('with a daemon that may not be asked are red', () => {
    const problem = { reason: 'no permission to use /run/x', fix: 'run as root' }
    const found = judgePlaces(facts({ daemon: { state: 'broken', problem } }))
    expect(of(found, 'daemon')).toMatchObject([{ level: 'red', says: problem.reason, advice: problem.fix }])
  })

  it('with a file that is wrong are red, one finding for each mistake, with its place', () => {
    const place = { file: 'lb.yaml', line: 3, column: 5 }
    const fileProblems = [{ place, reason: 'weight -1 is below 0', fix: 'use 0..9' }, { reason: 'b' }]
    expect(of(judgePlaces(facts({ fileProblems })), 'config')).toEqual([
      { check: 'config', level: 'red', says: 'lb.yaml:3:5: weight -1 is below 0', advice: 'use 0..9' },
      { check: 'config', level: 'red', says: 'b' },
    ])
  })

  const path = '/var/lib/x y'
  it.each([
    ['not-a-directory', 'red', `mv '${path}' '${path}.old' && install -d -m 700 '${path}'`],
    ['refused', 'red', undefined],
    ['forbidden', 'yellow', 'sudo xlvs doctor'],
  ] as const)('with a state directory that is %s are %s', (kind, level, fix) => {
    const stateDir = { path, fault: { kind, at: path, code: 'EROFS' } }
    const [found] = of(judgePlaces(facts({ stateDir })), 'state')
    expect(found).toMatchObject({ level, subject: path })
    expect(found?.fix).toBe(fix)
    const { stateDir: _, ...status } = answering().status
    expect(of(judgePlaces(facts({ stateDir, daemon: { ...answering(), status } })), 'state')).toEqual([])
  })
})

describe('an interface', () => {
  const judge = (different: Partial<InterfaceFacts>, rest: Parameters<typeof facts>[0] = {}) =>
    judgeInterfaces(facts({ interfaces: [interfaceFacts(different)], ...rest }))
  const hook = (mode: 'native' | 'generic' | 'offload', id: number) => ({ mode, id, name: '"other"' })

  it('that is up and carries xlvs is green', () => {
    expect(judge({}).map(({ level }) => level)).toEqual(['green', 'green'])
  })

  it.each([
    ['down', { up: false, carrier: false }, 'is down', 'ip link set dev eth0 up'],
    ['without carrier', { carrier: false }, 'has no carrier', undefined],
    ['not Ethernet', { mac: undefined }, 'is not an Ethernet interface', undefined],
  ])('%s is red', (_, different, says, fix) => {
    const [found] = of(judge({ device: device(different) }), 'interface')
    expect(found).toMatchObject({ level: 'red', subject: 'eth0', says })
    expect(found?.fix).toBe(fix)
  })

  it('that does not exist is red, and the nearest name is proposed', () => {
    expect(judge({ name: 'eht0', device: undefined })).toMatchObject([
      { level: 'red', advice: 'did you mean eth0?' },
    ])
  })

  it('none at all is red for a daemon, and no fault before the first start', () => {
    expect(judgeInterfaces(facts({ interfaces: [] }))).toMatchObject([{ level: 'red' }])
    expect(judgeInterfaces(facts({ interfaces: [], daemon: NO_DAEMON }))).toMatchObject([{ level: 'yellow' }])
  })

  it.each([
    ['native', 'xdpdrv'],
    ['generic', 'xdpgeneric'],
    ['offload', 'xdpoffload'],
  ] as const)("another one's program in %s mode is red, and taken off in that mode", (mode, kind) => {
    expect(of(judge({ device: device({ hooks: [hook(mode, 9)] }) }), 'program')).toMatchObject([
      {
        level: 'red',
        says: `another XDP program is on it: "other" (id 9, ${mode} mode)`,
        fix: `ip link set dev eth0 ${kind} off && xlvs attach eth0`,
      },
    ])
  })

  it('whose program cannot be told is not accused', () => {
    const capabilities = no('CAP_BPF', 'without')
    const there = { kernel: kernel({ capabilities, pinned: [] }), daemon: NO_DAEMON }
    expect(of(judge({}, there), 'program')).toMatchObject([{ level: 'yellow' }])
  })

  it('in generic mode is yellow', () => {
    expect(of(judge({ device: device({ hooks: [hook('generic', 7)] }) }), 'program')).toMatchObject([
      { level: 'yellow', advice: expect.stringContaining('xlvs detach eth0 && xlvs attach eth0') },
    ])
  })

  it('without xlvs is red when it should carry it, in its mode and at the same socket', () => {
    const words = { ask: " --socket '/s'", detach: '', run: '' }
    const bare = { device: device({ hooks: [] }) }
    expect(of(judge({ ...bare, wanted: 'generic' }, { words }), 'program')).toMatchObject([
      { level: 'red', fix: "xlvs attach eth0 --mode generic --socket '/s'" },
    ])
    expect(of(judge({ ...bare, wanted: undefined }), 'program')).toMatchObject([{ level: 'yellow' }])
    const before = { daemon: NO_DAEMON, kernel: kernel({ pinned: [] }) }
    expect(of(judge(bare, before), 'program')).toMatchObject([
      { level: 'yellow', fix: 'xlvs run -c /etc/xlvs/lb.yaml' },
    ])
  })
})

describe('offloads', () => {
  const on: Offload = { on: true, fixed: false }
  const judge = (different: Partial<InterfaceFacts>, rest: Parameters<typeof facts>[0] = {}) =>
    judgeOffloads(facts({ interfaces: [interfaceFacts(different)], ...rest }))
  const generic = device({ hooks: [{ mode: 'generic', id: 7, name: '"xlvs"' }] })

  it.each([
    [4, 4, 'green', undefined],
    [1, 1, 'green', undefined],
    [1, 8, 'yellow', 'ethtool -L eth0 combined 4'],
    [1, 2, 'yellow', 'ethtool -L eth0 combined 2'],
  ])('%i queues of %i for 4 CPUs are %s', (now, most, level, fix) => {
    const [found] = of(judge({ channels: { kind: 'combined', now, most } }), 'queues')
    expect(found?.level).toBe(level)
    expect(found?.fix).toBe(fix)
  })

  it.each(['large-receive-offload', 'rx-gro-hw'])(
    '%s is red beside native XDP, yellow beside generic',
    (name) => {
      const offloads = new Map([[name, on]])
      expect(of(judge({ offloads }), 'lro')).toMatchObject([
        { level: 'red', fix: `ethtool -K eth0 ${name} off` },
      ])
      expect(of(judge({ offloads, device: generic }), 'lro')).toMatchObject([{ level: 'yellow' }])
      expect(of(judge({}), 'lro')).toMatchObject([{ level: 'green' }])
      expect(of(judge({ offloads: undefined }), 'lro')).toMatchObject([{ says: 'not checked' }])
    },
  )

  it('GRO is yellow in generic mode and nobody’s business in native mode', () => {
    const offloads = new Map([['generic-receive-offload', on]])
    expect(of(judge({ offloads, device: generic }), 'gro')).toMatchObject([
      { level: 'yellow', fix: 'ethtool -K eth0 gro off' },
    ])
    expect(of(judge({ offloads }), 'gro')).toEqual([])
  })

  it('hidden VLAN tags are red when there are VLANs, yellow when there are none', () => {
    const offloads = new Map([['rx-vlan-offload', on]])
    const vlan = device({ name: 'eth0.5', index: 3, vlanOf: 2, hooks: [] })
    const there = { kernel: kernel({ devices: [device(), vlan] }) }
    expect(of(judge({ offloads }, there), 'vlan-offload')).toMatchObject([
      { level: 'red', says: expect.stringContaining('eth0.5'), fix: 'ethtool -K eth0 rxvlan off' },
    ])
    expect(of(judge({ offloads }), 'vlan-offload')).toMatchObject([{ level: 'yellow' }])
    const fixed = new Map([['rx-vlan-offload', { on: true, fixed: true }]])
    expect(of(judge({ offloads: fixed }), 'vlan-offload')[0]?.fix).toBeUndefined()
    const off = new Map([['rx-vlan-offload', { on: false, fixed: false }]])
    expect(of(judge({ offloads: off }), 'vlan-offload')).toMatchObject([{ level: 'green' }])
  })

  it('a way out that takes less than arrives is yellow', () => {
    const back = device({ name: 'eth1', index: 3, mtu: 1400, hooks: [] })
    const through = answering({}, [real({ nexthop: { state: 'up', interface: 'eth1' } })])
    const small = { kernel: kernel({ devices: [device(), back] }), daemon: through }
    expect(of(judge({}, small), 'mtu')).toMatchObject([
      { level: 'yellow', subject: 'eth1', fix: 'ip link set dev eth1 mtu 1500' },
    ])
    expect(of(judge({}), 'mtu')).toMatchObject([{ level: 'green' }])
  })
})
