// SPDX-License-Identifier: Apache-2.0
// Numbers in at most six signs, for columns that must be narrow. Pure.
import { count } from '../numbers.js'

const STEPS = ['', 'k', 'M', 'G', 'T', 'P'] as const

/** '0', '0.4', '37', '999', '1.23k', '45.6k', '789k', '1.23M'; '-' for what is not known */
export function short(value: number | undefined): string {
  if (value === undefined || !Number.isFinite(value)) return '-'
  if (value < 0.05) return '0'
  if (value < 10 && !Number.isInteger(value)) return value.toFixed(1).replace(/\.0$/, '')
  let scaled = value
  let step = 0
  for (; Math.round(scaled) >= 1000 && step < STEPS.length - 1; step++) scaled /= 1000
  if (step === 0) return String(Math.round(scaled))
  const digits = scaled < 9.995 ? 2 : scaled < 99.95 ? 1 : 0
  return `${scaled.toFixed(digits)}${STEPS[step]}`
}

/** '12.3 Gbit/s' */
export function bits(bytesPerSecond: number | undefined): string {
  if (bytesPerSecond === undefined) return '-'
  const text = short(bytesPerSecond * 8)
  const unit = /[a-zA-Z]$/.exec(text)?.[0] ?? ''
  return `${text.slice(0, text.length - unit.length)} ${unit}bit/s`
}

/** Microseconds: '850us', '1.2ms', '45ms', '1.3s' */
export function time(us: number | undefined): string {
  if (us === undefined) return '-'
  if (us < 999.5) return `${Math.round(us)}us`
  if (us < 9_950) return `${(us / 1_000).toFixed(1)}ms`
  if (us < 999_500) return `${Math.round(us / 1_000)}ms`
  return `${(us / 1_000_000).toFixed(1)}s`
}

/** Of 1: '0%', '<1%', '37%' */
export function percent(part: number | undefined): string {
  if (part === undefined || !Number.isFinite(part)) return '-'
  if (part > 0 && part < 0.01) return '<1%'
  return `${Math.round(part * 100)}%`
}

/** Milliseconds as an interval: '0.5 s', '2 s' */
export function seconds(ms: number): string {
  return `${Number((ms / 1_000).toFixed(1))} s`
}

/** '74,310'; below 10 with one digit more */
export function whole(value: number): string {
  return value < 10 ? short(value) : count(Math.round(value))
}
