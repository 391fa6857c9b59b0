// SPDX-License-Identifier: Apache-2.0
// The program itself; and rules that go from xlvsadm to ipvsadm and back.
import { spawnSync } from 'node:child_process'
import { writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { lineOf, linesOf } from './answers.js'
import { ADM, type CompatDirector, namesOf, startCompatDirector, xlvsadm } from './director.js'
import { askIpvsadm } from './kernel.js'
import { SEQUENCES } from './sequences.js'

let director: CompatDirector
const NAMES = namesOf()
beforeAll(async () => {
  director = await startCompatDirector()
})
afterAll(() => director?.close())

const say = (args: string, stdin?: string) =>
  xlvsadm({ args, ...(stdin === undefined ? {} : { stdin }) }, director.socket, NAMES)

/** Rules of all kinds that both know. */
const RULES = `-A -t 10.0.1.1:80 -s wrr -p 100 -M 255.255.255.0
-a -t 10.0.1.1:80 -r 10.0.2.1:80 -g -w 1
-a -t 10.0.1.1:80 -r 10.0.2.2:80 -g -w 0
-A -t 10.0.1.1:443 -s mh -b mh-fallback,mh-port
-a -t 10.0.1.1:443 -r 10.0.2.1:443 -g -w 65536
-A -u 10.0.1.1:53 -s sh -o -b sh-fallback,sh-port
-a -u 10.0.1.1:53 -r 10.0.2.3:53 -g -w 7
-A --sctp-service 10.0.1.2:0 -s none -p 360
-A -t [fd00:1::1]:80 -s rr -p 10 -M 64
-a -t [fd00:1::1]:80 -r [fd00:2::1]:80 -g -w 1
-A -f 6 -s lblcr -p 360
-a -f 6 -r 10.0.2.1:0 -g -w 2
-a -f 6 -r 10.0.2.1:80 -g -w 3
-A -f 6 -6 -s fo
-a -f 6 -6 -r [fd00:2::1]:0 -g -w 2
`

describe('rules that are saved', () => {
  it('are restored by ipvsadm, and what that saves is restored here, without a difference', async () => {
    expect(await say('-R', RULES)).toEqual({ status: 0, out: [], err: [] })
    const saved = await say('-S -n')
    expect(saved).toEqual({ status: 0, out: linesOf(RULES), err: [] })
    const lines = [{ args: '-R', stdin: RULES }, { args: '-S -n' }]
    const [kernel] = await askIpvsadm([{ name: 'there and back', lines }])
    expect(kernel?.answers.map(({ status, out }) => [status, out])).toEqual([
      [0, []],
      [0, saved.out],
    ])
    expect((await say('-C')).status).toBe(0)
    expect((await say('-R', `${kernel?.answers[1]?.out.join('\n')}\n`)).status).toBe(0)
    expect(await say('-S -n')).toEqual(saved)
  })

  it('are what the recorded answers hold: ipvsadm is asked again for one sequence', async () => {
    const sequence = SEQUENCES.find(({ name }) => name === 'marks')
    const [again] = sequence === undefined ? [] : await askIpvsadm([sequence])
    const { readAnswers } = await import('./answers.js')
    expect(again?.answers).toEqual(readAnswers('marks').answers)
    expect(again?.answers.map(({ args }) => args)).toEqual(sequence?.lines.map((line) => lineOf(line).args))
  })
})

describe('the program', () => {
  it('lists without words, and restores what it has saved', async () => {
    const before = await director.spawn(['-S', '-n'])
    expect(before).toMatchObject({ status: 0, err: [] })
    expect(before.out).toHaveLength(linesOf(RULES).length)
    expect((await director.spawn(['-C'])).status).toBe(0)
    expect(await director.spawn(['-R'], `${before.out.join('\n')}\n`)).toEqual({
      status: 0,
      out: [],
      err: [],
    })
    expect((await director.spawn(['-S', '-n'])).out).toEqual(before.out)
    const { status, out } = await director.spawn([])
    expect([status, out[1]]).toEqual([0, 'Prot LocalAddress:Port Scheduler Flags'])
  })

  it('exits as ipvsadm does', async () => {
    const codes = [['-h'], ['-v'], ['-L', '-t', '10.9.9.9:1'], ['-A'], ['-D', '-f', '99'], ['--bogus']]
    const said = await Promise.all(codes.map((words) => director.spawn(words)))
    expect(said.map(({ status }) => status)).toEqual([0, 0, 1, 2, 255, 255])
  })

  it('changes nothing but weights of a service that the file owns, and says so', async () => {
    const owned = `interfaces: []
services:
  - {vip: "10.0.1.9:80", scheduler: rr, reals: [10.0.2.1]}
`
    writeFileSync(join(director.lab.folder, 'xlvs.yaml'), owned)
    expect((await director.reload()).status).toBe(0)
    expect((await say('-L -n -t 10.0.1.9:80')).out).toContain('TCP  10.0.1.9:80 rr')
    const lines = ['-E -t 10.0.1.9:80 -s sh', '-D -t 10.0.1.9:80', '-C', '-e -t 10.0.1.9:80 -r 10.0.2.1 -x 5']
    for (const line of lines) {
      const { status, out, err } = await say(line)
      expect([status, out], line).toEqual([255, []])
      expect(err.join(), line).toMatch(/^xlvsadm: .*the file/)
    }
    expect((await say('-L -n -t 10.0.1.9:80')).out).toContain('TCP  10.0.1.9:80 rr')
    expect(await say('-e -t 10.0.1.9:80 -r 10.0.2.1 -w 3')).toEqual({ status: 0, out: [], err: [] })
    expect((await say('-S -n')).out).toContain('-a -t 10.0.1.9:80 -r 10.0.2.1:80 -g -w 3')
  })

  it('says how to start a daemon when there is none', () => {
    const env = { ...process.env, XLVS_SOCKET: join(director.lab.folder, 'nobody.sock') }
    for (const words of [[], ['-L'], ['-C'], ['-S'], ['-L', '--daemon']]) {
      const { status, stdout, stderr } = spawnSync(process.execPath, [ADM, ...words], {
        env,
        encoding: 'utf8',
      })
      expect([status, stdout]).toEqual([255, ''])
      expect(stderr).toBe(
        `xlvsadm: no daemon listens on ${env.XLVS_SOCKET}; start one with: xlvs run -c FILE\n`,
      )
    }
  })
})
