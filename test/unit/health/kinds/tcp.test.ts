// SPDX-License-Identifier: Apache-2.0
// A TCP connection is taken, refused, or not answered; the same by a marked socket as by one of Node's.
import { fstatSync, openSync } from 'node:fs'
import { describe, expect, it } from 'vitest'
import { failureOf } from '../../../../src/health/kinds/failure.js'
import type { TcpCheck } from '../../../../src/model/checks.js'
import { fail, succeed } from '../../../../src/model/describe.js'
import { Clock, COMMON, deadPort, eventually, freePort, MARK, serveTcp, tell, WAYS, way } from './given.js'

const check: TcpCheck = { ...COMMON, kind: 'tcp' }

describe.each(WAYS)('a TCP connection by $title', ({ mark }) => {
  const by = mark === undefined ? {} : { mark }

  it('is good when it is taken, whatever comes after', async () => {
    const port = await serveTcp((socket) => socket.destroy())
    expect(await tell(check, way(port, by))).toBe('good')
  })

  it('is good over IPv6', async () => {
    const port = await serveTcp(() => {}, '::1')
    expect(await tell(check, { address: '::1', port, ...by })).toBe('good')
  })

  it('is refused where nothing listens', async () => {
    const port = await deadPort()
    const target = mark === undefined ? `127.0.0.1:${port}` : `192.0.2.10:${port} by way of 127.0.0.1`
    expect(await tell(check, way(port, by))).toBe(
      `refused: connect to ${target}: refused: nothing listens there`,
    )
  })

  it('comes from the address and port that are asked for', async () => {
    const from: string[] = []
    const port = await serveTcp((socket) => from.push(`${socket.remoteAddress}:${socket.remotePort}`))
    const bindPort = await freePort('127.0.0.9')
    expect(await tell(check, way(port, { ...by, bind: '127.0.0.9', bindPort }))).toBe('good')
    await eventually(() => from).toEqual([`127.0.0.9:${bindPort}`])
  })

  it('cannot be asked from an address that is not here', async () => {
    const port = await serveTcp(() => {})
    expect(await tell(check, way(port, { ...by, bind: '192.0.2.77' }))).toMatch(
      /^cannot-check: (?:connect to .*: no such source address on this director, or no source port is left|no socket: bind socket 192\.0\.2\.77 port 0: Cannot assign requested address .*)$/,
    )
  })

  it('is unreachable where TCP has no route to, as to a group of hosts', async () => {
    expect(await tell(check, { address: '224.0.0.1', port: 80, ...by })).toMatch(
      /^unreachable: connect to .*: network unreachable: no route on this director, or a router says so$/,
    )
  })

  it('is given up at the deadline', async () => {
    const port = await serveTcp(() => {})
    const clock = new Clock()
    const answer = tell(check, way(port, by), clock)
    clock.strike()
    expect(await answer).toMatch(/^timeout: no TCP connection to .*127\.0\.0\.1.* within 1 s$/)
  })
})

describe('a question', () => {
  it('is not asked at all when its deadline has passed', async () => {
    let connections = 0
    const port = await serveTcp(() => connections++)
    const clock = new Clock()
    clock.strike()
    expect(await tell(check, way(port), clock)).toBe(`timeout: no answer from 127.0.0.1:${port} within 1 s`)
    expect(await tell(check, way(port))).toBe('good')
    await eventually(() => connections).toBe(1)
  })

  it('says why there is no socket for it', async () => {
    const world = { socket: () => fail({ reason: 'the probe program is not attached', fix: 'attach it' }) }
    expect(await tell(check, way(80, { mark: MARK }), new Clock(world))).toBe(
      'cannot-check: no socket: the probe program is not attached; attach it',
    )
  })

  it('closes a descriptor that is no socket, and says so', async () => {
    const fd = openSync('/proc/self/status', 'r')
    const clock = new Clock({ socket: () => succeed(fd) })
    expect(await tell(check, way(80, { mark: MARK }), clock)).toMatch(/^cannot-check: no socket: /)
    expect(() => fstatSync(fd)).toThrow('EBADF')
  })
})

describe("the system's error codes", () => {
  it.each([
    ['ECONNREFUSED', 'refused'],
    ['EHOSTUNREACH', 'unreachable'],
    ['ENETUNREACH', 'unreachable'],
    ['ECONNRESET', 'closed'],
    ['EPIPE', 'closed'],
    ['EMFILE', 'cannot-check'],
    ['EPERM', 'cannot-check'],
    ['EWHATEVER', 'cannot-check'],
  ])('%s means %s', (code, reason) => {
    const failure = failureOf(
      Object.assign(new Error('what the system says'), { code }),
      'connect to 192.0.2.21:80',
    )
    expect(failure.reason).toBe(reason)
    expect(failure.message).toMatch(/^connect to 192\.0\.2\.21:80: \S/)
  })
})
