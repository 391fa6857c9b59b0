// SPDX-License-Identifier: Apache-2.0
// The few changes that a token opens: drain, undrain, weight. The token is kept in this page's memory and nowhere else.
import { ask } from './ask.js'
import { h, setAttributes, setText } from './dom.js'
import { kept } from './state.js'
import { realName } from './words.js'

let token

/** Wires the button in the header; shown when the director takes a token. */
export function unlockButton(button, announce) {
  const { dialog, open } = tokenDialog((given) => {
    token = given
    setText(button, 'Lock changes')
    announce('Changes are unlocked until this page is closed.')
    document.body.classList.add('unlocked')
  })
  document.body.append(dialog)
  const lock = () => {
    token = undefined
    setText(button, 'Unlock changes')
    announce('Changes are locked.')
    document.body.classList.remove('unlocked')
  }
  button.addEventListener('click', () => (token === undefined ? open() : lock()))
  return ({ frame }) => {
    button.hidden = !frame?.writable
  }
}

function tokenDialog(take) {
  const input = h('input', { type: 'password', id: 'token', autocomplete: 'off', required: true })
  const dialog = h('dialog', { 'aria-labelledby': 'token-title' })
  const form = h(
    'form',
    {
      method: 'dialog',
      onsubmit: () => {
        const given = input.value.trim()
        input.value = ''
        if (given !== '') take(given)
      },
    },
    h('h2', { id: 'token-title' }, 'Unlock changes'),
    h('p', {}, 'The token is in the file that console.token-file names on the director.'),
    h('label', {}, 'Token', input),
    h(
      'div',
      { class: 'buttons' },
      h('button', { type: 'submit' }, 'Unlock'),
      h('button', { type: 'button', onclick: () => dialog.close() }, 'Cancel'),
    ),
  )
  dialog.append(form)
  return { dialog, open: () => dialog.showModal() }
}

/** Drain or undrain, and a weight, for one real server of a service. */
export function actionsColumn(service) {
  const part = kept(() => actions(service))
  return { label: 'Change', wide: 'change', draw: (cell, row) => part(cell).set(row) }
}

function actions(service) {
  let row
  const said = h('span', { class: 'said', role: 'status' })
  const act = async (path, call) => {
    setText(said, 'asking')
    const answer = await ask(path, { ...call, token })
    setText(said, answer.ok ? 'done' : answer.says)
  }
  const query = () => new URLSearchParams({ service, real: realName(row.real) })
  const toggle = () =>
    row.standing?.reason === 'drained'
      ? act(`api/v1/drains?${query()}`, { method: 'DELETE' })
      : act('api/v1/drains', { method: 'POST', body: { service, real: realName(row.real) } })
  const drain = h('button', { type: 'button', onclick: toggle })
  const weight = h('input', { type: 'number', min: 0, max: 65535, step: 1, required: true })
  const submit = (event) => {
    event.preventDefault()
    const path = `api/v1/services/${encodeURIComponent(service)}/reals/${encodeURIComponent(realName(row.real))}`
    return act(path, { method: 'PATCH', body: { weight: Number(weight.value) } })
  }
  const form = h('form', { onsubmit: submit }, weight, h('button', { type: 'submit' }, 'Set'))
  const element = h('div', { class: 'actions' }, drain, form, said)
  const set = (now) => {
    if (row?.weight !== now.weight) weight.value = now.weight
    row = now
    setText(drain, now.standing?.reason === 'drained' ? 'Undrain' : 'Drain')
    setAttributes(drain, { 'aria-label': `${drain.textContent} ${realName(now.real)}` })
    setAttributes(weight, { 'aria-label': `Weight of ${realName(now.real)}` })
  }
  return { element, set }
}
