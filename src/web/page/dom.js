// SPDX-License-Identifier: Apache-2.0
// Elements. What comes from elsewhere only ever becomes text: there is no way to HTML from here.

const SVG = 'http://www.w3.org/2000/svg'

/** An element: attributes, listeners as on…, children; a text child is text. */
export function h(tag, props = {}, ...children) {
  return fill(document.createElement(tag), props, children)
}

export function svg(tag, props = {}, ...children) {
  return fill(document.createElementNS(SVG, tag), props, children)
}

function fill(element, props, children) {
  for (const [name, value] of Object.entries(props)) {
    if (value === undefined || value === false) continue
    if (name.startsWith('on')) element.addEventListener(name.slice(2), value)
    else element.setAttribute(name, value === true ? '' : String(value))
  }
  for (const child of children.flat()) if (child !== undefined) element.append(child)
  return element
}

/** Only when it differs: what is selected or read aloud is left alone. */
export function setText(element, text) {
  if (element.textContent !== text) element.textContent = text
}

export function setAttributes(element, values) {
  for (const [name, value] of Object.entries(values)) {
    if (value === undefined) element.removeAttribute(name)
    else if (element.getAttribute(name) !== String(value)) element.setAttribute(name, String(value))
  }
}

/** A part of a view with a heading that names it. */
export function section(title, ...children) {
  const id = `s-${title.toLowerCase().replace(/[^a-z]+/g, '-')}`
  return h('section', { 'aria-labelledby': id }, h('h2', { id }, title), ...children)
}

/**
 * A table whose rows keep their elements while their keys stay, so that focus stays too.
 * column: {label, draw(cell, row)} or {label, text(row)}; numeric: figures; wide: a class of its own
 */
export function table(caption, columns, empty) {
  const body = h('tbody')
  const rows = new Map()
  const heads = columns.map((column) => h('th', { scope: 'col', class: classOf(column) }, column.label))
  const element = h(
    'table',
    {},
    h('caption', { class: 'away' }, caption),
    h('thead', {}, h('tr', {}, heads)),
    body,
  )
  const note = h('p', { class: 'empty' }, empty)
  const set = (keyed) => {
    const focused = /** @type {HTMLElement} */ (document.activeElement)
    arrange(body, rows, keyed, columns)
    if (focused !== document.activeElement && body.contains(focused)) focused.focus({ preventScroll: true })
    element.hidden = keyed.length === 0
    note.hidden = keyed.length > 0
  }
  set([])
  return { element: h('div', { class: 'table' }, element, note), set }
}

/** Rows in the order of the keys, each with the element it had. */
function arrange(body, rows, keyed, columns) {
  const kept = new Set(keyed.map(([key]) => key))
  for (const [key, row] of rows) {
    if (kept.has(key)) continue
    row.remove()
    rows.delete(key)
  }
  let next = body.firstElementChild
  for (const [key, value] of keyed) {
    const row = rows.get(key) ?? newRow(columns)
    rows.set(key, row)
    if (row === next) next = next.nextElementSibling
    else body.insertBefore(row, next)
    for (const [i, column] of columns.entries()) draw(column, row.children[i], value)
  }
}

function newRow(columns) {
  const cells = columns.map((column, i) =>
    h(i === 0 ? 'th' : 'td', { 'data-label': column.label, class: classOf(column), scope: i === 0 && 'row' }),
  )
  return h('tr', {}, cells)
}

function classOf({ numeric, wide }) {
  return numeric ? 'n' : wide
}

function draw(column, cell, value) {
  if (column.draw) column.draw(cell, value)
  else setText(cell, column.text(value))
}
