// SPDX-License-Identifier: Apache-2.0
// The map of a scheduler's table: which slots or turns each real server holds. One is picked out at a time, so that no
// colours have to be told apart.
import { ask } from './ask.js'
import { h, section, setAttributes, setText, svg } from './dom.js'
import { counted, percent, realName } from './words.js'

const UNITS = {
  slots: [
    'slots',
    'A hash of the client or the service names a slot; each real server answers for its slots.',
  ],
  turns: ['turn', 'The order in which real servers are picked, until it repeats.'],
  weights: ['weight', 'The scheduler looks at the connections of the moment: only the weights can be told.'],
}

export function slotMap(service) {
  const legend = h('div', { class: 'legend', role: 'radiogroup', 'aria-label': 'Real server to pick out' })
  const held = svg('path', { class: 'held' })
  const none = svg('path', { class: 'nobody' })
  const grid = svg('svg', { class: 'slots', role: 'img' }, svg('rect', { class: 'track' }), none, held)
  const text = h('p', { class: 'quiet' })
  const seen = { map: undefined, picked: 0, of: undefined }
  const show = () => draw(seen, { legend, grid, held, none, text }, pick)
  const pick = (member) => {
    seen.picked = member
    show()
  }
  const update = async ({ reals }, { frame }) => {
    const of = `${frame.generation} ${reals.map(({ real, effectiveWeight }) => `${real}=${effectiveWeight}`).join()}`
    if (of === seen.of) return
    seen.of = of
    const first = seen.map === undefined
    const answer = await ask(`api/v1/slots?service=${encodeURIComponent(service)}`)
    if (!answer.ok) return setText(text, answer.says)
    seen.map = inOrder(JSON.parse(answer.text))
    if (first) seen.picked = mostHeld(seen.map)
    show()
  }
  return { element: section('Map of the scheduler', text, h('div', { class: 'map' }, legend, grid)), update }
}

function draw({ map, picked }, { legend, grid, held, none, text }, pick) {
  const [unit, about] = UNITS[map.kind]
  const empty =
    map.empty > 0 ? ` ${counted(map.empty, 'slot')} held by nobody: their clients are refused.` : ''
  const nobody = map.size === 0 || map.empty === map.size
  if (nobody)
    setText(text, `${map.scheduler}: no real server takes new connections now, so clients are refused.`)
  else setText(text, `${map.scheduler}: ${counted(map.size, unit)}. ${about}${empty}`)
  drawLegend(legend, map, picked, unit, pick)
  const wide = map.size > 1024 ? 96 : Math.min(64, Math.max(1, map.size))
  const tall = Math.max(1, Math.ceil(map.size / wide))
  grid.toggleAttribute('hidden', map.runs.length === 0)
  if (map.runs.length === 0) return
  const name = realName(map.reals[picked]?.real ?? '')
  grid.classList.toggle('strip', tall === 1)
  setAttributes(grid, {
    viewBox: `0 0 ${wide} ${tall}`,
    preserveAspectRatio: tall === 1 ? 'none' : undefined,
    'aria-label': `The ${unit}s of ${name} among all`,
  })
  setAttributes(grid.firstElementChild, { width: wide, height: tall })
  setAttributes(held, { d: path(map.runs, picked, wide) })
  setAttributes(none, { d: path(map.runs, -1, wide) })
}

/** Real servers by name; the scheduler's own order says nothing to people. */
function inOrder(map) {
  const order = map.reals.map((_, i) => i)
  order.sort((a, b) => map.reals[a].real.localeCompare(map.reals[b].real, 'en', { numeric: true }))
  const runs = map.runs.map(([member, length]) => [order.indexOf(member), length])
  return { ...map, reals: order.map((i) => map.reals[i]), runs }
}

function mostHeld({ reals }) {
  return reals.reduce((most, { held }, i) => (held > reals[most].held ? i : most), 0)
}

/** Squares of a member, row by row. */
function path(runs, member, wide) {
  let at = 0
  let d = ''
  for (const [who, length] of runs) {
    for (let done = 0; who === member && done < length; ) {
      const [x, y] = [(at + done) % wide, Math.floor((at + done) / wide)]
      const here = Math.min(length - done, wide - x)
      d += `M${x + 0.06} ${y + 0.08}h${here - 0.12}v0.84h${0.12 - here}z`
      done += here
    }
    at += length
  }
  return d
}

function drawLegend(legend, { reals, size }, picked, unit, pick) {
  while (legend.children.length > reals.length) legend.lastElementChild.remove()
  reals.forEach(({ real, held }, i) => {
    if (!legend.children[i]) legend.append(newEntry(() => pick(i)))
    const [input, text] = legend.children[i].children
    input.checked = i === picked
    setText(text, `${realName(real)}: ${percent(held, size)}, ${counted(held, unit)}`)
  })
}

function newEntry(onchange) {
  return h('label', {}, h('input', { type: 'radio', name: 'slot-real', onchange }), h('span'))
}
