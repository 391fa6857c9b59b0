// SPDX-License-Identifier: Apache-2.0
// All services, filtered, sorted and a page at a time: a thousand of them cost no more than fifty.
import { h, setText, table } from './dom.js'
import { badgeColumn, serviceColumn } from './state.js'
import { bits, healthOf, short, whole } from './words.js'

const PAGE = 50
const TONES = ['bad', 'warn', 'good']
const ORDERS = {
  trouble: ['Trouble first', (a, b) => tone(a) - tone(b) || b.pps - a.pps],
  rate: ['Most traffic first', (a, b) => b.pps - a.pps],
  name: ['By name', (a, b) => label(a).localeCompare(label(b), 'en', { numeric: true })],
}

export function services() {
  const shown = { text: '', order: 'trouble', page: 0, last: undefined }
  const list = servicesTable()
  const said = h('p', { class: 'quiet', role: 'status' })
  const pager = pageButtons((step) => {
    shown.page += step
    update(shown.last)
  })
  const update = (state) => {
    shown.last = state
    if (state?.frame === undefined) return
    const found = [...state.services.values()].filter((row) => matches(row, shown.text))
    found.sort(ORDERS[shown.order][1])
    const pages = Math.max(1, Math.ceil(found.length / PAGE))
    shown.page = Math.min(shown.page, pages - 1)
    const rows = found.slice(shown.page * PAGE, (shown.page + 1) * PAGE)
    list.set(rows.map((row) => [row.key, row]))
    setText(said, `${whole(found.length)} of ${whole(state.services.size)} services`)
    pager.set(shown.page, pages)
  }
  const change = (values) => {
    Object.assign(shown, values, { page: 0 })
    update(shown.last)
  }
  const heading = h('h1', {}, 'Services')
  const element = h('div', { class: 'view' }, heading, controls(change), said, list.element, pager.element)
  return { title: 'Services', element, update }
}

function servicesTable() {
  const number = (name, of) => ({ label: name, numeric: true, text: of })
  return table(
    'Services',
    [
      serviceColumn('Service', (row) => row),
      { label: 'Address', text: ({ key }) => key },
      badgeColumn('Health', healthOf),
      { label: 'Scheduler', text: ({ scheduler }) => scheduler },
      number('Conn/s', ({ cps }) => short(cps)),
      number('Packets/s', ({ pps }) => short(pps)),
      number('In', ({ bps }) => bits(bps)),
      number('Active', ({ active }) => short(active)),
      number('Inactive', ({ inactive }) => short(inactive)),
    ],
    'No service fits.',
  )
}

function controls(change) {
  const orders = Object.entries(ORDERS).map(([value, [name]]) => h('option', { value }, name))
  const filter = h('input', {
    type: 'search',
    id: 'filter',
    autocomplete: 'off',
    spellcheck: 'false',
    placeholder: 'name, address or scheduler',
    oninput: ({ target }) => change({ text: target.value.trim().toLowerCase() }),
  })
  const order = h(
    'select',
    { id: 'order', onchange: ({ target }) => change({ order: target.value }) },
    ...orders,
  )
  return h(
    'div',
    { class: 'controls', role: 'search' },
    h('label', {}, 'Filter', filter),
    h('label', {}, 'Order', order),
  )
}

function pageButtons(move) {
  const before = h('button', { type: 'button', onclick: () => move(-1) }, 'Previous page')
  const after = h('button', { type: 'button', onclick: () => move(1) }, 'Next page')
  const text = h('span')
  const element = h('nav', { class: 'pager', 'aria-label': 'Pages' }, before, text, after)
  const set = (page, pages) => {
    element.hidden = pages === 1
    before.disabled = page === 0
    after.disabled = page === pages - 1
    setText(text, `page ${page + 1} of ${pages}`)
  }
  return { element, set }
}

function matches({ key, name, scheduler }, text) {
  return text === '' || `${key} ${name} ${scheduler}`.toLowerCase().includes(text)
}

function label({ key, name }) {
  return name === '' ? key : name
}

function tone(row) {
  return TONES.indexOf(healthOf(row).tone)
}
