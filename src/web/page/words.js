// SPDX-License-Identifier: Apache-2.0
// Numbers, times and states as people read them.

/** @type {[number, string][]} */
const STEPS = [
  [1e12, 'T'],
  [1e9, 'G'],
  [1e6, 'M'],
  [1e3, 'k'],
]

/** 950, 1.2k, 34k, 5.6M */
export function short(value) {
  for (const [size, letter] of STEPS)
    if (value >= size) return `${(value / size).toFixed(value < 10 * size ? 1 : 0)}${letter}`
  return value < 10 && value % 1 !== 0 ? value.toFixed(1) : String(Math.round(value))
}

/** Bytes a second as bits a second: what links are sold in. */
export function bits(bytes) {
  const [, figure, letter] = /^([\d.]+)(\D?)$/.exec(short(bytes * 8)) ?? []
  return `${figure} ${letter}bit/s`
}

export function whole(value) {
  return Math.round(value).toLocaleString('en-GB')
}

export function percent(part, all) {
  if (all <= 0) return '–'
  const value = (100 * part) / all
  if (value > 0 && value < 0.1) return '< 0.1 %'
  return `${value < 10 && value > 0 ? value.toFixed(1) : Math.round(value)} %`
}

/** us as time: 250 µs, 1.4 ms, 2.0 s */
export function span(us) {
  if (us === undefined) return '–'
  if (us < 1000) return `${Math.round(us)} µs`
  return us < 1e6 ? `${(us / 1000).toFixed(us < 1e4 ? 1 : 0)} ms` : `${(us / 1e6).toFixed(1)} s`
}

export function clock(ms) {
  return new Date(ms).toLocaleTimeString('en-GB')
}

export function moment(ms) {
  const at = new Date(ms)
  return `${at.toLocaleDateString('en-CA')} ${at.toLocaleTimeString('en-GB')}`
}

/** 12 s, 5 min, 3 h, 2 days */
export function lasting(ms) {
  const seconds = Math.max(0, Math.round(ms / 1000))
  if (seconds < 60) return `${seconds} s`
  if (seconds < 3600) return `${Math.floor(seconds / 60)} min`
  return seconds < 172_800 ? `${Math.floor(seconds / 3600)} h` : `${Math.floor(seconds / 86_400)} days`
}

/** 1 turn, 4,093 slots */
export function counted(value, one) {
  return `${whole(value)} ${one}${value === 1 || one === 'weight' ? '' : 's'}`
}

/** '192.0.2.21' of 'tcp 192.0.2.10:80 > 192.0.2.21' */
export function realName(key) {
  return key.split(' > ')[1] ?? key
}

/** A word, a sign that is told from others without colour, and a tone for those who see it. */
export function stateOf({ standing, effectiveWeight, nexthop }) {
  if (standing && !standing.up && standing.reason !== 'drained' && standing.reason !== 'quiesced')
    return { word: 'down', sign: '✕', tone: 'bad' }
  if (standing?.reason === 'drained') return { word: 'drained', sign: '◒', tone: 'warn' }
  if (nexthop.state === 'unresolved') return { word: 'no next hop', sign: '?', tone: 'bad' }
  if (effectiveWeight === 0) return { word: 'quiesced', sign: '○', tone: 'warn' }
  if (standing?.reason === 'slow-start') return { word: 'slow start', sign: '◔', tone: 'warn' }
  return { word: 'up', sign: '●', tone: 'good' }
}

/** Of a service's line: the worst thing first. */
export function healthOf({ reals, down, drained, quiesced }) {
  if (reals === 0) return { word: 'no real servers', sign: '✕', tone: 'bad' }
  if (down === reals) return { word: 'all down', sign: '✕', tone: 'bad' }
  if (down + drained + quiesced >= reals)
    return { word: 'none takes new connections', sign: '✕', tone: 'bad' }
  if (down > 0) return { word: `${down} of ${reals} down`, sign: '▲', tone: 'warn' }
  if (drained > 0) return { word: `${drained} of ${reals} drained`, sign: '◒', tone: 'warn' }
  if (quiesced > 0) return { word: `${quiesced} of ${reals} quiesced`, sign: '○', tone: 'warn' }
  return { word: reals === 1 ? 'up' : `all ${reals} up`, sign: '●', tone: 'good' }
}
