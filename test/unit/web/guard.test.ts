// SPDX-License-Identifier: Apache-2.0
import { describe, expect, it } from 'vitest'
import { hostProblem, originProblem } from '../../../src/web/guard.js'

const here = { bound: '127.0.0.1', hosts: ['lb.example.net'] }

describe('a Host header', () => {
  it.each([
    'localhost',
    'localhost:9612',
    'LOCALHOST.:1',
    '127.0.0.1:9612',
    '127.9.9.9',
    '[::1]:9612',
    'lb.example.net',
    'LB.example.net:443',
    '192.0.2.2:9612',
  ])('that names this host is let in: %s', (header) => {
    expect(hostProblem(header, '192.0.2.2', here)).toBeUndefined()
  })

  it.each([
    'evil.example',
    'localhost.evil.example',
    'lb.example.net.evil.example',
    '192.0.2.3:9612',
    'evil.example@127.0.0.1',
    '127.0.0.1/evil.example',
    '',
    '127.0.0.1 evil',
    'a:b:c',
  ])('of another host is refused: %j', (header) => {
    expect(hostProblem(header, '192.0.2.2', here)?.reason).toMatch(/names no host|is not known as/)
  })

  it('that is missing is refused', () => {
    expect(hostProblem(undefined, '192.0.2.2', here)?.fix).toBe('send a Host header')
  })

  it('may name the address where the connection arrived, IPv4 in IPv6 too', () => {
    const all = { bound: '::', hosts: [] }
    expect(hostProblem('192.0.2.2:9612', '::ffff:192.0.2.2', all)).toBeUndefined()
    expect(hostProblem('[2001:DB8::2]:9612', '2001:db8::2', all)).toBeUndefined()
    expect(hostProblem('[2001:db8::3]:9612', '2001:db8::2', all)).toBeDefined()
  })
})

describe('an Origin header', () => {
  it.each([
    [undefined, 'localhost:9612'],
    ['http://localhost:9612', 'localhost:9612'],
    ['http://localhost:80', 'localhost'],
    ['https://lb.example.net', '127.0.0.1:9612'],
  ])('of this console is let in: %s', (origin, host) => {
    expect(originProblem(origin, host, here)).toBeUndefined()
  })

  it.each(['http://evil.example', 'null', 'http://localhost:8080', 'https://lb.example.net.evil.example'])(
    'of another page is refused: %s',
    (origin) => {
      expect(originProblem(origin, 'localhost:9612', here)?.reason).toContain('may not ask')
    },
  )
})
