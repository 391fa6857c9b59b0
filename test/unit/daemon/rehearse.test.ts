// SPDX-License-Identifier: Apache-2.0
// A plan over a real engine and a datapath in memory: nothing is carried out, whatever the file says.
import { describe, expect, it } from 'vitest'
import { readPlanRequest } from '../../../src/api/parse.js'
import { createEngine } from '../../../src/daemon/engine.js'
import { rehearse } from '../../../src/daemon/rehearse.js'
import type { Source } from '../../../src/daemon/source.js'
import { NO_STATE } from '../../../src/daemon/state.js'
import { NO_RUNTIME, NOTHING_OBSERVED, type Runtime } from '../../../src/daemon/store.js'
import type { ConnEntry, Datapath } from '../../../src/datapath/types.js'
import { formatProblem, succeed } from '../../../src/model/describe.js'
import type { Preview } from '../../../src/model/preview.js'
import type { Outcome } from '../../../src/model/types.js'
import { baseOf, fileService } from './given.js'
import { type MemoryOptions, memoryDatapath } from './memory.js'

const FILE: Source = { kind: 'file', path: '/etc/xlvs/lb.yaml' }
const SAME = `interfaces: [eth0]
services:
  - {vip: "192.0.2.10:80", scheduler: wrr, reals: [192.0.2.21, {address: 192.0.2.22, weight: 3}]}
`

interface Given extends MemoryOptions {
  readonly runtime?: Partial<Runtime>
  readonly conns?: readonly Partial<ConnEntry>[]
}

/** The base of given.ts in force, with what was asked for since. */
async function begun({ runtime, conns = [], ...options }: Given = {}) {
  const memory = memoryDatapath(options)
  const entries = () => (conns as readonly (ConnEntry | undefined)[])[Symbol.iterator]()
  const datapath: Datapath = { ...memory, connsInPieces: entries }
  const world = {
    datapath,
    state: NO_STATE,
    clock: () => 0,
    log: () => undefined,
    onChange: () => undefined,
    onMended: () => undefined,
  }
  const store = { base: baseOf(), runtime: { ...NO_RUNTIME, ...runtime }, observed: NOTHING_OBSERVED }
  const engine = createEngine({ ...world, onLeaving: (_, to) => to }, store)
  await engine.change((kept) => succeed({ store: kept, notices: [] }), { always: true })
  const plan = (text?: string, source = FILE) =>
    rehearse(
      { source, engine, datapath, inFile: engine.store },
      text === undefined ? {} : { file: 'new.yaml', text },
    )
  return { plan, engine, events: memory.events }
}

function foreseen(outcome: Outcome<Preview>): Preview {
  if (!outcome.ok) throw new Error(outcome.problems.map(formatProblem).join('; '))
  return outcome.value
}

describe('a plan', () => {
  it('of the same file is that nothing would change', async () => {
    const { plan } = await begun()
    expect(foreseen(await plan(SAME)).verdict).toBe('nothing')
  })

  it('carries nothing out: it asks for next hops of new real servers, as a reload would, and that is all', async () => {
    const { plan, engine, events } = await begun({ unreachable: ['192.0.2.29'] })
    const [store, before] = [engine.store(), events.length]
    const value = foreseen(await plan(SAME.replace('192.0.2.21', '192.0.2.29').replace('eth0', 'eth1')))
    expect(value).toMatchObject({
      interfaces: [
        { name: 'eth0', from: 'native' },
        { name: 'eth1', to: 'native' },
      ],
      unresolved: [{ address: '192.0.2.29', why: 'neighbour 192.0.2.29 does not answer on eth0' }],
    })
    expect(events.slice(before)).toEqual(['resolve 192.0.2.29'])
    expect(engine.store()).toBe(store)
    expect(engine.generation()).toBe(1)
  })

  it('says what was set at run time and would end', async () => {
    const override = { service: 'tcp 192.0.2.10:80', real: '192.0.2.21', weight: 9 }
    const runtime = { overrides: [override], timeouts: { tcp: 60 }, tunables: { sloppy_tcp: 1 } }
    const { plan } = await begun({ runtime: { ...runtime, detached: ['eth0'] } })
    expect(foreseen(await plan(SAME))).toMatchObject({
      verdict: 'harmless',
      ends: ['weight 9 of tcp 192.0.2.10:80 > 192.0.2.21', 'eth0 is detached', 'tcp 60', 'sloppy_tcp 1'],
      services: [{ reals: [{ real: '192.0.2.21', weight: { from: 9, to: 1 } }] }],
      interfaces: [{ name: 'eth0', to: 'native' }],
      settings: [{ what: 'timeouts.tcp' }, { what: 'tunables.sloppy_tcp' }],
    })
  })

  it('says which requests the file would take over, and is refused where a reload would be', async () => {
    const added = fileService({ vip: '192.0.2.11', owner: 'api' })
    const { plan } = await begun({ runtime: { services: [added] } })
    const taken = SAME.replace('192.0.2.10:80', '192.0.2.11:80')
    expect(foreseen(await plan(taken)).notices).toEqual([
      'tcp 192.0.2.11:80 is in the file now; what was added at run time is replaced by it',
    ])
    const clash = await plan(SAME.replace('192.0.2.21', '192.0.2.11'))
    expect(clash.ok ? '' : clash.problems[0]?.fix).toBe('remove it first: xlvs remove service 192.0.2.11:80')
  })

  it('is refused with the place of what is wrong, and without a file', async () => {
    const { plan } = await begun()
    const column = (SAME.split('\n')[2] ?? '').indexOf('3}') + 1
    const wrong = await plan(SAME.replace('weight: 3', 'weight: -3'))
    expect(wrong.ok ? [] : wrong.problems.map(({ place }) => place)).toEqual([
      { file: 'new.yaml', line: 3, column },
    ])
    const words = await plan(SAME, { kind: 'words', base: baseOf(), services: [] })
    expect(words.ok ? '' : words.problems[0]?.reason).toBe('this daemon was started without a file')
  })

  it('counts connections, and those that have been idle for longer than a shorter timeout', async () => {
    const tcp = { protocol: 'tcp', state: 'ESTABLISHED', realId: 1 } as const
    const conns = [
      { ...tcp, expiresIn: 900 },
      { ...tcp, expiresIn: 840 },
      { ...tcp, expiresIn: 839 },
      { ...tcp, expiresIn: 0, state: 'TIME_WAIT' },
      { ...tcp, expiresIn: 0, protocol: 'sctp' as const },
      { ...tcp, expiresIn: 0, realId: 2 },
      { ...tcp, expiresIn: 0, realId: 77 },
    ]
    const { plan } = await begun({ conns })
    expect(foreseen(await plan(SAME)).connections).toEqual({ live: 6, touched: 0, broken: 0, outlived: 0 })
    const shorter = `${SAME}timeouts: {tcp: 60}\n`
    expect(foreseen(await plan(shorter))).toMatchObject({
      verdict: 'breaks',
      connections: { live: 6, touched: 0, broken: 0, outlived: 2 },
    })
    expect(foreseen(await plan(shorter.replace(', {address: 192.0.2.22, weight: 3}', '')))).toMatchObject({
      connections: { live: 6, touched: 0, broken: 1, outlived: 1 },
    })
  })

  it('is asked for with a file and its name, or with nothing', () => {
    const said = (body: unknown) => {
      const outcome = readPlanRequest(body)
      return outcome.ok
        ? outcome.value
        : outcome.problems.map(({ subject, reason }) => `${subject}: ${reason}`)
    }
    expect(said(undefined)).toEqual({})
    expect(said({ file: 'a', text: 'b' })).toEqual({ file: 'a', text: 'b' })
    expect(said([])).toEqual(['body: body is a list'])
    expect(said({ file: 'a' })).toEqual(['text: text is empty'])
    expect(said({ text: 'a' })).toEqual(['file: file is empty'])
    expect(said({ file: 'a', text: 'b', path: 'c' })).toEqual(['body: unknown key "path"'])
  })
})
