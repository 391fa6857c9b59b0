// SPDX-License-Identifier: Apache-2.0
// Numbers as people read them. Pure: the same in every locale and time zone.

const STEPS = [
  { from: 1e15, unit: 'P' },
  { from: 1e12, unit: 'T' },
  { from: 1e9, unit: 'G' },
  { from: 1e6, unit: 'M' },
] as const

/** 0 … 999,999, then 1.23M, 45.6G: never more than seven characters. */
export function count(value: number): string {
  const step = STEPS.find(({ from }) => value >= from)
  if (!step) return grouped(value)
  const scaled = value / step.from
  const digits = scaled < 10 ? 2 : scaled < 100 ? 1 : 0
  // Cut, not rounded: 999.99G must not become 1000G, and a counter is never shown above what it is.
  const shown = Math.floor(scaled * 10 ** digits) / 10 ** digits
  return `${shown.toFixed(digits)}${step.unit}`
}

/** 1,048,576 */
export function grouped(value: number): string {
  return String(Math.trunc(value)).replace(/\B(?=(\d{3})+$)/g, ',')
}

/** '45 s', '12 min 5 s', '3 h 12 min', '2 d 3 h' */
export function duration(seconds: number): string {
  const s = Math.max(0, Math.floor(seconds))
  const parts: readonly (readonly [number, string])[] = [
    [Math.floor(s / 86_400), 'd'],
    [Math.floor(s / 3_600) % 24, 'h'],
    [Math.floor(s / 60) % 60, 'min'],
    [s % 60, 's'],
  ]
  const first = parts.findIndex(([n]) => n > 0)
  if (first < 0) return '0 s'
  return parts
    .slice(first, first + 2)
    .filter(([n]) => n > 0)
    .map(([n, unit]) => `${n} ${unit}`)
    .join(' ')
}

/** '0 %', '0.1 %', '37 %' */
export function share(part: number, whole: number): string {
  if (whole <= 0 || part <= 0) return '0 %'
  const percent = (100 * part) / whole
  if (percent < 0.1) return '<0.1 %'
  return percent < 10 ? `${percent.toFixed(1)} %` : `${Math.round(percent)} %`
}

/** '1 service', '2 services' */
export function plural(n: number, word: string): string {
  return `${grouped(n)} ${word}${n === 1 ? '' : 's'}`
}
