// SPDX-License-Identifier: Apache-2.0
// What `make bench-ipvs` makes of a guest's console: the arithmetic, and that it refuses figures that would lie.
import { describe, expect, it } from 'vitest'
import { faultOf, parseConsole, rowsOf, spread } from '../../bench/ipvs/figures.js'
import { CASES, type Case, type Line, MARK, type Measured, SENDERS, TRAFFIC } from '../../bench/ipvs/plan.js'
import { answerOf, tableOf } from '../../bench/ipvs/table.js'

const PER_PACKET: Readonly<Record<Case, number>> = { stop: 800, swap: 1100, xlvs: 1500, ipvs: 5100 }
const COUNT = 11_000
const PACKETS = 10_000

function measured(changes: (one: Measured) => Partial<Measured> = () => ({})): readonly Measured[] {
  const rounds = [1, 2, 3]
  return rounds.flatMap((round) =>
    SENDERS.flatMap((sender) =>
      TRAFFIC.flatMap((traffic) =>
        CASES.map((director) => {
          const reals = traffic === '1 flow' ? [0, 0, COUNT, 0] : [4400, 3300, 2200, 1100]
          const instructions = PER_PACKET[director] * PACKETS + round
          const counts = { sent: COUNT, count: COUNT, reals, packets: PACKETS, instructions }
          const one = { round, case: director, sender, traffic, ...counts }
          return { ...one, ...changes(one) }
        }),
      ),
    ),
  )
}

const clock: Line = { thousand: 1000 }

describe('figures of bench-ipvs', () => {
  it('reads what the guest said between what its kernel says', () => {
    const console = `[    1.2] Linux\r\n${MARK}{"thousand":1000}\r\n[ 3.4] x ${MARK}{"done":true}\nreboot`
    expect(parseConsole(console, MARK)).toEqual([{ thousand: 1000 }, { done: true }])
  })

  it('takes medians, and ratios of all, of what is beyond arrival and beyond the limit of the rig', () => {
    const [row] = rowsOf(measured())
    expect(rowsOf(measured())).toHaveLength(SENDERS.length * TRAFFIC.length)
    expect(row?.perPacket.xlvs).toEqual({ min: 1500.0001, median: 1500.0002, max: 1500.0003 })
    expect(row?.ratios.all).toBeCloseTo(5100 / 1500, 4)
    expect(row?.ratios.arrived).toBeCloseTo(4300 / 700, 4)
    expect(row?.ratios.beyond).toBeCloseTo(4000 / 400, 4)
  })

  it('shows them side by side', () => {
    const lines = tableOf(rowsOf(measured())).split('\n')
    expect(lines).toHaveLength(2 + SENDERS.length * TRAFFIC.length)
    expect(lines[2]).toMatch(/^frames +1 flow +800 +1100 +1500 +5100 +700:4300 +6\.1 +400:4000 +10\.0 +3\.4$/)
  })

  it('answers for known flows and for new ones apart', () => {
    const dear = measured((one) =>
      one.case === 'xlvs' && one.traffic === 'new flows' ? { instructions: one.instructions * 2 } : {},
    )
    expect(answerOf(rowsOf(dear)).split('\n')).toEqual([
      expect.stringMatching(/known flow takes IPVS 10\.0 times/),
      expect.stringMatching(/first packet of a flow takes IPVS 2\.1 times/),
    ])
  })

  it('takes measurements that are whole', () => {
    expect(faultOf([clock, ...measured()])).toBeUndefined()
    expect(spread(rowsOf(measured()))).toBeLessThan(1e-5)
  })
})

describe('bench-ipvs refuses', () => {
  it('a clock that does not count instructions', () => {
    expect(faultOf([{ thousand: 803 }, ...measured()])).toMatch(
      /^the guest's clock takes 1,000 instructions for 803 ns/,
    )
    expect(faultOf(measured())).toMatch(/does not count them/)
  })

  it('a case that lost one frame', () => {
    const lossy = measured((one) => (one.case === 'ipvs' && one.round === 2 ? { count: COUNT - 1 } : {}))
    expect(faultOf([clock, ...lossy])).toMatch(
      /^ipvs, 1 flow by frames, round 2: of 11000 frames sent 10999 reached/,
    )
  })

  it('a director that did not do the work', () => {
    const lazy = measured((one) =>
      one.case === 'xlvs' && one.traffic === 'new flows' ? { reals: [COUNT, 0, 0, 0] } : {},
    )
    expect(faultOf([clock, ...lazy])).toMatch(
      /^xlvs, new flows by frames, round 1: real servers got 11000, 0, 0, 0/,
    )
  })

  it('rounds that were disturbed', () => {
    const shaken = measured((one) => (one.round === 3 ? { instructions: one.instructions * 1.1 } : {}))
    expect(faultOf([clock, ...shaken])).toMatch(/^rounds are 10\.0 % apart, more than 5 %/)
  })

  it('a case left out', () => {
    const none = measured().filter((one) => one.case !== 'swap')
    expect(() => faultOf([clock, ...none])).toThrow('the guest left out a case')
  })
})
