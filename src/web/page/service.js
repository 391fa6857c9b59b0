// SPDX-License-Identifier: Apache-2.0
// One service: its rates, its real servers with share and weight, handshake times, the map of its scheduler's table.
import { histogram, rateChart, shareBar } from './chart.js'
import { h, section, setText, table } from './dom.js'
import { slotMap } from './slots.js'
import { badge, kept } from './state.js'
import { actionsColumn } from './token.js'
import { bits, healthOf, lasting, realName, short, span, stateOf, whole } from './words.js'

export function service(key) {
  const charts = [rateChart('Connections/s'), rateChart('Packets/s in'), rateChart('Bits/s in', bits)]
  const title = h('h1')
  const health = badge()
  const about = h('p', { class: 'about' }, h('span', { class: 'quiet' }), ' ', health.element)
  const parts = [realsPart(key), handshakePart(), slotMap(key)]
  const element = h(
    'div',
    { class: 'view' },
    h('p', { class: 'crumbs' }, h('a', { href: '#/services' }, 'Services')),
    title,
    about,
    h('div', { class: 'rates' }, ...charts.map((chart) => chart.element)),
    ...parts.map((part) => part.element),
  )
  const update = (state) => {
    const row = state.services.get(key)
    setText(title, row?.name || key)
    if (row === undefined) return setText(about.firstElementChild, missing(state))
    setText(about.firstElementChild, `${key}, scheduler ${row.scheduler}; ${counts(row)}`)
    health.set(served(state.view) ? healthOf(row) : NOBODY)
    const points = state.history.get(key) ?? []
    for (const [i, chart] of charts.entries()) chart.set(points.map((rates) => rates[i]))
    if (state.view?.reals) for (const part of parts) part.update(state.view, state)
  }
  return { title: key, element, update, service: key }
}

const NOBODY = { word: 'no real server takes new connections', sign: '✕', tone: 'bad' }

/** As far as is known. */
function served(view) {
  return view?.reals === undefined || view.reals.some(({ effectiveWeight }) => effectiveWeight > 0)
}

function missing({ frame }) {
  return frame === undefined ? 'waiting for the director' : 'There is no such service.'
}

function counts({ active, inactive }) {
  return `${whole(active)} active and ${whole(inactive)} inactive connections`
}

function realsPart(service) {
  const bar = kept(shareBar)
  const number = (label, text) => ({ label, numeric: true, text })
  const reals = table(
    'Real servers',
    [
      { label: 'Real server', text: nameOf },
      { label: 'State', wide: 'stands', draw: drawState(kept(stand)) },
      { label: 'Share vs weight', draw: drawShare(bar) },
      number('Weight', ({ weight, effectiveWeight }) =>
        weight === effectiveWeight ? String(weight) : `${effectiveWeight} (${weight} wished)`,
      ),
      number('Conn/s', ({ rates }) => short(rates.cps)),
      number('Packets/s', ({ rates }) => short(rates.inPps)),
      number('In', ({ rates }) => bits(rates.inBps)),
      number('Active', ({ active }) => whole(active)),
      number('Inactive', ({ inactive }) => whole(inactive)),
      number('p50 / p99', ({ latency }) => `${span(latency?.p50)} / ${span(latency?.p99)}`),
      actionsColumn(service),
    ],
    'The service has no real servers: its clients are refused.',
  )
  const note = h('p', { class: 'quiet' })
  const update = ({ reals: rows }, { frame }) => {
    const unit = unitOf(rows)
    const all = rows.reduce((sum, row) => sum + unit.of(row), 0)
    const weights = rows.reduce((sum, row) => sum + row.effectiveWeight, 0)
    setText(note, unit.says)
    const sorted = rows.toSorted((a, b) => a.real.localeCompare(b.real, 'en', { numeric: true }))
    reals.set(sorted.map((row) => [row.real, { ...row, all, weights, part: unit.of(row), now: frame.at }]))
  }
  return { element: section('Real servers', reals.element, note), update }
}

/** A state, and below it why. */
function stand() {
  const state = badge()
  const why = h('span', { class: 'quiet' })
  const set = (row) => {
    state.set(stateOf(row))
    setText(why, whyOf(row))
  }
  return { element: h('div', {}, state.element, why), set }
}

function drawState(part) {
  return (cell, row) => part(cell).set(row)
}

/** Bar: what it gets; mark: what its weight asks for. */
function drawShare(bar) {
  return (cell, { part, all, effectiveWeight, weights }) => bar(cell).set(part, all, effectiveWeight, weights)
}

/** New connections while there are any; long connections and few of them are told by their packets. */
function unitOf(rows) {
  const fresh = rows.reduce((sum, { rates }) => sum + rates.cps, 0)
  const what = fresh > 0 ? 'new connections' : 'packets'
  return {
    of: ({ rates }) => (fresh > 0 ? rates.cps : rates.inPps),
    says: `Share: of the service's ${what} at this moment (bar), of all weights (mark). p50 and p99: handshakes, which include the client's path.`,
  }
}

function nameOf({ real, name }) {
  return name ? `${name} (${realName(real)})` : realName(real)
}

function whyOf({ standing, says, nexthop, now }) {
  if (nexthop.state === 'unresolved') return nexthop.why ?? 'no neighbour answers'
  if (standing === undefined) return 'stands in while the others are down'
  const since = standing.since && !standing.up ? `, for ${lasting(now - standing.since)}` : ''
  return `${says}${standing.detail ? ` (${standing.detail})` : ''}${since}`
}

function handshakePart() {
  const columns = histogram()
  const text = h('p', { class: 'quiet' })
  const element = section('Handshake times', columns.element, text)
  const update = ({ latency, boundsUs }) => {
    columns.element.hidden = latency.count === 0
    if (latency.count > 0) columns.set(latency.buckets, boundsUs)
    const figures = `${whole(latency.count)} handshakes since the counters began: half within ${span(latency.p50)}, 99 % within ${span(latency.p99)}. SYN to the client's first ACK, so it includes the client's path.`
    setText(text, latency.count > 0 ? figures : 'No handshake was timed yet; only TCP has them.')
  }
  return { element, update }
}
