// SPDX-License-Identifier: Apache-2.0
// Sets of maps of other ABI versions: which are taken over as they are, which are refused and left alone. What becomes
// of traffic meanwhile is in test/e2e/upgrade.test.ts.
import { readdirSync, readFileSync, unlinkSync } from 'node:fs'
import { createMap, mapFlags, openMap, openObject } from 'libbpf-ts'
import { describe, expect, test } from 'vitest'
import { Abi, RealStats_OFFSETS, RealStats_SIZE, Settings_OFFSETS } from '../../src/abi/generated.js'
import { MAP_NAMES } from '../../src/datapath/maps.js'
import { ABI_2 } from '../../src/datapath/migrate/abi-2.js'
import {
  type Description,
  describe as described,
  pinDescription,
} from '../../src/datapath/migrate/describe.js'
import { fits } from '../../src/datapath/migrate/layout.js'
import { STEPS, stepsBetween, wordChange } from '../../src/datapath/migrate/steps.js'
import { openDatapath } from '../../src/datapath/open.js'
import { OBJECT, opened, pinRoot, reals, SMALL, settle, wish } from './datapath.js'

function describeThis(): Description {
  const spec = openObject(readFileSync(OBJECT), { name: 'xlvs' })
  const description = described(spec)
  spec.close()
  return description
}

/** A set of this version that says to be of another. */
function claim(root: string, abi: number): void {
  const settings = openMap(`${root}/maps/settings`)
  new DataView(settings.mmap({ writable: true })).setUint32(Settings_OFFSETS.abi, abi, true)
  settings.close()
}

function describeAs(root: string, description: Description): void {
  unlinkSync(`${root}/maps/layout`)
  pinDescription(`${root}/maps/layout`, description)
}

function mapIds(root: string): Record<string, number> {
  const names = readdirSync(`${root}/maps`).filter((name) => name !== 'layout')
  const id = (name: string) => {
    const map = openMap(`${root}/maps/${name}`)
    map.close()
    return map.id
  }
  return Object.fromEntries(names.map((name) => [name, id(name)]))
}

/** In the settings of ABI 2 `drop_counter` stood where `next_epoch` does now, and nothing behind `next_epoch` was in use. */
function layOutSettingsAsAbi2(root: string): void {
  const path = `${root}/maps/settings`
  const [now, before] = [
    openMap(path),
    createMap({
      name: 'settings',
      type: 'array',
      keySize: 4,
      valueSize: 368,
      maxEntries: 1,
      flags: mapFlags.mmapable,
    }),
  ]
  const [from, to] = [now, before].map((map) => new DataView(map.mmap({ writable: true })))
  if (from === undefined || to === undefined) throw new Error('two maps')
  for (let at = 0; at < Settings_OFFSETS.nextEpoch; at += 4) to.setUint32(at, from.getUint32(at))
  to.setUint32(352, from.getUint32(Settings_OFFSETS.dropCounter))
  to.setUint32(356, from.getUint32(Settings_OFFSETS.nextEpoch))
  unlinkSync(path)
  before.pin(path)
  before.close()
  now.close()
}

const open = (root: string) => openDatapath({ pinRoot: root, object: OBJECT, limits: SMALL })
const WEB = wish([{ scheduler: 'wrr', reals: reals(3, 2) }])

describe('ABI 2', () => {
  test('has layouts that fit those of today: every map serves both but one, in which a member has moved', () => {
    const now = describeThis()
    const differ = Object.entries(ABI_2.maps).filter(([name, { key, value }]) => {
      const next = now.maps[name]
      if (!key || !value || !next?.key || !next.value) return true
      return !fits(key, next.key) || !fits(value, next.value)
    })
    expect(differ.map(([name]) => name)).toEqual(['settings'])
    expect(ABI_2.arena).toEqual(now.arena)
  })

  test('is taken over with its maps, services and counters, and says from then on how it is laid out', async () => {
    const root = pinRoot()
    const first = await opened(root)
    settle(first, WEB)
    const before = first.actual()
    first.close()
    const stats = openMap(`${root}/maps/real_stats`)
    const view = new DataView(stats.mmap({ writable: true }))
    view.setBigUint64(RealStats_SIZE + RealStats_OFFSETS.packets, 41n, true)
    // its sets have no description, and not the maps that came later
    unlinkSync(`${root}/maps/layout`)
    for (const name of Object.keys(mapIds(root)))
      if (!(name in ABI_2.maps)) unlinkSync(`${root}/maps/${name}`)
    layOutSettingsAsAbi2(root)
    claim(root, 2)
    const { settings: _, ...ids } = mapIds(root)
    const second = await opened(root)
    expect(second.adopted).toBe(true)
    expect(mapIds(root)).toMatchObject(ids)
    expect(Object.keys(mapIds(root)).sort()).toEqual([...MAP_NAMES].sort())
    expect(second.actual()).toEqual(before)
    expect(second.snapshot(WEB).services[0]?.reals.map(({ packets }) => packets)).toContain(41n)
    expect(readdirSync(`${root}/maps`)).toContain('layout')
    expect(readdirSync(root)).not.toContain('before')
    const settings = openMap(`${root}/maps/settings`)
    expect(new DataView(settings.mmap()).getUint32(Settings_OFFSETS.abi, true)).toBe(Abi.ABI_VERSION)
    settings.close()
    stats.close()
  })
})

describe('a version is refused, and nothing of it touched,', () => {
  async function expectRefused(root: string, reason: string): Promise<void> {
    const there = [readdirSync(root, { recursive: true }).sort(), mapIds(root)]
    const refused = await open(root)
    expect(refused).toMatchObject({
      ok: false,
      problems: [
        { reason: expect.stringContaining(reason), fix: expect.stringContaining('xlvs detach --all') },
      ],
    })
    expect([readdirSync(root, { recursive: true }).sort(), mapIds(root)]).toEqual(there)
  }

  test.each([1, Abi.ABI_VERSION + 1, 999])('when no way leads from it: %i', async (abi) => {
    const root = pinRoot()
    ;(await opened(root)).close()
    claim(root, abi)
    await expectRefused(root, `has ABI version ${abi}, this xlvs has ${Abi.ABI_VERSION}`)
  })

  test('when something in it cannot be translated, which is named', async () => {
    const root = pinRoot()
    ;(await opened(root)).close()
    const now = describeThis()
    const wide = { kind: 'number', bytes: 16, signed: false, network: false } as const
    describeAs(root, {
      ...now,
      maps: { ...now.maps, persistents: { key: now.maps['persistents']?.key, value: wide } },
    })
    claim(root, 2)
    await expectRefused(root, 'persistents: 16 bytes become 4')
  })

  test('when services are laid out in another way', async () => {
    const root = pinRoot()
    ;(await opened(root)).close()
    const now = describeThis()
    describeAs(root, { ...now, arena: { ...now.arena, share: { bytes: 8, at: { real: 4, weight: 0 } } } })
    claim(root, 2)
    await expectRefused(root, 'tables: ')
  })
})

describe('steps', () => {
  test('lead from every version since 2 to this one', () => {
    expect(stepsBetween(2, Abi.ABI_VERSION)).toHaveLength(Abi.ABI_VERSION - 2)
    expect(Object.keys(STEPS).map(Number)).toEqual(
      Array.from({ length: Abi.ABI_VERSION - 2 }, (_, i) => i + 2),
    )
  })

  test('follow one another, lead nowhere backwards, and not over a gap', () => {
    const steps = {
      2: { conn: (data: bigint) => data * 2n },
      3: {},
      4: { conn: (data: bigint) => data + 1n },
    }
    expect(wordChange(stepsBetween(2, 5, steps) ?? [], 'conn')?.(5n)).toBe(11n)
    expect(wordChange(stepsBetween(3, 4, steps) ?? [], 'conn')).toBeUndefined()
    expect([
      stepsBetween(3, 2, steps),
      stepsBetween(3, 3, steps),
      stepsBetween(1, 3, steps),
      stepsBetween(4, 6, steps),
    ]).toEqual([undefined, undefined, undefined, undefined])
  })
})
