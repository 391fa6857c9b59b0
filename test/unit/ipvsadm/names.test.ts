// SPDX-License-Identifier: Apache-2.0
// Names of ports and hosts.
import { describe, expect, it } from 'vitest'
import { endpointTexts } from '../../../src/cli/ipvsadm/list/endpoints.js'
import { parseServices, systemNames } from '../../../src/cli/ipvsadm/names.js'

const SERVICES = `# Network services
http		80/tcp		www		# WorldWideWeb HTTP
domain		53/tcp
domain		53/udp
alias		80/tcp		http other
broken
`

describe('names of ports', () => {
  it('are those of /etc/services: the first line counts, aliases are understood and not shown', () => {
    const names = systemNames({ services: () => SERVICES })
    expect(names.port('http', 'tcp')).toBe(80)
    expect(names.port('www', 'tcp')).toBe(80)
    expect(names.port('other', 'tcp')).toBe(80)
    expect(names.port('http', 'udp')).toBeUndefined()
    expect(names.port('broken', 'tcp')).toBeUndefined()
    expect(names.service(80, 'tcp')).toBe('http')
    expect(names.service(53, 'udp')).toBe('domain')
    expect(names.service(53, 'sctp')).toBeUndefined()
  })

  it('are none in an empty file', () => {
    expect(parseServices('').names.size).toBe(0)
  })
})

describe('names of hosts', () => {
  it('come from the system, for localhost at the least', async () => {
    const names = systemNames()
    expect(await names.address('localhost')).toBe('127.0.0.1')
    expect(await names.address('')).toBeUndefined()
    expect((await names.hosts(['127.0.0.1'])).get('127.0.0.1')).toBe('localhost')
  })

  it('are asked for once, and not waited for endlessly', async () => {
    const asked: string[] = []
    const names = systemNames({
      patience: 20,
      hostOf: (address) => {
        asked.push(address)
        if (address === '10.0.0.3') return Promise.reject(new Error('no name'))
        return address === '10.0.0.1' ? Promise.resolve('one') : new Promise(() => undefined)
      },
    })
    const known = await names.hosts(['10.0.0.1', '10.0.0.2', '10.0.0.1', '10.0.0.3'])
    expect([...known]).toEqual([['10.0.0.1', 'one']])
    await names.hosts(['10.0.0.1'])
    expect(asked).toEqual(['10.0.0.1', '10.0.0.2', '10.0.0.3'])
  })

  it('are shown with their ports up to 59 characters, and numbers where there is no name', async () => {
    const long = 'x'.repeat(70)
    const names = {
      ...systemNames({ services: () => SERVICES }),
      hosts: async () => new Map([['10.0.1.1', long]]),
    }
    const text = await endpointTexts(['10.0.1.1', '10.0.1.2'], false, names)
    expect(text('10.0.1.1', 80, 'tcp')).toBe('x'.repeat(59))
    expect(text('10.0.1.2', 80, 'tcp')).toBe('10.0.1.2:http')
    expect(text('10.0.1.2', 80, undefined)).toBe('10.0.1.2:80')
    expect(text('fd00::1', 53, 'udp')).toBe('[fd00::1]:domain')
  })
})
