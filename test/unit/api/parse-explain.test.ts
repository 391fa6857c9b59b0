// SPDX-License-Identifier: Apache-2.0
// What is asked is understood, or refused with one sentence for each mistake.
import { describe, expect, it } from 'vitest'
import { readExplainRequest } from '../../../src/api/parse-explain.js'
import { whatIfWords } from '../../../src/cli/explain-words.js'
import { formatProblem } from '../../../src/model/describe.js'

const GOOD = { client: '198.51.100.7', vip: '192.0.2.10', port: 80 }
const said = (body: unknown) => {
  const outcome = readExplainRequest(body)
  return outcome.ok ? outcome.value : outcome.problems.map(formatProblem)
}

describe('a request to explain', () => {
  it('names a client and a service, and has defaults for the rest', () => {
    expect(said(GOOD)).toEqual({
      packet: { ...GOOD, clientPort: 40_000, protocol: 'tcp', flags: 'syn' },
      whatIf: [],
      brief: false,
    })
  })

  it('may be a frame as it arrived', () => {
    expect(said({ frame: '00ff', interface: 'eth0', brief: true })).toEqual({
      packet: Uint8Array.from([0, 255]),
      interface: 'eth0',
      whatIf: [],
      brief: true,
    })
  })

  it('has canonical names in what is to be taken for true', () => {
    const whatIf = [{ down: '2001:DB8:0::21' }, { real: '192.0.2.22', weight: 5, service: '192.0.2.10:80' }]
    expect(said({ ...GOOD, whatIf })).toMatchObject({
      whatIf: [{ down: '2001:db8::21' }, { real: '192.0.2.22', weight: 5, service: 'tcp 192.0.2.10:80' }],
    })
  })

  it.each([
    [undefined, /^body: body is .*; send a JSON object/],
    [{ ...GOOD, colour: 1 }, /^body: unknown key "colour"/],
    [{ vip: '192.0.2.10', port: 80 }, /^client: client is missing/],
    [{ ...GOOD, client: '2001:db8::7' }, /2001:db8::7 is IPv6 and 192\.0\.2\.10 is IPv4: no packet goes/],
    [{ ...GOOD, client: '224.0.0.1' }, /^client: client 224\.0\.0\.1 is /],
    [{ ...GOOD, port: 0 }, /^port: port 0 is below 1; use 1\.\.65535/],
    [{ ...GOOD, clientPort: 'x' }, /^clientPort: clientPort is text|^clientPort: /],
    [{ ...GOOD, protocol: 'icmp' }, /^protocol: unknown protocol "icmp"/],
    [{ ...GOOD, protocol: 'udp', flags: 'syn' }, /^flags: udp has no flags/],
    [{ ...GOOD, flags: 'psh' }, /^flags: unknown flags "psh"/],
    [{ frame: '0' }, /^frame: frame is not the bytes of a frame/],
    [{ ...GOOD, frame: '00' }, /^frame: a frame says its client itself/],
    [{ ...GOOD, whatIf: 'down' }, /^whatIf: whatIf is /],
    [
      { ...GOOD, whatIf: [{ down: '192.0.2.21', real: '192.0.2.22' }] },
      /^whatIf: it names no real server, or more/,
    ],
    [{ ...GOOD, whatIf: [{ real: '192.0.2.21', weight: -1 }] }, /^whatIf: weight -1 is below 0/],
    [{ ...GOOD, whatIf: [{ down: 'web1' }] }, /^whatIf: /],
  ])('%j is refused', (body, sentence) => {
    const problems = said(body)
    expect(problems).toHaveLength(1)
    expect((problems as readonly string[])[0]).toMatch(sentence)
  })
})

describe('the words of --what-if', () => {
  it.each([
    ['down=192.0.2.21', [{ down: '192.0.2.21' }]],
    ['down=192.0.2.21, weight=192.0.2.22:5', [{ down: '192.0.2.21' }, { real: '192.0.2.22', weight: 5 }]],
    ['weight=[2001:db8::21]:0', [{ real: '2001:db8::21', weight: 0 }]],
    ['weight=2001:db8::21:7', [{ real: '2001:db8::21', weight: 7 }]],
    ['weight=192.0.2.21:80:3', [{ real: '192.0.2.21:80', weight: 3 }]],
    ['down=[2001:db8::21]:80', [{ down: '[2001:db8::21]:80' }]],
  ])('%s', (text, value) => {
    expect(whatIfWords(text)).toEqual({ ok: true, value })
  })

  it.each(['', 'down=', 'weight=192.0.2.21', 'weight=192.0.2.21:x', 'up=192.0.2.21'])(
    '%j is refused',
    (text) => {
      expect(whatIfWords(text)).toMatchObject({ ok: false, problems: [{ subject: '--what-if' }] })
    },
  )
})
