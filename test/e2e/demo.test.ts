// SPDX-License-Identifier: Apache-2.0
// What `make demo` shows is so, and it leaves nothing behind.
import { existsSync, readdirSync } from 'node:fs'
import { constants } from 'node:os'
import { fileURLToPath } from 'node:url'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { type Lab, openLab, run } from '../lab/index.js'

const program = fileURLToPath(new URL('../../dist/demo/main.js', import.meta.url))
const demo = (...args: string[]) => [process.execPath, program, ...args]
let lab: Lab

beforeAll(() => {
  lab = openLab()
})
afterAll(() => lab.close())

/** Namespaces, pins and folders of a demo by its process id. */
function leftBy(pid: number): string[] {
  const prefix = `xlvs-demo-${pid}-`
  return ['/run/netns', '/sys/fs/bpf', '/tmp'].flatMap((folder) => {
    return existsSync(folder) ? readdirSync(folder).filter((name) => name.startsWith(prefix)) : []
  })
}

describe('the demo', () => {
  it('balances, re-weighs, drains and outlives its daemon without one failed request', async () => {
    const shown = lab.start(undefined, demo('--seconds', '1.5'))
    expect(await shown.exited, shown.stdout() + shown.stderr()).toBe(0)
    const text = shown.stdout()
    expect(text).toMatch(/XDP on eth0: native mode/)
    expect(text).toMatch(/✓ shares follow the weights 3 : 2 : 1$/m)
    expect(text).toMatch(/✓ shares follow the weights 3 : 2 : 5$/m)
    expect(text).toMatch(/✓ web2 got 0 new requests/)
    expect(text).toMatch(/✓ \d+ requests were balanced with no daemon running/)
    expect(text).toMatch(/✓ \d+ requests, 0 failed$/m)
    expect(text).toMatch(/✓ 6 of 6 downloads/)
    expect(text).toMatch(/forward_new +forward/)
    expect(text).not.toContain('\x1b')
    expect(leftBy(shown.pid)).toEqual([])
  })

  it('leaves nothing behind when it is interrupted', async () => {
    const shown = lab.start(undefined, demo())
    await shown.line(/requests, 0 failed/)
    expect(leftBy(shown.pid)).not.toEqual([])
    expect(await shown.stop('SIGINT')).toBe(128 + constants.signals.SIGINT)
    expect(leftBy(shown.pid)).toEqual([])
  })

  it('leaves the lab standing when asked to, serving, and removes it when asked to', async () => {
    const shown = lab.start(undefined, demo('--seconds', '1', '--keep'))
    expect(await shown.exited, shown.stdout() + shown.stderr()).toBe(0)
    const commands = shown.stdout().split('Try next, as root:')[1] ?? ''
    const curl = commands.split('\n').find((line) => line.includes('curl')) ?? ''
    const fetched = await run(undefined, ['sh', '-c', curl])
    expect(fetched.stdout).toMatch(/^web[13]$/m)
    const removed = await run(undefined, demo('--remove'))
    expect(removed.stdout).toContain(`xlvs-demo-${shown.pid}-1`)
    expect(leftBy(shown.pid)).toEqual([])
  })

  it('refuses options it does not know', async () => {
    const { code, stderr } = await run(undefined, demo('--fast'))
    expect(code).toBe(2)
    expect(stderr).toContain("Unknown option '--fast'")
  })
})
