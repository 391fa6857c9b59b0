// SPDX-License-Identifier: Apache-2.0
// xlvs trace as an operator types it: what is wrong is one sentence, and what clients sent cannot reach the terminal.
import { mkdtempSync, rmSync } from 'node:fs'
import { createServer, type Server } from 'node:http'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, afterEach, describe, expect, it } from 'vitest'
import type { TraceLoss, TraceRecord } from '../../../src/api/contract-sight.js'
import { lookOf } from '../../../src/cli/look.js'
import { traceComment, traceLine } from '../../../src/cli/views/trace.js'
import { frame, tcp } from '../../packets/frames.js'
import { xlvs } from './given.js'

const folder = mkdtempSync(join(tmpdir(), 'xlvs-trace-'))
afterAll(() => rmSync(folder, { recursive: true, force: true }))
let server: Server | undefined
afterEach(() => {
  server?.close()
  server?.closeAllConnections()
})

const SYN = frame({ src: '198.51.100.7', dst: '192.0.2.10', payload: tcp(4711, 80, 'S') })
const RECORD: TraceRecord = {
  ...{ at: 1_790_000_000_123.457, interface: 'eth0', cpu: 0, reason: 'forward_new', action: 'tx' },
  ...{ service: 'tcp 192.0.2.10:80', real: 'tcp 192.0.2.10:80 > 192.0.2.21', length: 54 },
  head: Buffer.from(SYN).toString('base64'),
}

describe('words that cannot be right', () => {
  it.each([
    [['prot', '80'], 'filter: "prot" is nothing to filter by; write port\n'],
    [['port'], 'filter: port needs a value; write it like: port 80\n'],
    [['--sample', '0'], '--sample: sample 0 is below 1; use 1..1000000\n'],
    [['--head', '9000'], '--head: head 9000 is above 256; use 14..256\n'],
    [['--for', 'soon'], '--for: "soon" is not a time; write it like 90s, 10m or 1h\n'],
    [['--limt', '5'], "unknown option '--limt'; did you mean --limit?\n"],
    [
      ['-w', '-'],
      '-w: pcap-ng is nothing for a terminal; write -w FILE, or: xlvs trace -w - | tshark -r -\n',
    ],
    [
      ['-w', '/nonexistent/x.pcapng'],
      `-w: cannot write "/nonexistent/x.pcapng": ENOENT: no such file or directory, open '/nonexistent/x.pcapng'\n`,
    ],
  ])('%j', async (words, err) => {
    expect(await xlvs(['trace', ...words])).toEqual({ code: 2, out: '', err })
  })

  it('are JSON for programs', async () => {
    const { code, out, err } = await xlvs(['trace', 'prot', '80', '--json'])
    expect({ code, err }).toEqual({ code: 2, err: '' })
    expect(JSON.parse(out)).toMatchObject({ problems: [{ subject: 'filter', fix: 'write port' }] })
  })
})

it('without a daemon says how to start one, and leaves no file', async () => {
  const path = join(folder, 'none.pcapng')
  const said = await xlvs(['trace', '-w', path])
  expect(said).toMatchObject({ code: 1, err: expect.stringContaining('no daemon listens on') })
  expect(() => rmSync(path)).toThrow('ENOENT')
})

/** A daemon that answers with these lines. */
async function answering(...lines: readonly (TraceRecord | TraceLoss)[]): Promise<string> {
  const socket = join(folder, `${lines.length}-${Math.random()}.sock`)
  server = createServer((_, reply) => {
    reply.end(lines.map((line) => `${JSON.stringify(line)}\n`).join(''))
  })
  await new Promise<void>((resolve) => server?.listen(socket, resolve))
  return socket
}

it('prints a line for each record, and counts on the other stream', async () => {
  const XLVS_SOCKET = await answering(RECORD, { ...RECORD, reason: 'drop_mtu' }, { lost: 3, limited: 1_234 })
  const { code, out, err } = await xlvs(['trace'], { XLVS_SOCKET })
  expect({ code, err }).toEqual({ code: 0, err: '2 records, 1,234 limited, 3 lost\n' })
  expect(out.split('\n')).toHaveLength(3)
})

describe('a line', () => {
  const plain = lookOf({ isTTY: true, columns: 200 }, { NO_COLOR: '1' })
  const coloured = lookOf({ isTTY: true, columns: 200 }, {})

  it('says when, where, who to whom, and what became of it', () => {
    expect(traceLine(RECORD, plain)).toMatch(
      /^\d\d:\d\d:20\.123457 eth0 198\.51\.100\.7:4711 > 192\.0\.2\.10:80 tcp S, 54 bytes {2}forward_new -> 192\.0\.2\.21$/,
    )
    expect(traceComment(RECORD)).toBe('forward_new -> 192.0.2.21, tcp 192.0.2.10:80')
  })

  it('of a mark names it, because the packet does not', () => {
    const real = 'fwm 6 > 192.0.2.21:8080'
    expect(traceLine({ ...RECORD, service: 'fwm 6', real }, plain)).toMatch(
      /-> 192\.0\.2\.21:8080 \(fwm 6\)$/,
    )
  })

  it('has colour on a terminal, and none with NO_COLOR', () => {
    const esc = String.fromCharCode(27)
    expect(traceLine({ ...RECORD, reason: 'drop_mtu' }, coloured)).toContain(`${esc}[31mdrop_mtu`)
    expect(traceLine({ ...RECORD, reason: 'drop_mtu' }, plain)).not.toContain(esc)
  })

  it('lets nothing through to the terminal that could move its cursor', () => {
    const hostile = Buffer.from(`\u001b[2J\u0007\r\n\u009b1A${'\u001b'.repeat(60)}`, 'latin1')
    const record = { ...RECORD, interface: 'eth\u001b[0', head: hostile.toString('base64') }
    expect(traceLine(record, plain)).toMatch(/^[\x20-\x7e]+$/)
  })
})
