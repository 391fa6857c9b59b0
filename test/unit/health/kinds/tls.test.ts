// SPDX-License-Identifier: Apache-2.0
// TLS is finished or not; any certificate will do unless it is to be verified; URLs go over it as they go without.
import { createServer as createHttps } from 'node:https'
import { createServer, type TLSSocket } from 'node:tls'
import { afterEach, beforeAll, describe, expect, it } from 'vitest'
import type { HttpsCheck, TlsCheck } from '../../../../src/model/checks.js'
import {
  Clock,
  COMMON,
  deadPort,
  eventually,
  type Identity,
  identity,
  listening,
  serveTcp,
  tell,
  WAYS,
  way,
} from './given.js'

const check: TlsCheck = { ...COMMON, kind: 'tls' }
let own: Identity
let other: Identity
beforeAll(() => {
  own = identity('www.example.com')
  other = identity('other.example.com')
})

const { SSL_CERT_FILE: before } = process.env
afterEach(() => {
  if (before === undefined) delete process.env['SSL_CERT_FILE']
  else process.env['SSL_CERT_FILE'] = before
})

/** Gives its port and what names were asked for. */
async function serveTls(act: (socket: TLSSocket) => void = () => {}, more: object = {}) {
  const names: (string | false | null)[] = []
  const server = createServer({ key: own.key, cert: own.cert, ...more }, (socket) => {
    names.push(socket.servername)
    socket.on('error', () => {})
    act(socket)
  })
  return { port: await listening(server), names }
}

describe.each(WAYS)('a handshake by $title', ({ mark }) => {
  const by = mark === undefined ? {} : { mark }

  it('is good with a certificate that nobody knows, and without a name', async () => {
    const { port, names } = await serveTls()
    expect(await tell(check, way(port, by))).toBe('good')
    await eventually(() => names).toEqual([false])
  })

  it('carries the name that is given', async () => {
    const { port, names } = await serveTls()
    expect(await tell({ ...check, sni: 'www.example.com' }, way(port, by))).toBe('good')
    await eventually(() => names).toEqual(['www.example.com'])
  })

  it('is refused where nothing listens', async () => {
    expect(await tell(check, way(await deadPort(), by))).toMatch(/^refused: connect to /)
  })

  it('fails on what is not TLS', async () => {
    const port = await serveTcp((socket) => socket.write('220 mail.example.com ESMTP\r\n'))
    expect(await tell(check, way(port, by))).toMatch(
      /^tls: TLS handshake with \S+.* failed: wrong version number$/,
    )
  })
})

describe('a handshake', () => {
  it('with an old server is good: it is health that is asked', async () => {
    const old = { minVersion: 'TLSv1', maxVersion: 'TLSv1', ciphers: 'DEFAULT:@SECLEVEL=0' }
    const { port } = await serveTls(() => {}, old)
    expect(await tell(check, way(port))).toBe('good')
  })

  it('that the server ends is closed', async () => {
    const port = await serveTcp((socket) => socket.once('data', () => socket.end()))
    expect(await tell(check, way(port))).toBe(
      `closed: 127.0.0.1:${port} closed the connection during the TLS handshake`,
    )
  })

  it('that the server resets is closed', async () => {
    const port = await serveTcp((socket) => socket.once('data', () => socket.resetAndDestroy()))
    expect(await tell(check, way(port))).toMatch(/^closed: /)
  })

  it('without an answer ends at the deadline', async () => {
    const clock = new Clock()
    const port = await serveTcp((socket) => socket.once('data', () => clock.strike()))
    expect(await tell(check, way(port), clock)).toBe(
      `timeout: no end of the TLS handshake with 127.0.0.1:${port} within 1 s`,
    )
  })

  it('of which every byte takes long ends at the deadline', async () => {
    const clock = new Clock()
    const port = await serveTcp((socket) => {
      socket.write(Buffer.of(22, 3, 3, 0x3f, 0xff, 2, 0, 0x3f, 0xfb))
      let drops = 0
      const drip = setInterval(() => {
        socket.write(Buffer.of(0))
        if (++drops === 5) clock.strike()
      }, 1)
      socket.on('close', () => clearInterval(drip))
    })
    expect(await tell(check, way(port), clock)).toMatch(/^timeout: /)
  })

  it('that the server refuses says why', async () => {
    const strange = { maxVersion: 'TLSv1.2', ciphers: 'PSK-AES128-GCM-SHA256', pskCallback: () => null }
    const { port } = await serveTls(() => {}, strange)
    expect(await tell(check, way(port))).toBe(
      `tls: TLS handshake with 127.0.0.1:${port} failed: sslv3 alert handshake failure`,
    )
  })
})

describe('a verified certificate', () => {
  const verified: TlsCheck = { ...check, verify: true }

  it('is good when it leads to a known authority and is for the name', async () => {
    process.env['SSL_CERT_FILE'] = own.path
    const { port } = await serveTls()
    expect(await tell({ ...verified, sni: 'www.example.com' }, way(port))).toBe('good')
    expect(await tell(verified, way(port))).toBe('good')
  })

  it('is bad when nobody knows it', async () => {
    process.env['SSL_CERT_FILE'] = other.path
    const { port } = await serveTls()
    expect(await tell(verified, way(port))).toBe(
      `tls: TLS handshake with 127.0.0.1:${port} failed: self-signed certificate`,
    )
  })

  it('is bad when it is for another name', async () => {
    process.env['SSL_CERT_FILE'] = own.path
    const { port } = await serveTls()
    expect(await tell({ ...verified, sni: 'mail.example.com' }, way(port))).toMatch(
      /^tls: TLS handshake with \S+ failed: Host: mail\.example\.com\. is not in the cert's altnames/,
    )
  })

  it("is judged by the system's list when none is named", async () => {
    delete process.env['SSL_CERT_FILE']
    const { port } = await serveTls()
    expect(await tell(verified, way(port))).toMatch(/^tls: .*self-signed certificate$/)
  })
})

describe('a URL over TLS', () => {
  const https: HttpsCheck = {
    ...COMMON,
    kind: 'https',
    version: '1.1',
    asks: [
      { path: '/a', method: 'GET' },
      { path: '/b', method: 'GET', body: { contains: 'b' } },
    ],
  }

  async function serveHttps() {
    const heard: string[] = []
    const server = createHttps({ key: own.key, cert: own.cert }, ({ url, headers, socket }, answer) => {
      heard.push(`${url} ${headers.host} ${(socket as TLSSocket).servername}`)
      answer.end(`this is ${url}`)
    })
    return { port: await listening(server), heard }
  }

  it.each(WAYS)('is good by $title', async ({ mark }) => {
    const { port, heard } = await serveHttps()
    const by = mark === undefined ? {} : { mark }
    const more = { sni: 'www.example.com', host: 'www.example.com' }
    expect(await tell({ ...https, ...more }, way(port, by))).toBe('good')
    expect(heard).toEqual(['/a', '/b'].map((path) => `${path} www.example.com www.example.com`))
  })

  it('fails by its status as without TLS', async () => {
    const { port } = await serveHttps()
    const asks = [{ path: '/a', method: 'GET', status: [[404, 404]] }] as const
    expect(await tell({ ...https, asks }, way(port))).toBe('status: status 200 (OK) from GET /a, 404 wanted')
  })

  it('is given up at the deadline', async () => {
    const clock = new Clock()
    const { port } = await serveTls((socket) => socket.once('data', () => clock.strike()))
    expect(await tell(https, way(port), clock)).toBe(
      `timeout: no whole answer to GET /a from 127.0.0.1:${port} within 1 s`,
    )
  })

  it('is closed when the server closes', async () => {
    const { port } = await serveTls((socket) => socket.once('data', () => socket.end()))
    expect(await tell(https, way(port))).toBe(
      `closed: 127.0.0.1:${port} closed the connection without an answer to GET /a`,
    )
  })

  it('fails in the handshake where plain HTTP is spoken', async () => {
    const port = await serveTcp((socket) =>
      socket.once('data', () => socket.end('HTTP/1.1 400 Bad Request\r\n\r\n')),
    )
    expect(await tell(https, way(port))).toMatch(/^tls: .* failed: wrong version number$/)
  })
})
