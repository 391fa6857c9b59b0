// SPDX-License-Identifier: Apache-2.0
// What `make bench-control` makes of what it sees: files that say what it measures, the kernel's words, judgements.
import { describe, expect, it } from 'vitest'
import { ADDRESSES, addressOf, configOf, placesOf, someOf, WITNESS } from '../../bench/control/documents.js'
import { chargedBytes, mappedBytes, runTime, statusBytes } from '../../bench/control/process.js'
import { type Report, toText } from '../../bench/control/report.js'
import {
  disturbed,
  figure,
  figureText,
  memoryFigures,
  packetFigures,
  type Row,
} from '../../bench/control/rows.js'
import { failed, judge, TARGETS } from '../../bench/control/targets.js'
import { SILENCE, together } from '../../bench/control/traffic.js'
import { wanted } from '../../bench/control/words.js'
import { parseYaml } from '../../src/config/yaml.js'

const SMALL = { services: 3, reals: 10 }

function row(id: string, figures: Row['figures']): Row {
  return { id, title: id, figures }
}

describe('files of bench-control', () => {
  it('hold the witness and the services of their shape, with the weight in the first real server of each', () => {
    const text = configOf({ shape: SMALL, weight: 7 })
    expect(text.match(/- \{vip/g)).toHaveLength(SMALL.services + 1)
    expect(text.match(/weight: 7/g)).toHaveLength(SMALL.services)
    expect(text.match(/198\.18\.\d+\.\d+/g)).toHaveLength((SMALL.services + 1) * SMALL.reals)
    expect(text).toContain(`${WITNESS.vip}:${WITNESS.port}`)
  })

  it('differ in nothing but weights between two rounds', () => {
    const [one, other] = [2, 3].map((weight) =>
      configOf({ shape: SMALL, weight }).replaceAll(`weight: ${weight}`, ''),
    )
    expect(one).toBe(other)
  })

  it('are read by the daemon', () => {
    const read = parseYaml(configOf({ shape: SMALL, limits: { services: 8, reals: 80 } }), 'bench.yaml')
    expect(read).toMatchObject({ ok: true, value: { limits: { services: 8, reals: 80 } } })
    expect(read.ok && read.value.services.map(({ reals }) => reals.length)).toEqual([10, 10, 10, 10])
  })

  it('never name one address twice in the largest service', () => {
    const all = Array.from({ length: ADDRESSES }, (_, i) => addressOf(i))
    expect(new Set(all).size).toBe(ADDRESSES)
    expect(all.every((address) => /^198\.18\.\d{1,2}\.\d{1,3}$/.test(address))).toBe(true)
  })

  it('are watched evenly, the last services too', () => {
    const all = placesOf({ services: 1000, reals: 1 })
    expect(someOf(all, 10).map(({ port }) => port - 1000)).toEqual([
      0, 100, 200, 300, 400, 500, 600, 700, 800, 900,
    ])
    expect(someOf(all, 5000)).toEqual(all)
  })
})

describe('what the kernel says', () => {
  it('is CPU time in ns, the first of three figures', () => {
    expect(runTime('123456789 42 7\n')).toBe(123456789)
  })

  it('is memory in KiB by name', () => {
    const status = 'Name:\tnode\nVmHWM:\t  204800 kB\nVmRSS:\t  102400 kB\n'
    expect(statusBytes(status, 'VmRSS')).toBe(102400 * 1024)
    expect(() => statusBytes(status, 'VmSwap')).toThrow('VmSwap')
  })

  it('tells maps of BPF from other mappings', () => {
    const smaps = [
      '7f0000000000-7f0000400000 rw-s 00000000 00:0e 1060 anon_inode:bpf-map',
      'Size:               4096 kB',
      'Rss:                4096 kB',
      '7f0000400000-7f0000500000 rw-p 00000000 00:00 0 ',
      'Rss:                 512 kB',
      '7f0000600000-7f0000700000 r--s 00000000 00:0e 1060 anon_inode:bpf-map',
      'Rss:                   8 kB',
    ]
    expect(mappedBytes(smaps.join('\n'))).toBe((4096 + 8) * 1024)
  })

  it('is what a map is charged for; a kernel that does not say it is named', () => {
    expect(chargedBytes('pos:\t0\nmap_type:\t2\nmemlock:\t97001472\nmap_id:\t7\n')).toBe(97001472)
    expect(() => chargedBytes('pos:\t0\n')).toThrow('memlock')
  })
})

describe('figures of bench-control', () => {
  it('count a packet that goes elsewhere as one that is lost', () => {
    const tally = together([
      { ...SILENCE, known: 10, lost: 1 },
      { ...SILENCE, known: 20, moved: 2, fresh: 5, refused: 1 },
    ])
    expect(disturbed(tally)).toBe(3)
    expect(packetFigures(tally)).toEqual({
      known: figure('packets', 30),
      disturbed: figure('packets', 3),
      new: figure('packets', 5),
      refused: figure('packets', 1),
    })
  })

  it('take away from the daemon what is the kernel’s', () => {
    const MIB = 2 ** 20
    expect(memoryFigures({ resident: 200 * MIB, peak: 220 * MIB, mapped: 110 * MIB })).toEqual({
      RSS: figure('MiB', 90),
      peak: figure('MiB', 110),
      'maps mapped': figure('MiB', 110),
    })
  })

  it('are a median with the least and the most, packets are whole', () => {
    expect(figureText(figure('ms', 12.345, 10, 1234.5))).toBe('12.3 ms (10 to 1,235)')
    expect(figureText(figure('ms', 3))).toBe('3 ms')
    expect(figureText(figure('packets', 1234567))).toBe('1,234,567')
  })
})

describe('judgements of bench-control', () => {
  const quiet = { ...packetFigures(SILENCE), wall: figure('ms', 10) }

  it('fail the run when one packet of one row is disturbed', () => {
    const one = { ...quiet, disturbed: figure('packets', 1) }
    const judged = judge([row('reload/1x10/first', quiet), row('restart/1M', one)])
    expect(judged[0]).toMatchObject({ verdict: 'missed', value: 1, worst: 'restart/1M', promised: true })
    expect(failed(judged)).toBe(true)
    expect(failed(judge([row('reload/1x10/first', quiet)]))).toBe(false)
  })

  it('go by the worst row and its median', () => {
    const [status, list] = [figure('ms', 80, 90, 500), figure('ms', 119, 130, 140)]
    const rows = [row('cli/xlvs-status', { wall: status }), row('cli/xlvsadm--Ln', { wall: list })]
    expect(judge(rows)).toEqual([
      expect.objectContaining({ worst: 'cli/xlvsadm--Ln', value: 130, verdict: 'missed', promised: false }),
    ])
    expect(failed(judge(rows))).toBe(false)
  })

  it('do not speak of what was not measured, and know every row they are about', () => {
    expect(judge([])).toEqual([])
    const ids = ['reload/1000x10/first', 'restart/1M', 'memory/4M', 'cli/xlvs-status', 'idle/10000']
    for (const { says, of } of TARGETS)
      expect(
        ids.some((id) => of.test(id)),
        says,
      ).toBe(true)
  })

  it('stand below the figures', () => {
    const rows = [row('idle/10000', { CPU: figure('%', 0.5), RSS: figure('MiB', 130) })]
    const header = { cpu: '2 × CPU', kernel: 'Linux', commit: 'abc' } as Report['header']
    const lines = toText({ version: 1, header, rows, targets: judge(rows) }).split('\n')
    expect(lines[1]).toBe('  idle/10000  CPU 0.5 %  RSS 130 MiB')
    expect(lines.at(-2)).toMatch(/^ {2}met +idle at 10,000 real servers +0\.5 % +under 1 +idle\/10000$/)
    expect(lines.at(-1)).toMatch(
      /^ {2}missed +daemon at 10,000 real servers +130 MiB +under 120 +idle\/10000$/,
    )
  })
})

describe('words of bench-control', () => {
  const parts = ['idle', 'cli']

  it('are taken', () => {
    const { only, out, json } = wanted(['--only', 'cl', '--out', 'x.json', '--json'], parts)
    expect([only.source, out, json]).toEqual(['cl', 'x.json', true])
    expect(wanted([], parts)).toMatchObject({ out: 'bench/results/control.json', json: false })
  })

  it('are refused with one sentence', () => {
    expect(() => wanted(['--only', 'sleep'], parts)).toThrow(
      '--only sleep: no part has such an id; they are idle cli',
    )
    expect(() => wanted(['--only', '('], parts)).toThrow(/^--only \(: Invalid regular expression/)
    expect(() => wanted(['--rounds', '3'], parts)).toThrow('--rounds')
  })
})
