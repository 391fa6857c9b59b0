// SPDX-License-Identifier: Apache-2.0
// What each key does. One table of letters; what a filter is typed with goes there instead. Pure.
import type { Key, KeyName } from './keys.js'
import { chosen, ordered, placeOf } from './order.js'
import { type List, listOf, type Ordering, SORTS, type State, type View } from './state.js'
import type { Step } from './update.js'

type Act = (state: State) => Step

const VIEWS: readonly Exclude<View, 'reals'>[] = ['overview', 'services', 'drops']
/** ms that + and - go through */
export const INTERVALS: readonly number[] = [500, 1_000, 2_000, 5_000, 10_000, 30_000, 60_000]

const NAMED: Readonly<Partial<Record<KeyName, Act>>> = {
  up: move(-1),
  down: move(1),
  pageup: (state) => move(-state.page)(state),
  pagedown: (state) => move(state.page)(state),
  home: move(Number.NEGATIVE_INFINITY),
  end: move(Number.POSITIVE_INFINITY),
  enter: into,
  right: into,
  escape: back,
  left: back,
  backspace: back,
  tab: turn(1),
  backtab: turn(-1),
  redraw: (state) => ({ state, effect: 'redraw' }),
  suspend: (state) => ({ state, effect: 'suspend' }),
  interrupt: (state) => ({ state, effect: 'quit' }),
}

const LETTERS: Readonly<Record<string, Act>> = {
  k: move(-1),
  j: move(1),
  g: move(Number.NEGATIVE_INFINITY),
  G: move(Number.POSITIVE_INFINITY),
  l: into,
  h: back,
  1: (state) => show(state, 'overview'),
  2: (state) => show(state, 'services'),
  3: (state) => show(state, 'drops'),
  s: sort(1),
  S: sort(-1),
  r: (state) => ordering(state, ({ reverse }) => ({ reverse: !reverse })),
  '/': (state) => ({ state: { ...state, typing: state.lists[listOf(state.view)].filter } }),
  p: (state) => ({ state: { ...state, paused: !state.paused }, ...(state.paused && { effect: 'poll' }) }),
  ' ': (state) => ({ state, effect: 'poll' }),
  '+': pace(1),
  '=': pace(1),
  '-': pace(-1),
  '?': (state) => ({ state: { ...state, help: true } }),
  q: (state) => ({ state, effect: 'quit' }),
}

export function steer(state: State, key: Key): Step {
  const always =
    'name' in key && ['interrupt', 'suspend', 'redraw'].includes(key.name) ? NAMED[key.name] : undefined
  if (always) return always(state)
  if (state.help) return 'char' in key && key.char === 'q' ? quit(state) : still({ ...state, help: false })
  if (state.typing !== undefined) return typed(state, key)
  const act = 'char' in key ? LETTERS[key.char] : NAMED[key.name]
  return act ? act(state) : still(state)
}

function quit(state: State): Step {
  return { state, effect: 'quit' }
}

function still(state: State): Step {
  return { state }
}

/** Longer than any name that is looked for. */
const LONGEST_FILTER = 64

function typed(state: State, key: Key): Step {
  const { filter } = state.lists[listOf(state.view)]
  const filtered = (text: string) => ordering(state, () => ({ filter: text }))
  if ('char' in key) return filtered([...filter, key.char].slice(0, LONGEST_FILTER).join(''))
  switch (key.name) {
    case 'backspace':
      return filtered([...filter].slice(0, -1).join(''))
    case 'clear':
      return filtered('')
    case 'escape':
      return still(untyped(filtered('').state))
    case 'enter':
      return still(untyped(state))
    case 'up':
    case 'down':
      return move(key.name === 'up' ? -1 : 1)(state)
    default:
      return still(state)
  }
}

function untyped({ typing: _, ...state }: State): State {
  return state
}

function ordering(state: State, change: (of: Ordering) => Partial<Ordering>): Step {
  const list: List = listOf(state.view)
  const of = state.lists[list]
  return still({ ...state, lists: { ...state.lists, [list]: { ...of, ...change(of) } } })
}

function move(by: number): Act {
  return (state) => {
    const list = listOf(state.view)
    const lines = ordered(state, list)
    const { index } = placeOf(lines, state.lists[list])
    const key = lines[Math.min(lines.length - 1, Math.max(0, index + by))]?.key
    return key === undefined ? still(state) : ordering(state, () => ({ selected: key }))
  }
}

function sort(by: number): Act {
  return (state) =>
    ordering(state, ({ sort: now }) => {
      const names = SORTS[listOf(state.view)]
      return { sort: names[(names.indexOf(now) + by + names.length) % names.length] ?? names[0] }
    })
}

function pace(by: number): Act {
  return (state) => {
    const longer = INTERVALS.find((ms) => ms > state.interval)
    const shorter = INTERVALS.findLast((ms) => ms < state.interval)
    const interval = (by > 0 ? longer : shorter) ?? state.interval
    return { state: { ...state, interval }, effect: 'poll' }
  }
}

function show({ ...state }: State, view: Exclude<View, 'reals'>): Step {
  return still({ ...left(state), view, from: view })
}

function turn(by: number): Act {
  return (state) => {
    const at = VIEWS.indexOf(state.view === 'reals' ? state.from : state.view)
    return show(state, VIEWS[(at + by + VIEWS.length) % VIEWS.length] ?? 'overview')
  }
}

/** From a service, or from a drop that belongs to one, to its real servers. */
function into(state: State): Step {
  if (state.view === 'reals') return still(state)
  const line = chosen(state)
  const service = line && 'rate' in line ? line.row.service : line?.key
  if (service === undefined) return still(state)
  const { selected: _, ...reals } = state.lists.reals
  return {
    state: {
      ...left(state),
      view: 'reals',
      from: state.view,
      service,
      lists: { ...state.lists, reals: { ...reals, filter: '' } },
    },
    effect: 'poll',
  }
}

/** A filter goes first, then the view. */
function back(state: State): Step {
  if (state.lists[listOf(state.view)].filter !== '') return ordering(state, () => ({ filter: '' }))
  if (state.view === 'reals') return show(state, state.from)
  return state.view === 'overview' ? still(state) : show(state, 'overview')
}

/** What belonged to the service that was looked into. */
function left({ service: _, marks: _marks, data, ...state }: State): State {
  if (!data) return state
  const { reals: _reals, ...rest } = data
  return { ...state, data: rest }
}
