// SPDX-License-Identifier: Apache-2.0
// Decision for decision what the Linux kernel's IPVS answered, recorded in test/fixtures/ipvs (scenarios beside it).
import { describe, expect, it } from 'vitest'
import { listed, play, type Row, recording, rows, type Step, verdict } from './ipvs.js'
import { desired, Rig, type ServiceWords } from './rig.js'

const TOLERANCE_SECONDS = 2

type Services = readonly ServiceWords[]

/** The kernel that was recorded rewrote the virtual port of a disabled template too; newer ones leave it. */
const virtualOf = ({ virt, dst }: Row) => (dst.endsWith(':65535') ? virt.replace(/:\d+$/, '') : virt)

function compareConns(rig: Rig, step: Step): void {
  const key = (row: Row) => `${row.pro} ${row.src} ${virtualOf(row)} ${row.dst} ${row.state}`
  const expected = step.conns ?? []
  const actual = rows(rig)
  expect(actual.map(key).sort()).toEqual(expected.map(key).sort())
  for (const row of expected) {
    const mine = actual.find((other) => key(other) === key(row))
    expect(Math.abs((mine?.exp ?? 0) - row.exp), key(row)).toBeLessThanOrEqual(TOLERANCE_SECONDS)
  }
}

function playStep(
  rig: Rig,
  recorded: ReturnType<typeof recording>,
  services: Services,
  step: Step,
): Services {
  if (step.op === 'ipvsadm') {
    const next = play(services, step.args ?? '')
    rig.apply(next)
    return next
  }
  if (step.op === 'sleep') {
    rig.advance(step.s ?? 0)
    rig.sweep()
  }
  if (step.op === 'pkt') expect(verdict(rig, recorded, step), JSON.stringify(step)).toBe(step.v)
  if (step.op === 'snap' && step.conns) compareConns(rig, step)
  if (step.op === 'snap' && step.parsed) {
    const bare = step.parsed.map(({ svc, dests }) => ({
      svc,
      dests: dests.map(({ rs, weight, active, inact }) => ({ rs, weight, active, inact })),
    }))
    const bySvc = (a: { svc: string }, b: { svc: string }) => a.svc.localeCompare(b.svc)
    expect(listed(rig, desired(services)).sort(bySvc)).toEqual(bare.sort(bySvc))
  }
  return services
}

describe('the datapath decides as IPVS did', () => {
  for (const name of ['rr', 'wrr', 'wlc', 'sh', 'tcp-life', 'tcp-reuse', 'persist-netmask', 'persist-life']) {
    it(`${name}: every packet, every count, every connection`, async () => {
      const recorded = recording(name)
      const rig = await Rig.open()
      try {
        let services: Services = []
        for (const step of recorded.steps) services = playStep(rig, recorded, services, step)
        expect(recorded.steps.filter(({ op }) => op === 'pkt').length).toBeGreaterThan(10)
      } finally {
        await rig.close()
      }
    })
  }
})
