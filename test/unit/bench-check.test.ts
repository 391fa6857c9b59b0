// SPDX-License-Identifier: Apache-2.0
// What `make bench-check` says and decides about figures, without a guest.
import { describe, expect, it } from 'vitest'
import { baselineOf, parseBaseline } from '../../bench/instructions/baseline.js'
import { type Baseline, compare, type Figures, isWorse, tell } from '../../bench/instructions/compare.js'

const FIGURES: Figures = {
  'instructions/hit/v4/tcp/1 xlvs': 500,
  'instructions/hit/v4/tcp/1 control': 600,
  'verified/xlvs': 150_000,
  'bytes/conns4': 4096,
  'more is better/hit: control to xlvs': 1.2,
}

function baseline(changes: Figures = {}, place: Partial<Baseline> = {}): Baseline {
  return { kernel: 'Linux 6.12', compiler: 'clang 19', figures: { ...FIGURES, ...changes }, ...place }
}

function judged(changes: Figures, place?: Partial<Baseline>) {
  const comparison = compare(baseline(), baseline(changes, place), true)
  return { worse: isWorse(comparison), said: tell(comparison).split('\n') }
}

describe('bench-check', () => {
  it('is content with the same figures', () => {
    expect(judged({})).toEqual({ worse: false, said: ['5 figures compared: 0 worse, 0 better'] })
  })

  it('tolerates a tick of the clock, and says what is beyond', () => {
    expect(judged({ 'instructions/hit/v4/tcp/1 xlvs': 510 }).worse).toBe(false)
    const { worse, said } = judged({ 'instructions/hit/v4/tcp/1 xlvs': 511 })
    expect(worse).toBe(true)
    expect(said).toEqual([
      'worse   instructions/hit/v4/tcp/1 xlvs: was 500, is 511 instructions (+2.2 %)',
      '5 figures compared: 1 worse, 0 better',
      'make bench-check ARGS=--take makes these figures the baseline',
    ])
  })

  it('says what is better and how to keep it, and does not fail', () => {
    const { worse, said } = judged({ 'instructions/hit/v4/tcp/1 xlvs': 400 })
    expect(worse).toBe(false)
    expect(said[0]).toBe('better  instructions/hit/v4/tcp/1 xlvs: was 500, is 400 instructions (-20.0 %)')
    expect(said.at(-1)).toMatch(/--take/)
  })

  it("leaves the control, which is the kernel's, more room", () => {
    expect(judged({ 'instructions/hit/v4/tcp/1 control': 650 }).worse).toBe(false)
    expect(judged({ 'instructions/hit/v4/tcp/1 control': 670 }).worse).toBe(true)
  })

  it('takes a byte more of a map for worse', () => {
    expect(judged({ 'bytes/conns4': 4097 }).worse).toBe(true)
  })

  it('knows that some ratios are better when they are more', () => {
    expect(judged({ 'more is better/hit: control to xlvs': 1 }).worse).toBe(true)
    expect(judged({ 'more is better/hit: control to xlvs': 1.3 }).worse).toBe(false)
  })

  it('compares across compilers with wider tolerances, and says so', () => {
    const { worse, said } = judged({ 'instructions/hit/v4/tcp/1 xlvs': 540 }, { compiler: 'clang 20' })
    expect(worse).toBe(false)
    expect(said[0]).toMatch(/^compiler is clang 20, the baseline's clang 19: tolerances are wider/)
    expect(judged({ 'instructions/hit/v4/tcp/1 xlvs': 600 }, { kernel: 'Linux 6.13' }).worse).toBe(true)
  })

  it('names a figure that the baseline lacks, and fails for one that is gone', () => {
    expect(judged({ 'instructions/new/lc xlvs': 9 }).said[0]).toMatch(/^new +instructions\/new\/lc xlvs/)
    const { 'verified/xlvs': _, ...rest } = FIGURES
    const less = compare(baseline(), { ...baseline(), figures: rest }, true)
    expect(isWorse(less)).toBe(true)
    expect(tell(less)).toMatch(/^gone +verified\/xlvs/)
    expect(isWorse(compare(baseline(), { ...baseline(), figures: rest }, false))).toBe(false)
  })

  it('refuses what is no baseline in a sentence with the way out', () => {
    expect(parseBaseline(JSON.stringify(baseline()), 'b.json')).toEqual(baseline())
    for (const text of ['', '{}', '{"kernel":"a","compiler":"b","figures":{"bytes/x":"y"}}'])
      expect(() => parseBaseline(text, 'b.json')).toThrow(/b\.json is no baseline.*--take/)
  })

  it('makes figures and ratios of a result', () => {
    const { figures } = baselineOf({
      what: '',
      kernel: 'k',
      compiler: 'c',
      emulator: 'e',
      commit: 'x',
      spread: 0,
      rows: [{ id: 'hit/v4/tcp/1', title: '', cells: { xlvs: 300, floor: 200, control: 450 } }],
      perReal: [{ scheduler: 'lc', instructions: 7 }],
      programs: [{ program: 'xlvs', verified: 1, translated: 2, jited: 3 }],
      maps: [{ map: 'conns4', bytes: 4096 }],
    })
    expect(figures).toMatchObject({
      'instructions/hit/v4/tcp/1 floor': 200,
      'instructions/per real server, lc': 7,
      'verified/xlvs': 1,
      'translated/xlvs': 2,
      'jited/xlvs': 3,
      'bytes/conns4': 4096,
      'less is better/hit: xlvs to floor': 1.5,
      'more is better/hit: control to xlvs': 1.5,
    })
  })
})
