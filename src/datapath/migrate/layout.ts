// SPDX-License-Identifier: Apache-2.0
// Two layouts compared: whether one map can serve both versions, and if not, which bytes go where. Pure; a name that is
// `pad` in some way is no member, and its bytes are zero.
import { bytesOf, type Layout, type LayoutMember } from 'libbpf-ts'

type Struct = Extract<Layout, { kind: 'struct' }>
type Numeric = Extract<Layout, { kind: 'number' }>

const PADDING = /^_*pad(ding)?_?\d*$/

/** Bytes of one member in an old value, and where they go in a new one. Wider there: the upper bytes are filled up. */
export interface Move {
  /** 'way.2.data' */
  readonly name: string
  readonly from: number
  readonly to: number
  readonly fromBytes: number
  readonly toBytes: number
  readonly signed: boolean
}

/** A member that no rule brings over. */
export class Untranslatable extends Error {
  constructor(member: string, why: string) {
    super(`${member === '' ? 'the value' : member}: ${why}`)
  }
}

/**
 * Programs of both versions may work on the same map: every member of either is at the same place with the same
 * meaning in the other, or is new in bytes that were padding. Members that went would leave their bytes behind as
 * padding that is not zero, so they do not fit.
 */
export function fits(old: Layout, now: Layout): boolean {
  if (old.kind === 'number' && now.kind === 'number') return sameNumber(old, now)
  if (old.kind === 'array' && now.kind === 'array') return old.length === now.length && fits(old.of, now.of)
  if (old.kind === 'struct' && now.kind === 'struct') return structFits(old, now)
  return false
}

/** Members by name; what is new is left as it is, what went is left out. */
export function movesOf(old: Layout, now: Layout, from = 0, to = 0, name = ''): Move[] {
  if (old.kind === 'number' && now.kind === 'number') return [moveNumber(old, now, from, to, name)]
  if (old.kind === 'array' && now.kind === 'array') {
    if (now.length < old.length) throw new Untranslatable(name, `${old.length} elements become ${now.length}`)
    const [step, stride] = [bytesOf(old.of), bytesOf(now.of)]
    return Array.from({ length: old.length }, (_, i) =>
      movesOf(old.of, now.of, from + i * step, to + i * stride, within(name, String(i))),
    ).flat()
  }
  if (old.kind === 'struct' && now.kind === 'struct') {
    return membersOf(now).flatMap((member) => {
      const before = membersOf(old).find((each) => each.name === member.name)
      return before === undefined
        ? []
        : movesOf(
            before.layout,
            member.layout,
            from + before.offset,
            to + member.offset,
            within(name, member.name),
          )
    })
  }
  throw new Untranslatable(name, `${old.kind} becomes ${now.kind}`)
}

export function membersOf({ members }: Struct): readonly LayoutMember[] {
  return members.filter(({ name }) => !PADDING.test(name))
}

/** Carries one value over; `to` keeps what no move names. */
export function move(
  moves: readonly Move[],
  from: Uint8Array,
  at: number,
  to: Uint8Array,
  target: number,
): void {
  for (const one of moves) {
    for (let i = 0; i < one.fromBytes; i++) to[target + one.to + i] = from[at + one.from + i] as number
    if (one.toBytes === one.fromBytes) continue
    const negative = one.signed && (from[at + one.from + one.fromBytes - 1] as number) > 0x7f
    to.fill(negative ? 0xff : 0, target + one.to + one.fromBytes, target + one.to + one.toBytes)
  }
}

function sameNumber(a: Numeric, b: Numeric): boolean {
  return a.bytes === b.bytes && a.signed === b.signed && a.network === b.network
}

function structFits(old: Struct, now: Struct): boolean {
  if (old.bytes !== now.bytes) return false
  const before = new Map(membersOf(old).map((member) => [member.name, member]))
  const after = new Set(membersOf(now).map(({ name }) => name))
  return (
    [...before.keys()].every((name) => after.has(name)) &&
    membersOf(now).every((member) => {
      const there = before.get(member.name)
      if (there !== undefined) return there.offset === member.offset && fits(there.layout, member.layout)
      return membersOf(old).every((other) => apart(other, member))
    })
  )
}

function apart(a: LayoutMember, b: LayoutMember): boolean {
  return a.offset + bytesOf(a.layout) <= b.offset || b.offset + bytesOf(b.layout) <= a.offset
}

function moveNumber(old: Numeric, now: Numeric, from: number, to: number, name: string): Move {
  const [fromBytes, toBytes] = [old.bytes, now.bytes]
  if (toBytes < fromBytes) throw new Untranslatable(name, `${fromBytes} bytes become ${toBytes}`)
  if (old.network !== now.network || (old.network && toBytes !== fromBytes))
    throw new Untranslatable(name, 'its byte order or the width of a number in network order changes')
  if (old.signed !== now.signed && (old.signed || toBytes === fromBytes))
    throw new Untranslatable(name, 'its sign changes')
  return { name, from, to, fromBytes, toBytes, signed: old.signed }
}

function within(outer: string, inner: string): string {
  return outer === '' ? inner : `${outer}.${inner}`
}
