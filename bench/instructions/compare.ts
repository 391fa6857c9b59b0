// SPDX-License-Identifier: Apache-2.0
// Figures beside those of the baseline: what is worse, what is better, and how far a figure may be off before that is said.
// Pure.

/** By name, as `instructions/hit/v4/tcp/1 xlvs`. */
export type Figures = Readonly<Record<string, number>>

export interface Baseline {
  readonly kernel: string
  readonly compiler: string
  readonly figures: Figures
}

interface Kind {
  readonly prefix: string
  /** only those that end so */
  readonly suffix?: string
  readonly unit: string
  /** as a share; `other`: of another kernel or compiler than the baseline's */
  readonly tolerance: number
  readonly other: number
  /** of so many more or fewer nothing is said, whatever share they are */
  readonly slack?: number
  /** what is good */
  readonly good: 'less' | 'more'
}

/** A tick of the guest's clock, 4,600 instructions, may fall into every round of 512 packets that a case has. */
const TICK = 10

/** A figure belongs to the first kind that its name fits. */
export const KINDS: readonly Kind[] = [
  // the kernel's own table: when it moves elements between its lists is not ours
  {
    prefix: 'instructions/',
    suffix: ' control',
    unit: 'instructions',
    tolerance: 0.1,
    other: 0.2,
    good: 'less',
  },
  // of first packets: which ways of a set are taken depends on all that came before, so on which cases were asked for
  ...['scheduler/', 'new/', 'persistence/', 'flood/', 'per real server'].map((what): Kind => {
    return { prefix: `instructions/${what}`, unit: 'instructions', tolerance: 0.03, other: 0.1, good: 'less' }
  }),
  // of known flows: repeats exactly, but for the tick
  { prefix: 'instructions/', unit: 'instructions', tolerance: 0.01, other: 0.1, slack: TICK, good: 'less' },
  // the verifier's paths follow small changes far; it is the kernel's limit of a million that counts
  { prefix: 'verified/', unit: 'instructions verified', tolerance: 0.05, other: 0.5, good: 'less' },
  // decided by compiler and kernel alone
  { prefix: 'translated/', unit: 'bytes of BPF', tolerance: 0.02, other: 0.1, good: 'less' },
  { prefix: 'jited/', unit: 'bytes of machine code', tolerance: 0.02, other: 0.1, good: 'less' },
  // decided by abi.h and the limits, rounded to pages by the kernel
  { prefix: 'bytes/', unit: 'bytes', tolerance: 0, other: 0.01, good: 'less' },
  // of two figures, one of them the control's
  { prefix: 'less is better/new flow', unit: '', tolerance: 0.1, other: 0.2, good: 'less' },
  { prefix: 'more is better/', unit: '', tolerance: 0.1, other: 0.2, good: 'more' },
  // of two figures of one run, so compiler and kernel change it less than either
  { prefix: 'less is better/', unit: '', tolerance: 0.06, other: 0.1, good: 'less' },
]

export interface Difference {
  readonly name: string
  readonly was: number
  readonly is: number
  /** more than before, as a share */
  readonly change: number
  readonly worse: boolean
  readonly unit: string
}

export interface Comparison {
  readonly differences: readonly Difference[]
  /** measured, and not in the baseline */
  readonly fresh: readonly string[]
  /** in the baseline, and not measured though everything was */
  readonly gone: readonly string[]
  readonly compared: number
  /** in a sentence: how the run is not the baseline's */
  readonly elsewhere: string | undefined
}

export function compare(baseline: Baseline, now: Baseline, everything: boolean): Comparison {
  const elsewhere = elsewhereOf(baseline, now)
  const known = Object.keys(now.figures).filter((name) => baseline.figures[name] !== undefined)
  return {
    differences: known.flatMap((name) => {
      const [was, is] = [baseline.figures[name] as number, now.figures[name] as number]
      return differenceOf(name, was, is, elsewhere !== undefined)
    }),
    fresh: Object.keys(now.figures).filter((name) => baseline.figures[name] === undefined),
    gone: everything ? Object.keys(baseline.figures).filter((name) => now.figures[name] === undefined) : [],
    compared: known.length,
    elsewhere,
  }
}

function differenceOf(name: string, was: number, is: number, elsewhere: boolean): readonly Difference[] {
  const kind = KINDS.find(({ prefix, suffix = '' }) => name.startsWith(prefix) && name.endsWith(suffix))
  if (!kind) throw new Error(`${name}: a figure of no kind; the baseline is not this program's`)
  const change = was === 0 ? (is === 0 ? 0 : Number.POSITIVE_INFINITY) : (is - was) / was
  if (Math.abs(change) <= (elsewhere ? kind.other : kind.tolerance)) return []
  if (Math.abs(is - was) <= (kind.slack ?? 0)) return []
  return [{ name, was, is, change, worse: change > 0 === (kind.good === 'less'), unit: kind.unit }]
}

function elsewhereOf(baseline: Baseline, now: Baseline): string | undefined {
  const others = (['kernel', 'compiler'] as const)
    .filter((what) => baseline[what] !== now[what])
    .map((what) => `${what} is ${now[what]}, the baseline's ${baseline[what]}`)
  return others.length === 0
    ? undefined
    : `${others.join('; ')}: tolerances are wider, so take the baseline anew on this one`
}

/** Of what is beyond its tolerance a line each, and how it came out. */
export function tell({ differences, fresh, gone, compared, elsewhere }: Comparison): string {
  const worse = differences.filter((one) => one.worse)
  const better = differences.filter((one) => !one.worse)
  const take = 'make bench-check ARGS=--take makes these figures the baseline'
  return [
    ...(elsewhere === undefined ? [] : [elsewhere]),
    ...worse.map((one) => `worse   ${lineOf(one)}`),
    ...better.map((one) => `better  ${lineOf(one)}`),
    ...fresh.map((name) => `new     ${name}: not in the baseline`),
    ...gone.map((name) => `gone    ${name}: in the baseline, and not measured any more`),
    `${compared} figures compared: ${worse.length} worse, ${better.length} better`,
    ...(worse.length + better.length + fresh.length + gone.length > 0 ? [take] : []),
  ].join('\n')
}

function lineOf({ name, was, is, change, unit }: Difference): string {
  const percent = `${change > 0 ? '+' : '-'}${(Math.abs(change) * 100).toFixed(1)} %`
  return `${name}: was ${was}, is ${is}${unit === '' ? '' : ` ${unit}`} (${percent})`
}

/** A figure that is gone is nothing to compare with: that fails, too. */
export function isWorse({ differences, gone }: Comparison): boolean {
  return differences.some(({ worse }) => worse) || gone.length > 0
}
