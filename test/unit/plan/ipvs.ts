// SPDX-License-Identifier: Apache-2.0
// rr and wrr as IPVS runs them: a list, a pointer, a loop. Slow and literal, for comparison only.

export interface Member {
  id: number
  weight: number
}

export interface IpvsService {
  add(id: number, weight: number): void
  weigh(id: number, weight: number): void
  remove(id: number): void
  /** the server chosen, 0 when there is none */
  pick(): number
  /** a snapshot of the list, head first */
  list(): Member[]
}

const HEAD = -1

export function ipvsRr(): IpvsService {
  const list: Member[] = []
  let position: Member | undefined
  const indexOf = () => (position === undefined ? HEAD : list.indexOf(position))
  return {
    list: () => list.map((member) => ({ ...member })),
    add: (id, weight) => void list.unshift({ id, weight }),
    weigh: (id, weight) => {
      for (const member of list) if (member.id === id) member.weight = weight
    },
    remove: (id) => {
      const at = list.findIndex((member) => member.id === id)
      if (position === list[at]) position = at > 0 ? list[at - 1] : undefined
      list.splice(at, 1)
    },
    pick: () => {
      const from = indexOf()
      const ring = from === HEAD ? list : [...list.slice(from + 1), ...list.slice(0, from + 1)]
      const chosen = ring.find((member) => member.weight > 0)
      if (chosen === undefined) return 0
      position = chosen
      return chosen.id
    },
  }
}

export function ipvsWrr(): IpvsService {
  const list: Member[] = []
  let at = HEAD
  let [cw, mw, di] = [0, 0, 1]
  const changed = () => {
    const weights = list.map((member) => member.weight).filter((weight) => weight > 0)
    at = HEAD
    di = weights.length === 0 ? 1 : weights.reduce(commonDivisor)
    mw = Math.max(0, ...weights) - (di - 1)
    if (cw > mw || cw === 0) cw = mw
    else if (di > 1) cw = Math.floor(cw / di) * di + 1
  }
  return {
    list: () => list.map((member) => ({ ...member })),
    add: (id, weight) => {
      list.unshift({ id, weight })
      changed()
    },
    weigh: (id, weight) => {
      for (const member of list) if (member.id === id) member.weight = weight
      changed()
    },
    remove: (id) => {
      list.splice(
        list.findIndex((member) => member.id === id),
        1,
      )
      changed()
    },
    pick: () => {
      if (mw === 0) return 0
      const beganAtHead = at === HEAD
      const last = at
      let [stop, restarted, lastPass] = [HEAD, false, false]
      for (;;) {
        for (let i = at + 1; i < list.length; i++) {
          if ((list[i] as Member).weight >= cw) {
            at = i
            return (list[i] as Member).id
          }
          if (i === stop) return 0
        }
        at = HEAD
        cw -= di
        if (cw <= 0) {
          cw = mw
          if (lastPass || beganAtHead) return 0
          restarted = true
        }
        lastPass = cw <= di
        if (lastPass && restarted && !beganAtHead) stop = last
      }
    },
  }
}

function commonDivisor(a: number, b: number): number {
  return b === 0 ? a : commonDivisor(b, a % b)
}
