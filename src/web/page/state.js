// SPDX-License-Identifier: Apache-2.0
// A state as a sign and a word, in the colour of its tone.
import { h, setAttributes, setText } from './dom.js'

export function badge() {
  const sign = h('span', { 'aria-hidden': 'true', class: 'sign' })
  const word = h('span')
  const element = h('span', { class: 'state' }, sign, word)
  const set = (state) => {
    setText(sign, state.sign)
    setText(word, state.word)
    setAttributes(element, { 'data-tone': state.tone })
  }
  return { element, set }
}

/** One made for each cell, whatever is drawn in it. */
export function kept(make) {
  const parts = new WeakMap()
  return (cell) => {
    if (!parts.has(cell)) {
      const part = make()
      cell.append(part.element)
      parts.set(cell, part)
    }
    return parts.get(cell)
  }
}

/** A column that draws a badge. */
export function badgeColumn(label, of) {
  const part = kept(badge)
  return { label, draw: (cell, row) => part(cell).set(of(row)) }
}

/** A column with a link to a service. */
export function serviceColumn(label, of) {
  const part = kept(() => {
    const link = h('a')
    const set = ({ key, name }) => {
      setText(link, name === '' ? key : name)
      setAttributes(link, { href: `#/service/${encodeURIComponent(key)}`, title: key })
    }
    return { element: link, set }
  })
  return { label, draw: (cell, row) => part(cell).set(of(row)) }
}
