// SPDX-License-Identifier: Apache-2.0
// All of the director at a glance: rates, what is wrong, what is dropped, how full the tables are, interfaces.
import { fillMeter, rateChart } from './chart.js'
import { h, section, setText, table } from './dom.js'
import { badgeColumn, kept, serviceColumn } from './state.js'
import { bits, healthOf, lasting, percent, short, whole } from './words.js'

const TROUBLES = 12
const TABLES = { conn4: 'IPv4 connections', conn6: 'IPv6 connections', template: 'Persistent clients' }

export function overview() {
  const charts = [rateChart('Connections/s'), rateChart('Packets/s in'), rateChart('Bits/s in', bits)]
  const parts = [healthPart(), dropsPart(), tablesPart(), interfacesPart()]
  const since = h('p', { class: 'quiet' })
  const element = h(
    'div',
    { class: 'view' },
    h('h1', {}, 'Overview'),
    since,
    h('div', { class: 'rates' }, ...charts.map((chart) => chart.element)),
    ...parts.map((part) => part.element),
  )
  const update = (state) => {
    const { frame, history } = state
    if (frame === undefined) return
    setText(
      since,
      `xlvs ${frame.version}, for ${lasting(frame.at - frame.startedAt)}; generation ${frame.generation}`,
    )
    const points = history.get('') ?? []
    charts[0].set(points.map(([cps]) => cps))
    charts[1].set(points.map(([, pps]) => pps))
    charts[2].set(points.map(([, , bps]) => bps))
    for (const part of parts) part.update(state)
  }
  return { title: 'Overview', element, update }
}

function healthPart() {
  const counts = h('dl', { class: 'counts' })
  const troubles = table(
    'Services with something wrong',
    [
      serviceColumn('Service', (row) => row),
      badgeColumn('Health', healthOf),
      { label: 'Connections/s', numeric: true, text: ({ cps }) => short(cps) },
    ],
    'No service has a real server that is down or drained.',
  )
  const more = h('p', { class: 'quiet' })
  const update = ({ frame, services }) => {
    const wrong = [...services.values()].filter((row) => healthOf(row).tone !== 'good')
    wrong.sort((a, b) => rank(a) - rank(b) || b.pps - a.pps)
    setCounts(counts, [
      ['Services', services.size],
      ['Real servers', frame.reals],
      ['Down', frame.down, 'bad'],
      ['Drained', frame.drained, 'warn'],
      ['Quiesced', frame.quiesced, 'warn'],
      ['No next hop', frame.unresolved, 'bad'],
    ])
    troubles.set(wrong.slice(0, TROUBLES).map((row) => [row.key, row]))
    setText(
      more,
      wrong.length > TROUBLES ? `and ${wrong.length - TROUBLES} more: see Services, sorted by trouble` : '',
    )
  }
  return { element: section('Health', counts, troubles.element, more), update }
}

function rank(row) {
  return healthOf(row).tone === 'bad' ? 0 : 1
}

function setCounts(list, entries) {
  entries.forEach(([name, value, tone], i) => {
    if (!list.children[i]) list.append(h('div', {}, h('dt', {}, name), h('dd')))
    const entry = list.children[i]
    setText(entry.lastElementChild, whole(value))
    if (tone) entry.dataset.tone = value > 0 ? tone : ''
  })
}

function dropsPart() {
  const drops = table(
    'Drops, worst rate first',
    [
      { label: 'Reason', text: ({ reason }) => reason },
      { label: 'Service', text: ({ service }) => service ?? '–' },
      { label: 'Packets/s', numeric: true, text: ({ rate }) => short(rate) },
      { label: 'Packets', numeric: true, text: ({ packets }) => whole(packets) },
      { label: 'What it means', wide: 'why', text: ({ about }) => about },
    ],
    'No packet was dropped since the counters began.',
  )
  const update = ({ frame }) =>
    drops.set(frame.drops.map((row) => [`${row.reason} ${row.service ?? ''}`, row]))
  return { element: section('Drops', drops.element), update }
}

function tablesPart() {
  const meter = kept(fillMeter)
  const fill = table(
    'How full the tables are',
    [
      { label: 'Table', text: ({ name }) => TABLES[name] ?? name },
      { label: 'Fill', draw: (cell, { entries, capacity }) => meter(cell).set(entries, capacity) },
      { label: 'Used', numeric: true, text: ({ entries, capacity }) => percent(entries, capacity) },
      { label: 'Entries', numeric: true, text: ({ entries }) => whole(entries) },
      { label: 'Room for', numeric: true, text: ({ capacity }) => whole(capacity) },
    ],
    '',
  )
  const update = ({ frame }) => fill.set(frame.tables.map((row) => [row.name, row]))
  return { element: section('Tables', fill.element), update }
}

function interfacesPart() {
  const count = (label, action) => ({
    label,
    numeric: true,
    text: ({ packets }) => short(packets[action]),
  })
  const interfaces = table(
    'Interfaces and packets since the program was attached',
    [
      { label: 'Interface', text: ({ name }) => name },
      { label: 'Mode', text: ({ mode, driver }) => (driver ? `${mode}, ${driver}` : mode) },
      count('Sent back', 'tx'),
      count('Redirected', 'redirect'),
      count('To the host', 'pass'),
      count('Dropped', 'drop'),
    ],
    'The program is attached to no interface: no packet is balanced. On the director: xlvs attach',
  )
  const update = ({ frame }) => interfaces.set(frame.interfaces.map((row) => [row.name, row]))
  return { element: section('Interfaces', interfaces.element), update }
}
