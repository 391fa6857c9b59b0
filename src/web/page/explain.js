// SPDX-License-Identifier: Apache-2.0
// What would become of a packet: asked of the director, answered step by step. Nothing is changed by asking.
import { ask } from './ask.js'
import { h, table } from './dom.js'
import { realName, whole } from './words.js'

export function explain() {
  const answer = h('div', { class: 'answer', 'aria-live': 'polite' })
  const onsubmit = async (event) => {
    event.preventDefault()
    answer.replaceChildren(h('p', { class: 'quiet' }, 'asking'))
    const said = await ask('api/v1/explain', { method: 'POST', body: requestOf(new FormData(event.target)) })
    answer.replaceChildren(
      ...(said.ok ? explained(JSON.parse(said.text)) : [h('p', { class: 'refused' }, said.says)]),
    )
  }
  const element = h(
    'div',
    { class: 'view' },
    h('h1', {}, 'Explain a packet'),
    h(
      'p',
      { class: 'quiet' },
      'Says what the director would do with a packet, and why. Nothing is sent and nothing is changed.',
    ),
    form(onsubmit),
    answer,
  )
  return { title: 'Explain a packet', element, update: () => undefined }
}

function form(onsubmit) {
  const field = (name, label, props) =>
    h('label', {}, label, h('input', { name, autocomplete: 'off', ...props }))
  const choice = (name, label, values) =>
    h('label', {}, label, h('select', { name }, ...values.map((value) => h('option', { value }, value))))
  const port = { type: 'number', min: 1, max: 65535, inputmode: 'numeric' }
  return h(
    'form',
    { class: 'form', onsubmit },
    field('client', 'Client address', { required: true, placeholder: '203.0.113.7' }),
    field('clientPort', 'Client port', { ...port, placeholder: '40000' }),
    field('vip', 'VIP', { required: true, placeholder: '192.0.2.10' }),
    field('port', 'Port', { ...port, required: true, placeholder: '80' }),
    choice('protocol', 'Protocol', ['tcp', 'udp', 'sctp']),
    choice('flags', 'TCP flags', ['syn', 'ack', 'fin', 'rst']),
    field('interface', 'Interface', { placeholder: 'the first one' }),
    field('down', 'As if this real server were down', { placeholder: 'none' }),
    h('button', { type: 'submit' }, 'Explain'),
  )
}

function requestOf(form) {
  const text = (name) => String(form.get(name) ?? '').trim()
  const number = (name) => (text(name) === '' ? undefined : Number(text(name)))
  const tcp = text('protocol') === 'tcp'
  return {
    client: text('client'),
    clientPort: number('clientPort'),
    vip: text('vip'),
    port: number('port'),
    protocol: text('protocol'),
    flags: tcp ? text('flags') : undefined,
    interface: text('interface') || undefined,
    whatIf: text('down') === '' ? undefined : [{ down: text('down') }],
  }
}

function explained({ steps, action, reason, real, runnerUp, candidates }) {
  const verdict = [action, reason, real && `to ${realName(real)}`].filter(Boolean).join(', ')
  return [
    h('p', { class: 'verdict' }, h('b', {}, verdict)),
    h('ol', { class: 'steps' }, ...steps.map(({ step, text }) => h('li', {}, h('b', {}, step), ' ', text))),
    ...(runnerUp ? [h('p', {}, `If that one were down: ${realName(runnerUp)}.`)] : []),
    ...(candidates?.length ? [candidatesTable(candidates)] : []),
  ]
}

function candidatesTable(candidates) {
  const number = (label, text) => ({ label, numeric: true, text })
  const list = table(
    'Candidates as the scheduler saw them',
    [
      { label: 'Candidate', text: ({ real }) => realName(real) },
      number('Weight', ({ weight }) => String(weight)),
      number('Active', ({ active }) => whole(active)),
      number('Inactive', ({ inactive }) => whole(inactive)),
      number('Score', ({ score }) => score ?? '–'),
      { label: 'Not usable because', wide: 'why', text: ({ unusable }) => unusable ?? '–' },
    ],
    '',
  )
  list.set(candidates.map((row) => [row.real, row]))
  return list.element
}
