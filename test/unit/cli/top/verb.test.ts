// SPDX-License-Identifier: Apache-2.0
import { describe, expect, it } from 'vitest'
import { xlvs } from '../given.js'

describe('xlvs top', () => {
  it.each([
    [['-d', '0.1'], '--delay: "0.1" is no interval; use 0.5..3600 seconds'],
    [['-d', 'soon'], '--delay: "soon" is no interval; use 0.5..3600 seconds'],
    [['-d', '1e3'], '--delay: "1e3" is no interval; use 0.5..3600 seconds'],
    [['--sort', 'pakets'], '--sort: "pakets" is no order; did you mean packets?'],
    [['--udp'], 'which service is not said; name it with --service or --mark'],
    [['--service', '192.0.2.10'], 'service: '],
  ])('%j is refused with one sentence that says what would do', async (words, said) => {
    const { code, out, err } = await xlvs(['top', '--once', ...words])
    expect([code, out]).toEqual([2, ''])
    expect(err.trimEnd().split('\n')).toHaveLength(1)
    expect(err).toContain(said)
  })

  it('without a daemon says so and does nothing else, as JSON too', async () => {
    const socket = '/nonexistent/xlvs.sock'
    expect(await xlvs(['top', '--once'])).toEqual({
      code: 1,
      out: '',
      err: `no daemon listens on ${socket}; start one with: xlvs run -c FILE\n`,
    })
    const { code, out, err } = await xlvs(['top', '--once', '--json'])
    expect([code, err, JSON.parse(out).problems.length]).toEqual([1, '', 1])
  })
})
