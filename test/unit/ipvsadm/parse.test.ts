// SPDX-License-Identifier: Apache-2.0
// What a command line comes to: the bodies of requests, in which an edit says everything.
import { describe, expect, it } from 'vitest'
import { parse } from '../../../src/cli/ipvsadm/parse.js'
import { commandLines } from '../../../src/cli/ipvsadm/restore.js'
import {
  keyOf,
  realEdit,
  realName,
  realSpec,
  serviceEdit,
  serviceSpec,
  timeoutsEdit,
} from '../../../src/cli/ipvsadm/specs.js'
import { namesOf } from '../../compat/director.js'

async function order(line: string) {
  const parsed = await parse(line.split(' '), namesOf())
  if (!('order' in parsed)) throw new Error(JSON.stringify(parsed))
  return parsed.order
}

describe('a service', () => {
  it('is added with what is said and the defaults of the rest', async () => {
    expect(serviceSpec(await order('-A -t 10.1:http'))).toEqual({
      vip: '10.0.0.1',
      port: 80,
      protocol: 'tcp',
      scheduler: 'wlc',
    })
    expect(serviceSpec(await order('-A -u [FD00:1::1]:53 -s mh -b mh-port -p -M 64 -o'))).toEqual({
      vip: 'fd00:1::1',
      port: 53,
      protocol: 'udp',
      scheduler: 'mh',
      flags: [2],
      persistence: { timeout: 360, prefix: 64 },
      onePacket: true,
    })
    expect(serviceSpec(await order('-A -f 6 -p 10 -M 255.255.0.0'))).toEqual({
      mark: 6,
      family: 4,
      scheduler: 'wlc',
      persistence: { timeout: 10, mask: '255.255.0.0' },
    })
  })

  it('is edited to its defaults where nothing is said', async () => {
    expect(serviceEdit(await order('-E -t 10.0.1.1:80'))).toEqual({
      scheduler: 'wlc',
      flags: null,
      persistence: null,
      onePacket: false,
    })
    expect(serviceEdit(await order('-E -u 10.0.1.1:53 -s sh -b sh-port -p 5 -o'))).toEqual({
      scheduler: 'sh',
      flags: [2],
      persistence: { timeout: 5 },
      onePacket: true,
    })
  })

  it('is named by its key', async () => {
    expect(keyOf(await order('-D --sctp-service 10.0.1.1:5000'))).toBe('sctp 10.0.1.1:5000')
    expect(keyOf(await order('-D -f 6 -6'))).toBe('fwm 6 ipv6')
    expect(keyOf(await order('-D -t fd00:1::1'))).toBe('tcp [fd00:1::1]:0')
  })

  it('forgets a mask that is said before its address turns out to be IPv6', async () => {
    const spec = serviceSpec(await order('-A -M 255.255.0.0 -t [fd00:1::1]:80 -p 5'))
    expect(spec).toMatchObject({ persistence: { timeout: 5 } })
    expect(spec.persistence).not.toHaveProperty('mask')
  })
})

describe('a real server', () => {
  it('has the port of its service, and of a mark its own', async () => {
    expect(realSpec(await order('-a -t 10.0.1.1:80 -r 10.0.2.1:8080'))).toEqual({
      address: '10.0.2.1',
      weight: 1,
      upper: 0,
      lower: 0,
    })
    expect(realName(await order('-a -f 6 -r 10.0.2.1:8080'))).toBe('10.0.2.1:8080')
    expect(realName(await order('-a -f 6 -r 10.0.2.1'))).toBe('10.0.2.1')
  })

  it('is edited to weight 1 and no thresholds where nothing is said', async () => {
    expect(realEdit(await order('-e -t 10.0.1.1:80 -r 10.0.2.1'))).toEqual({
      weight: 1,
      upper: null,
      lower: null,
    })
    expect(realEdit(await order('-e -t 10.0.1.1:80 -r 10.0.2.1 -w 0 -x 9 -y 3'))).toEqual({
      weight: 0,
      upper: 9,
      lower: 3,
    })
  })
})

describe('other commands', () => {
  it('leave a time-out alone that is 0', async () => {
    expect(timeoutsEdit(await order('--set 0 5 0'))).toEqual({ tcpfin: 5 })
  })

  it('are read from lines, whose blanks part words and whose "ipvsadm" is no word', () => {
    expect(commandLines('ipvsadm -A  -t\t1.2.3.4:80\r\n\n  \n-L')).toEqual([
      ['-A', '-t', '1.2.3.4:80'],
      ['-L'],
    ])
  })
})
