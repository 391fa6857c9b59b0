// SPDX-License-Identifier: Apache-2.0
// All or nothing, on a host in memory that fails at each thing in turn.
import { dirname } from 'node:path'
import { describe, expect, it } from 'vitest'
import { carryOut, foldersFor, undo, type Work } from '../../../src/host/carry-out.js'
import type { Host } from '../../../src/host/host.js'
import { fail, succeed } from '../../../src/model/describe.js'
import { addDone, readDone } from '../../../src/realserver/done.js'
import { ARP_TABLE, replacing } from '../../../src/realserver/nft.js'
import type { Done, Step } from '../../../src/realserver/types.js'
import { VIP, WISH } from '../realserver/given.js'

const STATE = '/var/lib/xlvs/realserver.json'
const STEPS: readonly Step[] = [
  { kind: 'setting', key: 'net/ipv4/conf/all/arp_ignore', value: 1, was: 0 },
  { kind: 'rules', text: replacing('new rules'), was: 'old rules' },
  { kind: 'dummy', name: 'xlvs-vip' },
  { kind: 'address', address: VIP, prefix: 32, device: 'xlvs-vip' },
  { kind: 'file', path: '/etc/old', text: 'new text', mode: 0o644, was: 'old text' },
  { kind: 'file', path: '/etc/sysctl.d/new', text: 'text', mode: 0o644, was: null },
]

interface World {
  readonly settings: Map<string, number>
  readonly tables: Map<string, string>
  readonly addresses: Set<string>
  readonly files: Map<string, string>
  readonly folders: Set<string>
}

function world(): World {
  return {
    settings: new Map([['net/ipv4/conf/all/arp_ignore', 0]]),
    tables: new Map([[ARP_TABLE, replacing('old rules')]]),
    addresses: new Set(),
    files: new Map([['/etc/old', 'old text']]),
    folders: new Set(['/', '/etc', '/var']),
  }
}

/** A host in memory; `failing` is the number of the change that fails, from 1; `dying`, with all that come after it. */
function hostOf(it: World, failing = 0, dying = false): Host {
  let changes = 0
  const change = (act: () => void) => {
    if (++changes === failing || (dying && changes > failing)) throw new Error('no space')
    act()
  }
  return {
    privileged: true,
    ip: (words) => {
      const [object, verb] = words
      const name = words[words.indexOf('dev') + 1] ?? ''
      if (verb === 'show') return it.addresses.has(`${words.at(-1)} ${name}`) ? 'here' : ''
      const seen = `net/ipv4/conf/${name}/arp_ignore`
      change(() => {
        if (object === 'address' && verb === 'add') it.addresses.add(`${words[2]} ${name}`)
        else if (object === 'address') it.addresses.delete(`${words[2]} ${name}`)
        else if (verb === 'add') it.settings.set(seen, 0)
        else if (verb === 'delete') {
          it.settings.delete(seen)
          for (const held of it.addresses) if (held.endsWith(` ${name}`)) it.addresses.delete(held)
        }
      })
      return ''
    },
    nft: ([verb], input) => {
      if (verb === 'list') return it.tables.has(ARP_TABLE) ? `table arp ${ARP_TABLE}\n` : ''
      change(() => (verb === 'delete' ? it.tables.delete(ARP_TABLE) : it.tables.set(ARP_TABLE, `${input}`)))
      return ''
    },
    setting: (key) => it.settings.get(key),
    set: (key, value) => change(() => it.settings.set(key, value)),
    exists: (path) => it.folders.has(path) || it.files.has(path),
    read: (path) => it.files.get(path),
    write: (path, text) => {
      for (let folder = dirname(path); !it.folders.has(folder); folder = dirname(folder))
        it.folders.add(folder)
      change(() => it.files.set(path, text))
    },
    remove: (path) => change(() => it.files.delete(path)),
    removeFolder: (path) => {
      if (![...it.files.keys(), ...it.folders].some((one) => one.startsWith(`${path}/`)))
        it.folders.delete(path)
    },
    list: () => [],
  }
}

function workOn(host: Host, verify: Work['verify'] = () => succeed(undefined)): Work {
  const folders = foldersFor(host, [STATE, '/etc/old', '/etc/sysctl.d/new'])
  const done = addDone(undefined, WISH, 'none', { steps: STEPS, folders })
  return { steps: STEPS, stateFile: STATE, before: undefined, done, folders, verify }
}

describe('carrying out', () => {
  it('does every step, and undo takes every one back', () => {
    const it = world()
    const host = hostOf(it)
    expect(carryOut(host, workOn(host))).toEqual(succeed(undefined))
    expect(it.addresses).toEqual(new Set([`${VIP}/32 xlvs-vip`]))
    expect(it.files.get('/etc/old')).toBe('new text')
    const done = readDone(it.files.get(STATE) ?? '', STATE) as { value: Done }
    const undone = undo(host, STATE, done.value)
    expect(undone.ok && undone.value.every(({ left }) => left === undefined)).toBe(true)
    expect(it).toEqual(world())
  })

  it.each([1, 2, 3, 4, 5, 6, 7, 8])(
    'leaves all as it was when change %i fails, and says what failed',
    (failing) => {
      const it = world()
      const host = hostOf(it, failing)
      const outcome = carryOut(host, workOn(host))
      expect(outcome).toMatchObject({ ok: false, problems: [{ fix: 'nothing is changed' }] })
      expect(!outcome.ok && outcome.problems[0]?.reason).toMatch(/^\S.*: no space$/)
      expect(it).toEqual(world())
    },
  )

  it.each([3, 4, 5, 6, 7])(
    'that dies at change %i, or cannot be taken back, can be undone later',
    (failing) => {
      const it = world()
      const host = hostOf(it, failing, true)
      const work = workOn(host)
      const outcome = carryOut(host, work)
      expect(outcome).toMatchObject({ ok: false, problems: [{ fix: expect.stringContaining('--undo') }] })
      expect(readDone(it.files.get(STATE) ?? '', STATE)).toMatchObject({ ok: true, value: work.done })
      expect(undo(hostOf(it), STATE, work.done).ok).toBe(true)
      expect(it).toEqual(world())
    },
  )

  it('leaves all as it was when the result is not right', () => {
    const it = world()
    const host = hostOf(it)
    const outcome = carryOut(
      host,
      workOn(host, () => fail({ reason: 'dadfailed' })),
    )
    expect(outcome).toEqual(fail({ reason: 'dadfailed' }))
    expect(it).toEqual(world())
  })

  it('puts the state file of an earlier apply back', () => {
    const it = world()
    it.files.set(STATE, 'earlier')
    it.folders.add('/var/lib').add('/var/lib/xlvs')
    const host = hostOf(it, 4)
    expect(carryOut(host, { ...workOn(host), before: 'earlier' }).ok).toBe(false)
    expect(it.files.get(STATE)).toBe('earlier')
  })
})

describe('undoing', () => {
  it('leaves what somebody else has changed since, and says so', () => {
    const it = world()
    const host = hostOf(it)
    const work = workOn(host)
    carryOut(host, work)
    it.settings.set('net/ipv4/conf/all/arp_ignore', 2)
    it.files.set('/etc/old', 'theirs')
    it.addresses.clear()
    const undone = undo(host, STATE, work.done)
    expect(undone.ok && undone.value.flatMap(({ left }) => left ?? [])).toEqual([
      '/etc/old has been changed since; it stays',
      'net.ipv4.conf.all.arp_ignore has been set to 2 since; it stays',
    ])
    expect(it.files).toEqual(new Map([['/etc/old', 'theirs']]))
  })

  it('keeps the state file when something cannot be taken back', () => {
    const it = world()
    const work = workOn(hostOf(it))
    carryOut(hostOf(it), work)
    const undone = undo(hostOf(it, 3), STATE, work.done)
    expect(undone).toMatchObject({ ok: false, problems: [{ reason: 'failed: no space' }] })
    expect(it.files.has(STATE)).toBe(true)
    expect(undo(hostOf(it), STATE, work.done).ok).toBe(true)
    expect(it).toEqual(world())
  })
})
