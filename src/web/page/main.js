// SPDX-License-Identifier: Apache-2.0
// The console: which view is shown, and whether what it shows is true now.
import { setAttributes, setText } from './dom.js'
import { events } from './events.js'
import { explain } from './explain.js'
import { look, state, subscribe } from './live.js'
import { overview } from './overview.js'
import { service } from './service.js'
import { services } from './services.js'
import { unlockButton } from './token.js'
import { clock } from './words.js'

const VIEWS = { '': overview, services, events, explain }
const main = document.getElementById('main')
const announcement = document.getElementById('announce')
let view

function announce(text) {
  setText(announcement, text)
}

function route() {
  const path = location.hash.replace(/^#\/?/, '')
  const key = /^service\/(.+)$/.exec(path)?.[1]
  const first = view === undefined
  view = key === undefined ? (VIEWS[path] ?? overview)() : service(decode(key))
  look(view.service)
  main.replaceChildren(view.element)
  document.title = `${view.title} · xlvs`
  for (const link of document.querySelectorAll('nav[aria-label=Views] a')) {
    const here = link.getAttribute('href') === (key === undefined ? `#/${path}` : '#/services')
    setAttributes(link, { 'aria-current': here ? 'page' : undefined })
  }
  view.update(state)
  if (!first) main.focus({ preventScroll: true })
  window.scrollTo(0, 0)
}

function decode(text) {
  try {
    return decodeURIComponent(text)
  } catch {
    return text
  }
}

/** A word for those who do not see the colour; spoken when it changes, not every two seconds. */
function tellLink({ frame, staleSince }) {
  const link = document.getElementById('link')
  const text = document.getElementById('link-text')
  if (staleSince !== undefined) {
    const since = frame ? `stale since ${clock(staleSince)}` : 'no connection'
    setText(text, since)
    link.dataset.tone = 'bad'
    announce(
      frame
        ? `The director does not answer: what is shown is stale since ${clock(staleSince)}. Trying again.`
        : 'The director does not answer, or too many are looking on. Trying again.',
    )
  } else if (frame) {
    setText(text, `live, ${clock(frame.at)}`)
    if (link.dataset.tone === 'bad') announce('The director answers again.')
    link.dataset.tone = 'good'
  }
}

// a link that only moves the focus is not another view
document.querySelector('.skip').addEventListener('click', (event) => {
  event.preventDefault()
  main.focus()
})
const showUnlock = unlockButton(document.getElementById('unlock'), announce)
subscribe((now) => {
  tellLink(now)
  showUnlock(now)
  view.update(now)
})
window.addEventListener('hashchange', route)
route()
