// SPDX-License-Identifier: Apache-2.0
// xlvs keepalived check|convert on files of the disk.
import { mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { xlvs } from './given.js'

let folder = ''
const at = (name: string) => join(folder, name)
const GOOD = `virtual_server 192.0.2.10 80 {
  lb_algo rr
  lb_kind DR
  protocol TCP
  @spare quorum 1
  include conf.d/*.{conf,rs}
}
`

beforeAll(() => {
  folder = mkdtempSync(join(tmpdir(), `xlvs-keepalived-${process.pid}-`))
  mkdirSync(at('conf.d'))
  writeFileSync(at('good.conf'), GOOD)
  writeFileSync(at('conf.d/b.conf'), 'real_server 192.0.2.22 {\n}\n')
  writeFileSync(at('conf.d/a.conf'), 'real_server 192.0.2.21 {\n}\n')
  writeFileSync(at('conf.d/c.rs'), 'real_server 192.0.2.23 {\n}\n')
  writeFileSync(at('conf.d/.hidden.conf'), 'nonsense\n')
  writeFileSync(at('nat.conf'), GOOD.replace('DR', 'NAT'))
  writeFileSync(at('latin.conf'), Buffer.from([0x21, 0xe9]))
})
afterAll(() => rmSync(folder, { recursive: true }))

describe('check', () => {
  it('prints a line for each line, and the sum; 0 when all of it can be had', async () => {
    const { code, out, err } = await xlvs(['keepalived', 'check', at('good.conf')])
    expect({ code, err }).toEqual({ code: 0, err: '' })
    const lines = out.trimEnd().split('\n')
    expect(lines[0]).toMatch(/^LINE +VERDICT +WORDS +WHY$/)
    expect(lines.filter((line) => line.includes('real_server'))).toHaveLength(3)
    expect(lines.at(-1)).toBe(
      `${at('good.conf')}: 8 used, 0 adjusted, 1 ignored, 0 cannot; keepalived -t finds no fault (VRRP and scripts apart)`,
    )
  })

  it('exits with 1 and says why when something cannot be had', async () => {
    const { code, out } = await xlvs(['keepalived', 'check', at('nat.conf')])
    expect(code).toBe(1)
    expect(out).toMatch(/:3 +cannot +lb_kind NAT +NAT: xlvs has direct routing only yet; /)
  })

  it('--json has the same for programs', async () => {
    const { code, out } = await xlvs(['keepalived', 'check', at('nat.conf'), '--json', '-i', 'spare'])
    expect(code).toBe(1)
    const told = JSON.parse(out)
    expect(told).toMatchObject({ taken: true, cannot: 1, adjusted: 0 })
    expect(told.remarks[0]).toMatchObject({ place: { line: 1 }, verdict: 'used' })
  })

  it.each([
    ['none.conf', 'there is no such file'],
    ['latin.conf', 'the file is not UTF-8 here'],
    ['conf.d', 'cannot be read'],
  ])('refuses %s: %s', async (name, why) => {
    const { code, out, err } = await xlvs(['keepalived', 'check', at(name)])
    expect({ code, out }).toEqual({ code: 1, out: '' })
    expect(err).toContain(why)
  })
})

describe('convert', () => {
  it('prints YAML that check takes', async () => {
    const { code, out } = await xlvs(['keepalived', 'convert', at('good.conf')])
    expect(code).toBe(0)
    writeFileSync(at('lb.yaml'), out)
    expect(await xlvs(['check', at('lb.yaml')])).toMatchObject({ code: 0 })
    expect(out.match(/192\.0\.2\.2\d/g)).toEqual(['192.0.2.21', '192.0.2.22', '192.0.2.23'])
  })

  it('writes to a file that does not exist yet, and to no other', async () => {
    const words = ['keepalived', 'convert', at('good.conf'), '-o', at('out.yaml')]
    const first = await xlvs(words)
    expect(first.code).toBe(0)
    expect(first.out).toContain(`${at('out.yaml')}: written\n`)
    const text = readFileSync(at('out.yaml'), 'utf8')
    expect(text).toBe((await xlvs(['keepalived', 'convert', at('good.conf')])).out)
    const second = await xlvs(words)
    expect(second).toMatchObject({ code: 1, out: '' })
    expect(second.err).toContain('the file exists already')
  })

  it('refuses with all reasons, and writes nothing, when something cannot be had', async () => {
    const { code, out, err } = await xlvs(['keepalived', 'convert', at('nat.conf'), '-o', at('nat.yaml')])
    expect({ code, out }).toEqual({ code: 1, out: '' })
    expect(err).toMatch(/nat\.conf:3:3: NAT: xlvs has direct routing only yet; /)
    expect(() => readFileSync(at('nat.yaml'))).toThrow(/ENOENT/)
  })
})
