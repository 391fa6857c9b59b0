// SPDX-License-Identifier: Apache-2.0
// An operator's program says how it is by its exit code, runs as nobody who matters, and is gone with its question.
import {
  chmodSync,
  chownSync,
  existsSync,
  mkdirSync,
  readFileSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs'
import { dirname } from 'node:path'
import { beforeAll, describe, expect, it } from 'vitest'
import type { ScriptCheck } from '../../../../src/model/checks.js'
import { Clock, COMMON, descriptors, eventually, place, tell, way } from './given.js'

const NOBODY = 65_534
let scripts = 0
/** Where everybody may write. */
let open: string

beforeAll(() => {
  open = place('open')
  mkdirSync(open)
  chmodSync(open, 0o1777)
})

function program(text: string, mode = 0o755): string {
  const path = place(`check-${++scripts}`)
  writeFileSync(path, text)
  chmodSync(path, mode)
  return path
}

function check(text: string, more: Partial<ScriptCheck> = {}): ScriptCheck {
  return { ...COMMON, kind: 'script', command: [program(`#!/bin/sh\n${text}\n`)], ...more }
}

function say(one: ScriptCheck, clock?: Clock): Promise<string> {
  return tell(one, way(80), clock)
}

/** A program that has written this file is under way; gives what it wrote. */
async function written(path: string): Promise<string> {
  await eventually(() => existsSync(path) && readFileSync(path, 'utf8')).toMatch(/\n$/)
  return readFileSync(path, 'utf8').trim()
}

function runs(pid: string): boolean {
  try {
    return !/\) Z /.test(readFileSync(`/proc/${pid}/stat`, 'utf8'))
  } catch {
    return false
  }
}

describe('the exit code', () => {
  it.each([
    [0, false, 'good'],
    [1, false, 'script: PROGRAM gave exit code 1: all is lost'],
    [7, false, 'script: PROGRAM gave exit code 7: all is lost'],
    [0, true, 'good'],
    [1, true, 'script: PROGRAM gave exit code 1: all is lost'],
    [2, true, 'good, weight 0'],
    [255, true, 'good, weight 253'],
  ])('%i with dynamic weight %s: %s', async (code, dynamic, expected) => {
    const one = check(`echo all is lost; echo more\nexit ${code}`, dynamic ? { dynamicWeight: true } : {})
    expect(await say(one)).toBe(expected.replace('PROGRAM', one.command[0]))
  })

  it('is told with the first line of errors when there is no output', async () => {
    const one = check('echo >&2\necho "  no such\tdatabase" >&2\nexit 3')
    expect(await say(one)).toBe(`script: ${one.command[0]} gave exit code 3: no such\\u0009database`)
  })

  it('is told alone when nothing is said', async () => {
    const one = check('exit 3')
    expect(await say(one)).toBe(`script: ${one.command[0]} gave exit code 3`)
  })

  it('may be missing: a signal ended it', async () => {
    const one = check('kill -SEGV $$')
    expect(await say(one)).toBe(`script: ${one.command[0]} was ended by SIGSEGV`)
  })

  it('comes also when it says more than anybody reads', async () => {
    const one = check('yes "out $(printf %300s)" | head -c 500000\nexit 1')
    const said = await say(one)
    expect(said).toMatch(/^script: \S+ gave exit code 1: out/)
    expect(said.length).toBeLessThan(400)
  })
})

describe('a program', () => {
  it('knows what it is asked about, and nothing else of the environment', async () => {
    const one = check(
      `env > ${open}/env; id -u >> ${open}/env; id -g >> ${open}/env; id -G >> ${open}/env; pwd >> ${open}/env`,
    )
    expect(await say(one)).toBe('good')
    const lines = readFileSync(`${open}/env`, 'utf8').trim().split('\n')
    expect(lines.filter((line) => !/^(PWD|SHLVL|_|OLDPWD)=/.test(line)).sort()).toEqual(
      [
        'PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin',
        'XLVS_VIP=192.0.2.10',
        'XLVS_PORT=80',
        'XLVS_REAL=127.0.0.1',
        'XLVS_SERVICE=tcp 192.0.2.10:80',
        'XLVS_PROTOCOL=tcp',
        ...[`${NOBODY}`, `${NOBODY}`, `${NOBODY}`, '/'],
      ].sort(),
    )
  })

  it('of a mark is told so', async () => {
    const names = { vip: undefined, port: 8080, real: '127.0.0.1', service: 'fwm 6' }
    const one = check('echo "$XLVS_SERVICE|$XLVS_PROTOCOL|$XLVS_VIP|$XLVS_PORT"; exit 1')
    expect(await say(one, new Clock({ names }))).toMatch(/: fwm 6\|fwm\|\|8080$/)
  })

  it('gets its arguments as they are, without a shell', async () => {
    const one = check('echo "$# $1 $2"; exit 1')
    const command = [one.command[0], '$(id) *', ';x'] as const
    expect(await say({ ...one, command })).toMatch(/: 2 \$\(id\) \* ;x$/)
  })

  it.each([
    [{ user: 'root' }, '0 0'],
    [{ user: 'daemon' }, '1 1'],
    [{ user: 'daemon', group: 'nogroup' }, `1 ${NOBODY}`],
    [{ user: '4711', group: '4712' }, '4711 4712'],
  ])('runs as %j', async (who, expected) => {
    expect(await say(check('echo $(id -u) $(id -g); exit 1', who))).toMatch(new RegExp(`: ${expected}$`))
  })

  it.each([
    [{ user: 'nobody-of-that-name' }, 'cannot-check: there is no user "nobody-of-that-name" in /etc/passwd'],
    [{ group: 'none-such' }, 'cannot-check: there is no group "none-such" in /etc/group'],
    [{ user: '4711' }, 'cannot-check: user 4711 has no entry in /etc/passwd: name its group'],
  ])('does not run as %j', async (who, expected) => {
    expect(await say(check('exit 0', who))).toBe(expected)
  })
})

describe('a program that cannot run', () => {
  it.each([
    ['is missing', () => place('missing'), /there is no \S+missing$/],
    [
      'is not named whole',
      () => 'check.sh',
      /"check.sh" is no whole path: write where the program is, from \/ on$/,
    ],
    ['is not executable', () => program('#!/bin/sh\n', 0o644), /is not executable: chmod \+x \S+$/],
    [
      'may not be executed',
      () => program('#!/bin/sh\n', 0o700),
      /cannot run: the user it runs as may not execute it$/,
    ],
    [
      'has no interpreter',
      () => program('#!/no/such/interpreter\n'),
      /cannot run: it, or the interpreter in its first line, does not exist$/,
    ],
    ['is a folder', () => dirname(program('')), /^cannot-check: \S+ is no file$/],
  ])('says so when it %s', async (_, path, expected) => {
    const before = descriptors()
    expect(await say({ ...COMMON, kind: 'script', command: [path()] })).toMatch(expected)
    expect(descriptors()).toBeLessThanOrEqual(before)
  })
})

describe('a program that others could change', () => {
  const one = (path: string, more: Partial<ScriptCheck> = {}): ScriptCheck => {
    return { ...COMMON, kind: 'script', command: [path], ...more }
  }

  it('is not run when its owner is neither root nor whom it runs as', async () => {
    const path = program('#!/bin/sh\n')
    chownSync(path, 1, 1)
    expect(await say(one(path))).toBe(
      `cannot-check: ${path} is not run: ${path} is writable by its owner, user 1, so others than root and the user it runs as could change what runs; chown root:root ${path} && chmod go-w ${path}`,
    )
    expect(await say(one(path, { user: 'root' }))).toMatch(/others than root could change what runs/)
    expect(await say(one(path, { user: 'daemon' }))).toBe('good')
  })

  it('is not run when a group or everybody may write it', async () => {
    const path = program('#!/bin/sh\n')
    chownSync(path, 0, 1)
    chmodSync(path, 0o775)
    expect(await say(one(path))).toMatch(/is writable by group 1, so others than /)
    chmodSync(path, 0o757)
    expect(await say(one(path))).toMatch(/is writable by everybody, so others than /)
  })

  it('is not run from a folder that others may write, also by way of a link', async () => {
    const folder = place('loose')
    mkdirSync(folder)
    writeFileSync(`${folder}/check`, '#!/bin/sh\n')
    chmodSync(`${folder}/check`, 0o755)
    symlinkSync(`${folder}/check`, place('link'))
    expect(await say(one(place('link')))).toBe('good')
    chmodSync(folder, 0o777)
    for (const path of [`${folder}/check`, place('link')])
      expect(await say(one(path))).toContain(`${path} is not run: ${folder} is writable by everybody`)
  })
})

describe('at the deadline', () => {
  it('a program is ended with everything that it started', async () => {
    const clock = new Clock()
    const file = `${open}/children`
    const one = check(`sh -c 'echo $$ $PPID; sleep 1000; :' > ${file} &\nsleep 1000`)
    const answer = say(one, clock)
    const [child = '', main = ''] = (await written(file)).split(' ')
    clock.strike()
    expect(await answer).toBe(`timeout: no exit of ${one.command[0]} within 1 s`)
    await eventually(() => [runs(main), runs(child)]).toEqual([false, false])
  })

  it('a program that will not end is killed', async () => {
    const clock = new Clock()
    const file = `${open}/stubborn`
    const one = check(`trap '' TERM HUP INT\necho $$ > ${file}\nwhile :; do sleep 0.1; done`)
    const answer = say(one, clock)
    const pid = await written(file)
    clock.strike()
    expect(await answer).toMatch(/^timeout: /)
    await eventually(() => runs(pid)).toBe(false)
  })

  it('that passed before a program starts, none is started', async () => {
    const clock = new Clock()
    clock.strike()
    expect(await say(check(`touch ${open}/started`), clock)).toMatch(/^timeout: /)
    expect(existsSync(`${open}/started`)).toBe(false)
  })
})

it('what a program leaves behind is ended when it has answered', async () => {
  const file = `${open}/left`
  const one = check(`sleep 1000 &\necho $! > ${file}\nexit 0`)
  expect(await say(one)).toBe('good')
  const pid = await written(file)
  await eventually(() => runs(pid)).toBe(false)
})

it('many programs at a time leave nothing open', async () => {
  const one = check('echo $$; exit $(( $$ % 2 ))')
  await say(one)
  const before = descriptors()
  const clocks = Array.from({ length: 40 }, () => new Clock())
  const answers = clocks.map((clock) => say(one, clock))
  setImmediate(() => clocks.forEach((clock, i) => void (i % 2 === 0 && clock.strike())))
  for (const answer of await Promise.all(answers)) expect(answer).toMatch(/^(good|script|timeout)\b/)
  await eventually(descriptors).toBeLessThanOrEqual(before)
})
