// SPDX-License-Identifier: Apache-2.0
import { describe, expect, it } from 'vitest'
import { parseYaml } from '../../../src/config/yaml.js'
import { consoleNotices, hostNameFault } from '../../../src/model/console.js'

const port = 9612

describe('a console that others can reach', () => {
  it.each(['127.0.0.1', '127.0.0.2', '::1', 'localhost'])('is none on %s', (host) => {
    expect(consoleNotices({ metrics: { host, port } })).toEqual([])
    expect(consoleNotices({})).toEqual([])
  })

  it.each(['0.0.0.0', '::', '192.0.2.2', 'lb.example.net'])('is said on %s', (host) => {
    expect(consoleNotices({ metrics: { host, port } })[0]).toContain('are readable by whoever reaches')
  })
})

describe('a console in the file', () => {
  const reasons = (text: string) => {
    const read = parseYaml(`${text}\nservices: []\n`, 'lb.yaml')
    return read.ok ? [] : read.problems.map(({ reason }) => reason)
  }

  it('needs a port', () => {
    expect(reasons('console: {token-file: /etc/xlvs/token}')).toEqual(['the console has no port'])
    expect(reasons('metrics: ":9612"\nconsole: {token-file: /etc/xlvs/token}')).toEqual([])
  })

  it('names its token by a whole path, and hosts without ports', () => {
    expect(reasons('metrics: ":9612"\nconsole: {token-file: token}')[0]).toContain('is not an absolute path')
    expect(reasons('metrics: ":9612"\nconsole: {hosts: ["lb.example.net:443"]}')[0]).toContain(
      'is not a name',
    )
    expect(hostNameFault('lb.example.net')).toBeUndefined()
  })
})
