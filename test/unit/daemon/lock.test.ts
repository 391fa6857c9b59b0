// SPDX-License-Identifier: Apache-2.0
import { describe, expect, it } from 'vitest'
import { lockPins } from '../../../src/daemon/lock.js'

describe('one daemon for one set of pins', () => {
  const root = `/sys/fs/bpf/xlvs-lock-${process.pid}`

  it('refuses the second, and lets it in when the first is gone', async () => {
    const first = await lockPins(root)
    const second = await lockPins(root)
    expect(second).toMatchObject({
      ok: false,
      problems: [{ reason: `another xlvs daemon works on ${root}` }],
    })
    if (first.ok) await first.value.release()
    const third = await lockPins(root)
    expect(third.ok).toBe(true)
    if (third.ok) await third.value.release()
  })

  it('does not mind another set of pins, however long its path', async () => {
    const [one, other] = [await lockPins(root), await lockPins(`${root}/${'x'.repeat(300)}`)]
    expect([one.ok, other.ok]).toEqual([true, true])
    for (const lock of [one, other]) if (lock.ok) await lock.value.release()
  })
})
