// SPDX-License-Identifier: Apache-2.0
// What the director tells, as it comes: frames of the live stream, kept with a few minutes of history.

export const POINTS = 150
const SILENCE_MS = 7_000
const AGAIN_MS = 5_000
const COLUMNS = [
  'key',
  'name',
  'scheduler',
  'reals',
  'drained',
  'down',
  'active',
  'inactive',
  'cps',
  'pps',
  'bps',
  'quiesced',
]

export const state = {
  /** the newest frame, without services */
  frame: undefined,
  /** service lines by key */
  services: new Map(),
  /** of the service that is looked at */
  view: undefined,
  /** rates of the last minutes, by service key; '' = all together */
  history: new Map(),
  /** ms since the epoch; undefined: what is shown is true now */
  staleSince: undefined,
}

const listeners = new Set()
let source
let wanted
let silence

export function subscribe(listener) {
  listeners.add(listener)
  return () => listeners.delete(listener)
}

/** Begins, or begins again because another service is looked at. */
export function look(service) {
  if (source && wanted === service) return
  wanted = service
  state.view = undefined
  connect()
}

function connect() {
  source?.close()
  source = new EventSource(
    wanted === undefined ? 'api/v1/live' : `api/v1/live?service=${encodeURIComponent(wanted)}`,
  )
  source.addEventListener('full', ({ data }) => take(JSON.parse(data), true))
  source.addEventListener('delta', ({ data }) => take(JSON.parse(data), false))
  source.addEventListener('reals', ({ data }) => takeView(JSON.parse(data)))
  source.addEventListener('gone', ({ data }) => takeView({ service: JSON.parse(data), gone: true }))
  source.addEventListener('error', lost)
  waitForFrame()
}

function lost() {
  stale()
  if (source.readyState !== EventSource.CLOSED) return
  clearTimeout(silence)
  silence = setTimeout(connect, AGAIN_MS)
}

function waitForFrame() {
  clearTimeout(silence)
  silence = setTimeout(() => {
    stale()
    connect()
  }, SILENCE_MS)
}

function stale() {
  state.staleSince ??= state.frame?.at ?? Date.now()
  tell()
}

function take({ services, gone, ...frame }, whole) {
  waitForFrame()
  if (whole) state.services.clear()
  for (const key of gone) {
    state.services.delete(key)
    state.history.delete(key)
  }
  for (const line of services) {
    const row = Object.fromEntries(COLUMNS.map((name, i) => [name, line[i]]))
    state.services.set(row.key, row)
  }
  const step = state.frame?.at !== frame.at
  state.frame = frame
  state.staleSince = undefined
  if (step) remember(frame.rates)
  tell()
}

function takeView(view) {
  if (view.service !== wanted) return
  state.view = view
  tell()
}

function remember(rates) {
  push('', [rates.cps, rates.inPps, rates.inBps])
  for (const { key, cps, pps, bps } of state.services.values())
    if (state.history.has(key) || key === wanted || pps > 0) push(key, [cps, pps, bps])
}

function push(key, rates) {
  const points = state.history.get(key) ?? []
  points.push(rates)
  if (points.length > POINTS) points.shift()
  state.history.set(key, points)
}

function tell() {
  for (const listener of listeners) listener(state)
}
