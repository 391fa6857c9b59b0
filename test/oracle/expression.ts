// SPDX-License-Identifier: Apache-2.0
// The expressions between ${ and } in scenarios: integers, addresses and strings with Python's operators and
// precedence, `a if b else c`, lists, and the functions ip, h, str, min, max, len.
import { formatAddress, parseAddress } from '../../src/abi/address.js'
import { ScenarioError } from './scenario.js'

export type Operand = number | string | boolean | Address | readonly Operand[]
export type Variables = Readonly<Record<string, Operand>>

/** An address that can be counted up: ip('10.0.0.1')+3 */
export class Address {
  constructor(
    private readonly value: bigint,
    private readonly family: 4 | 6,
  ) {}

  static parse(text: string): Address {
    const parsed = parseAddress(text)
    if (parsed === undefined) throw new ScenarioError(`ip('${text}') is no address`)
    const bytes = parsed.bytes.subarray(0, parsed.family === 4 ? 4 : 16)
    return new Address(
      bytes.reduce((sum, byte) => (sum << 8n) | BigInt(byte), 0n),
      parsed.family,
    )
  }

  plus(count: number): Address {
    const bits = this.family === 4 ? 32 : 128
    return new Address(BigInt.asUintN(bits, this.value + BigInt(Math.trunc(count))), this.family)
  }

  toString(): string {
    const bits = this.family === 4 ? 32n : 128n
    const bytes = Uint8Array.from({ length: 16 }, (_, i) =>
      BigInt(i) * 8n < bits ? Number((this.value >> (bits - 8n - BigInt(i) * 8n)) & 0xffn) : 0,
    )
    return formatAddress(bytes, this.family)
  }
}

/** A fixed mixing of 32 bits, so that a scenario can ask for "any" values and get the same ones for ever. */
export function mix(i: number, seed = 0): number {
  let x = (Math.imul(i, 0x9e3779b1) + Math.imul(seed, 0x85ebca77) + 0x165667b1) >>> 0
  x ^= x >>> 15
  x = Math.imul(x, 0x2c1b3c6d) >>> 0
  x ^= x >>> 12
  x = Math.imul(x, 0x297a2d39) >>> 0
  return (x ^ (x >>> 15)) >>> 0
}

export function evaluate(text: string, variables: Variables): Operand {
  const parser = new Parser(tokens(text), variables, text)
  const value = parser.expression()
  parser.end()
  return value
}

const TOKEN =
  /\s*(0x[0-9a-fA-F]+|\d+(?:\.\d+)?|'[^']*'|"[^"]*"|[A-Za-z_]\w*|\/\/|\*\*|<<|>>|<=|>=|==|!=|[-+*/%&|^~<>()[\],])\s*/y

function tokens(text: string): readonly string[] {
  const found: string[] = []
  TOKEN.lastIndex = 0
  while (TOKEN.lastIndex < text.length) {
    const at = TOKEN.lastIndex
    const match = TOKEN.exec(text)
    if (match === null)
      throw new ScenarioError(`\${${text}}: ${JSON.stringify(text.slice(at))} is no expression`)
    found.push(match[1] as string)
  }
  return found
}

/** From loosest to tightest; each binds to the left. */
const LEVELS: readonly (readonly string[])[] = [
  ['or'],
  ['and'],
  ['==', '!=', '<', '<=', '>', '>='],
  ['|'],
  ['^'],
  ['&'],
  ['<<', '>>'],
  ['+', '-'],
  ['*', '/', '//', '%'],
]

type Numeric = (a: number, b: number) => number | boolean

function bits(combine: (a: bigint, b: bigint) => bigint): Numeric {
  return (a, b) => Number(combine(BigInt(a), BigInt(b)))
}

const NUMERIC: Readonly<Record<string, Numeric>> = {
  '<': (a, b) => a < b,
  '<=': (a, b) => a <= b,
  '>': (a, b) => a > b,
  '>=': (a, b) => a >= b,
  '|': bits((a, b) => a | b),
  '^': bits((a, b) => a ^ b),
  '&': bits((a, b) => a & b),
  '<<': bits((a, b) => a << b),
  '>>': bits((a, b) => a >> b),
  '+': (a, b) => a + b,
  '-': (a, b) => a - b,
  '*': (a, b) => a * b,
  '/': (a, b) => a / b,
  '//': (a, b) => Math.floor(a / b),
  '%': (a, b) => a - b * Math.floor(a / b),
  '**': (a, b) => a ** b,
}

class Parser {
  private at = 0

  constructor(
    private readonly found: readonly string[],
    private readonly variables: Variables,
    private readonly text: string,
  ) {}

  /** All of it, of which both branches of an `if` are evaluated. */
  expression(): Operand {
    const value = this.level(0)
    if (!this.takes('if')) return value
    const condition = this.level(0)
    this.need('else')
    const otherwise = this.expression()
    return truth(condition) ? value : otherwise
  }

  end(): void {
    if (this.at < this.found.length) this.fail(`${this.found[this.at]} is not expected`)
  }

  private level(depth: number): Operand {
    const operators = LEVELS[depth]
    if (operators === undefined) return this.unary()
    let left = this.level(depth + 1)
    while (operators.includes(this.found[this.at] ?? '')) {
      const operator = this.found[this.at++] as string
      left = this.apply(operator, left, this.level(depth + 1))
    }
    return left
  }

  private unary(): Operand {
    if (this.takes('-')) return this.apply('-', 0, this.unary())
    if (this.takes('~')) return this.apply('-', -1, this.unary())
    const base = this.postfix()
    return this.takes('**') ? this.apply('**', base, this.unary()) : base
  }

  private postfix(): Operand {
    let value = this.atom()
    while (this.takes('[')) {
      const index = this.expression()
      this.need(']')
      const list = value
      if (typeof index !== 'number' || !(typeof list === 'string' || Array.isArray(list)))
        return this.fail('only lists and strings have elements, counted from 0')
      value = (list as readonly Operand[]).at(index) ?? this.fail(`there is no element ${index}`)
    }
    return value
  }

  private atom(): Operand {
    const token = this.found[this.at++]
    if (token === undefined) return this.fail('it ends too early')
    if (token === '(') {
      const value = this.expression()
      this.need(')')
      return value
    }
    if (token === '[') return this.list(']')
    if (/^\d/.test(token)) return Number(token)
    if (/^['"]/.test(token)) return token.slice(1, -1)
    if (!/^\w/.test(token)) return this.fail(`${token} is not expected`)
    if (this.takes('(')) return this.invoke(token, this.list(')'))
    return this.variables[token] ?? this.fail(`there is no variable ${token}`)
  }

  private list(end: string): readonly Operand[] {
    const values: Operand[] = []
    while (!this.takes(end)) {
      values.push(this.expression())
      if (this.found[this.at] !== end) this.need(',')
    }
    return values
  }

  private apply(operator: string, a: Operand, b: Operand): Operand {
    if (operator === 'or') return truth(a) ? a : b
    if (operator === 'and') return truth(a) ? b : a
    if (operator === '==') return String(a) === String(b)
    if (operator === '!=') return String(a) !== String(b)
    if (operator === '+') {
      if (a instanceof Address && typeof b === 'number') return a.plus(b)
      if (b instanceof Address && typeof a === 'number') return b.plus(a)
      if (typeof a === 'string' && typeof b === 'string') return a + b
    }
    const act = NUMERIC[operator]
    const [x, y] = [a, b].map((value) => (typeof value === 'boolean' ? Number(value) : value))
    if (act === undefined || typeof x !== 'number' || typeof y !== 'number')
      return this.fail(`${operator} cannot join ${String(a)} and ${String(b)}`)
    return act(x, y)
  }

  private invoke(name: string, args: readonly Operand[]): Operand {
    const [first] = args
    const numbers = args.filter((value) => typeof value === 'number')
    if (name === 'ip' && args.length === 1) return Address.parse(String(first))
    if (name === 'str' && args.length === 1) return String(first)
    if (name === 'len' && Array.isArray(first)) return first.length
    if (name === 'len' && typeof first === 'string') return first.length
    if (numbers.length !== args.length || args.length === 0)
      return this.fail(`${name}(${args.map(String)}) is not known: ip, h, str, min, max, len are`)
    if (name === 'h') return mix(numbers[0] as number, numbers[1])
    if (name === 'min') return Math.min(...numbers)
    if (name === 'max') return Math.max(...numbers)
    return this.fail(`there is no function ${name}: ip, h, str, min, max, len are known`)
  }

  private takes(token: string): boolean {
    if (this.found[this.at] !== token) return false
    this.at++
    return true
  }

  private need(token: string): void {
    if (!this.takes(token)) this.fail(`${token} is missing`)
  }

  private fail(why: string): never {
    throw new ScenarioError(`\${${this.text}}: ${why}`)
  }
}

function truth(value: Operand): boolean {
  return Array.isArray(value) ? value.length > 0 : Boolean(value)
}
