// SPDX-License-Identifier: Apache-2.0
import { chmodSync, existsSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest'
import { createHooks, type Notice } from '../../../src/health/hooks.js'

let folder: string
const lines: string[] = []
const log = (line: string) => void lines.push(line)

beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'xlvs-hooks-'))
  lines.length = 0
})
afterEach(() => rmSync(folder, { recursive: true, force: true }))

const at = (name: string) => join(folder, name)
const read = (name: string) => (existsSync(at(name)) ? readFileSync(at(name), 'utf8') : '')

function program(name: string, ...body: readonly string[]): string {
  writeFileSync(at(name), ['#!/bin/sh', ...body, ''].join('\n'))
  chmodSync(at(name), 0o755)
  return at(name)
}

const SERVICE = 'tcp 192.0.2.10:80'

function notice(words: Partial<Notice> & Pick<Notice, 'command'>): Notice {
  return { event: 'down', service: SERVICE, real: `${SERVICE} > 192.0.2.21`, reason: 'refused', ...words }
}

describe('notify programs', () => {
  it('are told everything by argv and environment, without a shell', async () => {
    const tell = program('tell', `printf '%s\\n' "$@" > ${at('args')}`, `env | sort > ${at('env')}`)
    const hooks = createHooks({ log })
    hooks.tell(notice({ command: [tell, 'a b', '$(id)', "'"] }))
    await hooks.end(20_000)
    expect(read('args')).toBe("a b\n$(id)\n'\n")
    const env = read('env')
    expect(env).toContain('XLVS_EVENT=down\n')
    expect(env).toContain('XLVS_SERVICE=tcp 192.0.2.10:80\n')
    expect(env).toContain('XLVS_REAL=192.0.2.21\n')
    expect(env).toContain('XLVS_STATE=down\n')
    expect(env).toContain('XLVS_REASON=refused\n')
    expect(env).not.toContain('NODE')
    expect(lines).toEqual([])
  })

  it('are told of a quorum without a real server', async () => {
    const tell = program('tell', `echo "$XLVS_EVENT,$XLVS_STATE,$XLVS_REAL,$XLVS_REASON" > ${at('out')}`)
    const hooks = createHooks({ log })
    hooks.tell({ command: [tell], event: 'quorum-up', service: SERVICE, reason: 'weight 3 of 2' })
    await hooks.end(20_000)
    expect(read('out')).toBe('quorum-up,up,,weight 3 of 2\n')
  })

  it('run in order for one subject, also when the first is slow', async () => {
    const tell = program('tell', `[ "$1" = 0 ] && sleep 0.3`, `echo "$1" >> ${at('order')}`)
    const hooks = createHooks({ log })
    for (const i of [0, 1, 2, 3]) hooks.tell(notice({ command: [tell, String(i)] }))
    await hooks.end(20_000)
    expect(read('order')).toBe('0\n1\n2\n3\n')
  })

  it('do not wait for those of another subject', async () => {
    const waits = program('waits', `while [ ! -e ${at('go')} ]; do sleep 0.01; done`)
    const goes = program('goes', `touch ${at('go')}`)
    const hooks = createHooks({ log })
    hooks.tell(notice({ command: [waits] }))
    hooks.tell(notice({ command: [goes], real: `${SERVICE} > 192.0.2.22` }))
    await hooks.end(20_000)
    expect(lines).toEqual([])
  })

  it('are not more than so many at once, and all get their turn', async () => {
    const tell = program(
      'tell',
      `touch ${folder}/running-$$`,
      `ls ${folder} | grep -c running- >> ${at('counts')}`,
      'sleep 0.05',
      `rm ${folder}/running-$$`,
    )
    const hooks = createHooks({ log, most: 3 })
    for (let i = 0; i < 20; i++) hooks.tell(notice({ command: [tell], real: `${SERVICE} > 192.0.2.${i}` }))
    await hooks.end(50_000)
    const counts = read('counts').trim().split('\n').map(Number)
    expect(counts).toHaveLength(20)
    expect(Math.max(...counts)).toBeLessThanOrEqual(3)
  })

  it('are killed with all they started when they take too long, and the next has its turn', async () => {
    const hangs = program('hangs', `echo $$ > ${at('pid')}`, 'echo stuck', 'sleep 1000')
    const tell = program('tell', `touch ${at('told')}`)
    const hooks = createHooks({ log, deadline: 4000 })
    hooks.tell(notice({ command: [hangs] }))
    hooks.tell(notice({ command: [tell] }))
    await vi.waitFor(() => expect(existsSync(at('told'))).toBe(true), 20_000)
    await hooks.end(20_000)
    expect(lines).toEqual([
      `notify ${hangs} (down, ${SERVICE} > 192.0.2.21) was killed: it ran for 4 s: stuck`,
    ])
    const group = Number(read('pid'))
    await vi.waitFor(() => expect(() => process.kill(-group, 0)).toThrow('ESRCH'), 20_000)
  })

  it('say in one harmless line of the log what went wrong', async () => {
    const bad = program('bad', "printf 'one\\n\\033[31mtwo\\n' >&2", 'exit 3')
    const hooks = createHooks({ log })
    hooks.tell(notice({ command: [bad] }))
    hooks.tell(notice({ command: [at('none')], event: 'up' }))
    await hooks.end(20_000)
    expect(lines[0]).toBe(
      `notify ${bad} (down, ${SERVICE} > 192.0.2.21) gave exit code 3: one | \\u001b[31mtwo`,
    )
    expect(lines[1]).toContain(`notify ${at('none')} (up, ${SERVICE} > 192.0.2.21) cannot be run: `)
    expect(lines).toHaveLength(2)
  })

  it('are not run when others could have written them', async () => {
    const open = program('open', `touch ${at('ran')}`)
    chmodSync(open, 0o777)
    const hooks = createHooks({ log })
    hooks.tell(notice({ command: [open] }))
    await hooks.end(20_000)
    expect(read('ran')).toBe('')
    expect(lines[0]).toContain('is writable by everybody')
    expect(existsSync(at('ran'))).toBe(false)
  })

  it('are not waited for because of what they leave running', async () => {
    const leaves = program('leaves', 'sleep 1000 &', `echo $! > ${at('pid')}`)
    const hooks = createHooks({ log, deadline: 500_000 })
    hooks.tell(notice({ command: [leaves] }))
    await hooks.end(500_000)
    const left = Number(read('pid'))
    expect(process.kill(left, 0)).toBe(true)
    process.kill(left, 'SIGKILL')
  })

  it('that pile up are left out, the oldest first: the last word is always told', async () => {
    const waits = program('waits', `while [ ! -e ${at('go')} ]; do sleep 0.01; done`)
    const tell = program('tell', `echo "$1" >> ${at('order')}`)
    const hooks = createHooks({ log, waiting: 2 })
    hooks.tell(notice({ command: [waits] }))
    for (const i of [1, 2, 3, 4]) hooks.tell(notice({ command: [tell, String(i)] }))
    writeFileSync(at('go'), '')
    await hooks.end(20_000)
    expect(read('order')).toBe('3\n4\n')
    expect(lines).toHaveLength(2)
    expect(lines[0]).toContain('is left out: 2 later ones wait already')
  })

  it('are killed when the daemon ends and will not wait longer; what waits is left out', async () => {
    const hangs = program('hangs', 'sleep 1000')
    const hooks = createHooks({ log })
    hooks.tell(notice({ command: [hangs] }))
    hooks.tell(notice({ command: [hangs], event: 'up' }))
    await hooks.end(50)
    expect(lines).toEqual([
      `notify ${hangs} (up, ${SERVICE} > 192.0.2.21) is left out: the daemon ends`,
      `notify ${hangs} (down, ${SERVICE} > 192.0.2.21) was killed: the daemon ends`,
    ])
    hooks.tell(notice({ command: [program('late', `touch ${at('late-ran')}`)] }))
    await hooks.end(50)
    expect(existsSync(at('late-ran'))).toBe(false)
  })
})
