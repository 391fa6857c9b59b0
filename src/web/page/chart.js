// SPDX-License-Identifier: Apache-2.0
// Drawings: rates of the last minutes, a share beside what it should be, how full a table is, a histogram.
import { h, setAttributes, setText, svg } from './dom.js'
import { POINTS } from './live.js'
import { percent, short, span } from './words.js'

const [WIDTH, HEIGHT] = [300, 70]
const FRAME_S = 2

/** Rates as a line over the last five minutes; its newest value in figures above it. */
export function rateChart(title, say = short) {
  const rule = {
    class: 'rule',
    d: `M0 1H${WIDTH}M0 ${HEIGHT / 2}H${WIDTH}`,
    'vector-effect': 'non-scaling-stroke',
  }
  const line = svg('path', { class: 'line', 'vector-effect': 'non-scaling-stroke' })
  const area = svg('path', { class: 'area' })
  const box = { viewBox: `0 0 ${WIDTH} ${HEIGHT}`, preserveAspectRatio: 'none', role: 'img' }
  const picture = svg('svg', box, svg('path', rule), area, line)
  const now = h('b', { class: 'now' })
  const most = h('span')
  const element = h(
    'figure',
    { class: 'rate' },
    h('figcaption', {}, h('span', {}, title), now),
    h('div', { class: 'plot' }, h('div', { class: 'top' }, most), picture),
    h(
      'div',
      { class: 'axis' },
      h('span', {}, `${Math.round((POINTS * FRAME_S) / 60)} min ago`),
      h('span', {}, 'now'),
    ),
  )
  const set = (values) => {
    const last = values.at(-1) ?? 0
    const top = Math.max(1, ...values)
    const points = pointsOf(values, top)
    setAttributes(line, { d: points && `M${points}` })
    setAttributes(area, { d: points && `M${xOf(values, 0)} ${HEIGHT}L${points}L${WIDTH} ${HEIGHT}Z` })
    setText(now, say(last))
    setText(most, say(top))
    setAttributes(picture, {
      'aria-label': `${title}: now ${say(last)}, at most ${say(top)} in the last minutes`,
    })
  }
  set([])
  return { element, set }
}

function pointsOf(values, top) {
  const yOf = (value) => (HEIGHT - (value / top) * (HEIGHT - 2)).toFixed(1)
  return values.map((value, i) => `${xOf(values, i)} ${yOf(value)}`).join('L')
}

/** The newest stands at the right. */
function xOf({ length }, i) {
  return (((i + POINTS - length) * WIDTH) / (POINTS - 1)).toFixed(1)
}

/** A bar for what it gets, a mark for what its weight asks for; both in figures too. */
export function shareBar() {
  const bar = svg('rect', { class: 'bar', x: 0, y: 3, height: 8, rx: 1 })
  const mark = svg('rect', { class: 'mark', y: 0, width: 1.6, height: 14 })
  const picture = svg(
    'svg',
    { viewBox: '0 0 100 14', preserveAspectRatio: 'none', 'aria-hidden': 'true' },
    svg('rect', { class: 'track', x: 0, y: 3, width: 100, height: 8, rx: 1 }),
    bar,
    mark,
  )
  const text = h('span', { class: 'figures' })
  const element = h('div', { class: 'share' }, text, picture)
  const set = (part, all, weight, weights) => {
    const wanted = weights > 0 ? (100 * weight) / weights : 0
    setAttributes(bar, { width: all > 0 ? Math.min(100, (100 * part) / all).toFixed(1) : 0 })
    setAttributes(mark, { x: Math.min(98.4, wanted).toFixed(1) })
    setText(text, `gets ${percent(part, all)}, weight ${percent(weight, weights)}`)
  }
  return { element, set }
}

export function fillMeter() {
  const bar = svg('rect', { class: 'bar', x: 0, y: 0, height: 8 })
  const element = svg(
    'svg',
    { class: 'meter', viewBox: '0 0 100 8', preserveAspectRatio: 'none', 'aria-hidden': 'true' },
    svg('rect', { class: 'track', x: 0, y: 0, width: 100, height: 8 }),
    bar,
  )
  return {
    element,
    set: (part, all) => setAttributes(bar, { width: all > 0 ? ((100 * part) / all).toFixed(2) : 0 }),
  }
}

/** Handshake times: one column a bucket, the bounds below. */
export function histogram() {
  const columns = h('ol', { class: 'histogram', 'aria-label': 'Handshakes by time' })
  const set = (buckets, bounds) => {
    const top = Math.max(1, ...buckets)
    const all = buckets.reduce((a, b) => a + b, 0)
    while (columns.children.length > buckets.length) columns.lastElementChild.remove()
    buckets.forEach((count, i) => {
      columns.children[i] ?? columns.append(newColumn())
      const [share, picture, label] = columns.children[i].children
      const tall = count > 0 ? Math.max(1, (60 * count) / top) : 0
      setAttributes(picture.firstElementChild, { y: (60 - tall).toFixed(1), height: tall.toFixed(1) })
      setText(label, i < bounds.length ? `≤ ${span(bounds[i])}` : `longer`)
      setText(share, count > 0 ? percent(count, all) : '')
    })
  }
  return { element: columns, set }
}

function newColumn() {
  const picture = svg(
    'svg',
    { viewBox: '0 0 20 60', preserveAspectRatio: 'none', 'aria-hidden': 'true' },
    svg('rect', { class: 'bar', x: 1, width: 18 }),
  )
  return h('li', {}, h('span'), picture, h('span'))
}
