// SPDX-License-Identifier: Apache-2.0
// What happened, newest first, as it happens.
import { ask } from './ask.js'
import { h, setText, table } from './dom.js'
import { badgeColumn } from './state.js'
import { moment } from './words.js'

const MOST = 500
const SEVERITIES = {
  info: { word: 'info', sign: '·', tone: '' },
  notice: { word: 'notice', sign: '●', tone: 'good' },
  warning: { word: 'warning', sign: '▲', tone: 'warn' },
  error: { word: 'error', sign: '✕', tone: 'bad' },
}
const RANKS = Object.keys(SEVERITIES)

export function events() {
  const log = { rows: new Map(), text: '', least: 'info', busy: false, at: undefined }
  const list = table(
    'Events, newest first',
    [
      { label: 'When', wide: 'when', text: ({ at }) => moment(at) },
      badgeColumn('Severity', ({ severity }) => SEVERITIES[severity] ?? SEVERITIES.info),
      { label: 'What', text: ({ kind }) => kind },
      { label: 'Event', wide: 'why', text: ({ text }) => text },
    ],
    'No event fits.',
  )
  const said = h('p', { class: 'quiet', role: 'status' }, 'asking')
  const show = () => {
    const found = [...log.rows.values()].filter((row) => fits(row, log)).sort((a, b) => b.id - a.id)
    list.set(found.slice(0, MOST).map((row) => [row.id, row]))
  }
  const update = async ({ frame }) => {
    if (frame === undefined || log.busy || log.at === frame.at) return
    Object.assign(log, { busy: true, at: frame.at })
    const answer = await ask(path(log))
    log.busy = false
    setText(said, answer.ok ? '' : answer.says)
    if (!answer.ok) return
    for (const line of answer.text.split('\n')) if (line !== '') take(log, JSON.parse(line))
    show()
  }
  const change = (values) => {
    Object.assign(log, values)
    show()
  }
  const element = h('div', { class: 'view' }, h('h1', {}, 'Events'), controls(change), said, list.element)
  return { title: 'Events', element, update }
}

/** A line of the answer: an event, or a word about events that are not in it. */
function take({ rows }, line) {
  if (line.id === undefined) return
  rows.set(line.id, line)
  if (rows.size > MOST) rows.delete(rows.keys().next().value)
}

/** What is new since the newest that is known; some of it perhaps again. */
function path({ rows }) {
  const newest = [...rows.values()].at(-1)
  return newest === undefined ? `api/v1/events?limit=${MOST}` : `api/v1/events?since=${newest.at}`
}

function fits({ severity, text, service, real, kind }, { text: wanted, least }) {
  if (RANKS.indexOf(severity) < RANKS.indexOf(least)) return false
  return wanted === '' || `${kind} ${service ?? ''} ${real ?? ''} ${text}`.toLowerCase().includes(wanted)
}

function controls(change) {
  const options = RANKS.map((rank) =>
    h('option', { value: rank }, rank === 'info' ? 'everything' : `${rank} and worse`),
  )
  const oninput = ({ target }) => change({ text: target.value.trim().toLowerCase() })
  return h(
    'div',
    { class: 'controls', role: 'search' },
    h('label', {}, 'Filter', h('input', { type: 'search', id: 'filter', autocomplete: 'off', oninput })),
    h(
      'label',
      {},
      'Severity',
      h('select', { id: 'least', onchange: ({ target }) => change({ least: target.value }) }, options),
    ),
  )
}
