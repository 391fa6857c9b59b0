// SPDX-License-Identifier: Apache-2.0
import { describe, expect, it } from 'vitest'
import { sourceFromWords, type WordOptions } from '../../../src/cli/words.js'

const services = (options: WordOptions) => {
  const source = sourceFromWords(options)
  if (!source.ok || source.value.kind !== 'words') throw new Error(JSON.stringify(source))
  return source.value.services
}
const reasons = (options: WordOptions) => {
  const source = sourceFromWords(options)
  return source.ok ? [] : source.problems.map(({ reason }) => reason)
}

describe('a run from options', () => {
  it('has the one service that they name', () => {
    const options = { vip: '192.0.2.10:80', to: '192.0.2.21,192.0.2.22=3', dev: 'eth0', scheduler: 'mh' }
    expect(services(options)).toMatchObject([
      {
        vip: '192.0.2.10',
        port: 80,
        protocol: 'tcp',
        scheduler: 'mh',
        reals: [{ weight: 1 }, { weight: 3 }],
      },
    ])
    expect(services({ ...options, sctp: true })).toMatchObject([{ protocol: 'sctp' }])
    expect(services({ ...options, udp: true })).toMatchObject([{ protocol: 'udp' }])
  })

  it('has none with an interface alone: services are added later', () => {
    expect(services({ dev: 'eth0,eth1', mode: 'generic' })).toEqual([])
  })

  it('names every part of a service that is missing', () => {
    expect(reasons({ scheduler: 'rr', dev: 'eth0' })).toEqual(['--vip is missing', '--to is missing'])
    expect(reasons({ udp: true, vip: '192.0.2.10:80', to: '192.0.2.21' })).toEqual(['--dev is missing'])
    expect(reasons({ metrics: ':9612' })).toEqual(['--dev is missing'])
  })

  it('says of metrics how far down they go', () => {
    const source = sourceFromWords({ dev: 'eth0', metrics: ':9612', metricsLevel: 'service' })
    expect(source).toMatchObject({
      value: { base: { metrics: { host: '127.0.0.1', port: 9612, level: 'service' } } },
    })
    expect(reasons({ dev: 'eth0', metrics: ':9612', metricsLevel: 'all' })).toEqual(['unknown level "all"'])
    expect(reasons({ dev: 'eth0', metricsLevel: 'real' })).toEqual(['there are no metrics without --metrics'])
  })

  it('names everything that is wrong', () => {
    const wrong = { vip: '192.0.2.10:80', to: '192.0.2.300', dev: 'eth/0', udp: true, sctp: true }
    expect(reasons(wrong)).toHaveLength(3)
  })
})
