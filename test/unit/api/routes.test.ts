// SPDX-License-Identifier: Apache-2.0
import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { matchRoute, ROUTES, type RouteName, routePath } from '../../../src/api/routes.js'

const names = Object.keys(ROUTES) as RouteName[]

describe('the routes of the control socket', () => {
  it('find back what the client wrote, whatever the names contain', () => {
    const word = fc.string({ unit: 'grapheme', minLength: 1 }).filter((text) => text.isWellFormed())
    fc.assert(
      fc.property(fc.constantFrom(...names), word, word, word, (name, service, real, client) => {
        const params = { service, real, interface: real, client }
        expect(matchRoute(ROUTES[name].method, routePath(name, params))).toEqual({
          found: 'route',
          name,
          params,
        })
      }),
    )
  })

  it('put what the path does not name into the query and leave out what is not given', () => {
    expect(routePath('conns', { service: 'tcp 192.0.2.10:80', client: undefined, limit: 5 })).toBe(
      '/v1/conns?service=tcp+192.0.2.10%3A80&limit=5',
    )
  })

  it('write the address of an IPv6 real server as one segment', () => {
    expect(routePath('setReal', { service: 'udp [2001:db8::1]:53', real: '2001:db8::21' })).toBe(
      '/v1/services/udp%20%5B2001%3Adb8%3A%3A1%5D%3A53/reals/2001%3Adb8%3A%3A21',
    )
  })

  it('tell a wrong method from an unknown path', () => {
    expect(matchRoute('PUT', '/v1/interfaces')).toEqual({ found: 'path', methods: ['GET', 'POST', 'DELETE'] })
    expect(matchRoute('GET', '/v2/status')).toEqual({ found: 'nothing' })
    expect(matchRoute('GET', '/v1/services//reals')).toEqual({ found: 'nothing' })
  })

  it('take broken percent signs for an unknown path', () => {
    expect(matchRoute('DELETE', '/v1/interfaces/%E0%A4%A')).toEqual({ found: 'nothing' })
  })

  it('let nothing in the query replace what the path names', () => {
    expect(matchRoute('DELETE', '/v1/interfaces/eth0?interface=eth1')).toMatchObject({
      params: { interface: 'eth0' },
    })
  })
})
