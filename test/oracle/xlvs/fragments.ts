// SPDX-License-Identifier: Apache-2.0
// Datagrams in fragments. IPVS decides once, when the last one is in; xlvs forwards each. Equal means: every fragment
// from the first one on goes where the kernel sent the whole datagram.
import type { Answer } from '../scenario.js'
import type { Fault } from './compare.js'
import type { Seen } from './differences.js'
import type { Played } from './play.js'

interface Fragment {
  readonly index: number
  readonly isFirst: boolean
  readonly kernel: string
  readonly xlvs: string
  readonly reason: string
}

interface Datagram {
  readonly client: string
  readonly fragments: readonly Fragment[]
  /** what the kernel did when it was whole; undefined: it never was */
  readonly decision: string | undefined
}

/** The kernel keeps a fragment, and xlvs does with it what the kernel does with the datagram. */
export function isOneByOne(fault: Fault, seen: Seen): boolean {
  const at = fault.line - 2
  if (fault.kind === 'services' || fault.kind === 'connection') return followsUnfinished(fault, seen)
  const datagram = datagramOf(at, seen)
  const fragment = datagram?.fragments.find(({ index }) => index === at)
  if (datagram === undefined || fragment === undefined || fault.kind !== 'packet') return false
  if (fragment.kernel !== 'drop') return false
  if (datagram.decision !== undefined) return fragment.xlvs === datagram.decision
  return isServer(fragment.xlvs) && forwarded(datagram).every(({ xlvs }) => xlvs === fragment.xlvs)
}

/** Left to the local stack, and no first fragment had gone to a real server by then. */
export function isBeforeFirst(fault: Fault, seen: Seen): boolean {
  const at = fault.line - 2
  const datagram = datagramOf(at, seen)
  const fragment = datagram?.fragments.find(({ index }) => index === at)
  if (datagram === undefined || fragment === undefined || fault.kind !== 'packet' || fragment.isFirst)
    return false
  const led = datagram.fragments.some(({ index, isFirst, xlvs }) => isFirst && index < at && isServer(xlvs))
  const refused =
    datagram.decision === undefined || isServer(datagram.decision) || firstGot(datagram, datagram.decision)
  return !led && refused && fragment.xlvs === 'local' && fragment.reason === 'pass_fragment_first_unseen'
}

function firstGot({ fragments }: Datagram, decision: string): boolean {
  return fragments.some(({ isFirst, xlvs }) => isFirst && xlvs === decision)
}

/** A datagram that never became whole has its connection in xlvs only. */
function followsUnfinished(fault: Fault, seen: Seen): boolean {
  const unfinished = datagramsOf(seen).filter(
    (datagram) =>
      datagram.decision === undefined &&
      datagram.fragments.some(
        ({ index, isFirst, xlvs }) => isFirst && index < fault.line - 2 && isServer(xlvs),
      ),
  )
  if (fault.kind === 'services') return unfinished.length > 0
  return fault.kernel === 'none' && unfinished.some(({ client }) => fault.about.split(' ')[1] === client)
}

function forwarded({ fragments }: Datagram): readonly Fragment[] {
  return fragments.filter(({ xlvs }) => isServer(xlvs))
}

function isServer(verdict: string): boolean {
  return /^rs\d+$/.test(verdict)
}

function datagramOf(index: number, seen: Seen): Datagram | undefined {
  return datagramsOf(seen).find(({ fragments }) => fragments.some((fragment) => fragment.index === index))
}

function datagramsOf({ kernel, xlvs }: Seen): readonly Datagram[] {
  const found = new Map<string, Fragment[]>()
  const clients = new Map<string, string>()
  for (const [index, step] of kernel.entries()) {
    if (step.op !== 'pkt' || step['frag'] === undefined) continue
    const [offset, , id] = step['frag'] as readonly unknown[]
    const name = [step.proto, step.src, step.dst, id].join(' ')
    const fragment = fragmentOf(index, Number(offset) === 0, step, xlvs[index])
    found.set(name, [...(found.get(name) ?? []), fragment])
    const src = String(step.src)
    clients.set(name, `${src.includes(':') ? `[${src}]` : src}:${step.sport}`)
  }
  return [...found].map(([name, fragments]) => {
    const decision = fragments.find(({ kernel }) => kernel !== 'drop')?.kernel
    return { client: clients.get(name) ?? '', fragments, decision }
  })
}

function fragmentOf(index: number, isFirst: boolean, kernel: Answer, xlvs: Played | undefined): Fragment {
  return { index, isFirst, kernel: kernel.v ?? '', xlvs: xlvs?.v ?? '', reason: xlvs?.reason ?? '' }
}
