// SPDX-License-Identifier: Apache-2.0
// Numbers of --stats and --rate: nine columns, cut to K, M, G or T unless they shall be exact. Pure.

const STEPS = [
  { below: 1e9, by: 1e3, unit: 'K' },
  { below: 1e11, by: 1e6, unit: 'M' },
  { below: 1e14, by: 1e9, unit: 'G' },
  { below: Number.POSITIVE_INFINITY, by: 1e12, unit: 'T' },
] as const

export function large(value: number, exact: boolean): string {
  if (exact) return ` ${String(value).padStart(8)}`
  const step = value < 1e8 ? undefined : STEPS.find(({ below }) => value < below)
  if (step === undefined) return String(value).padStart(9)
  return `${String(Math.floor(value / step.by)).padStart(8)}${step.unit}`
}
