// SPDX-License-Identifier: Apache-2.0
import { describe, expect, it } from 'vitest'
import { canvasOf } from '../../../src/demo/paint.js'
import { screenOf } from '../../../src/demo/screen.js'

function written(live: boolean, use: (screen: ReturnType<typeof screenOf>) => void): string {
  let text = ''
  use(
    screenOf((piece) => {
      text += piece
    }, live),
  )
  return text
}

describe('a live screen', () => {
  it('draws over what it drew last', () => {
    const text = written(true, (screen) => {
      screen.draw(['a', 'b'])
      screen.draw(['c', 'd'])
    })
    expect(text).toBe('\x1b[2Ka\n\x1b[2Kb\n\x1b[2A\x1b[2Kc\n\x1b[2Kd\n')
  })

  it('goes on below what is kept', () => {
    const text = written(true, (screen) => {
      screen.draw(['a'])
      screen.keep()
      screen.draw(['b'])
    })
    expect(text).toBe('\x1b[2Ka\n\x1b[2Kb\n')
  })
})

describe('a screen into a pipe', () => {
  it('prints lines and draws nothing', () => {
    const text = written(false, (screen) => {
      screen.draw(['a'])
      screen.print('b')
    })
    expect(text).toBe('b\n')
  })
})

describe('a canvas', () => {
  it('has colours on a terminal only, and not with NO_COLOR', () => {
    expect(canvasOf({ isTTY: true }, {}).good('x')).toBe('\x1b[32mx\x1b[0m')
    expect(canvasOf({ isTTY: true }, { NO_COLOR: '1' }).good('x')).toBe('x')
    expect(canvasOf({}, {}).good('x')).toBe('x')
  })

  it('is live on a terminal, also without colours, and not on a dumb one', () => {
    expect(canvasOf({ isTTY: true }, { NO_COLOR: '1' }).live).toBe(true)
    expect(canvasOf({ isTTY: true }, { TERM: 'dumb' }).live).toBe(false)
    expect(canvasOf({}, {}).live).toBe(false)
  })

  it('is not live where the lines do not fit', () => {
    expect(canvasOf({ isTTY: true, columns: 59 }, {}).live).toBe(false)
    expect(canvasOf({ isTTY: true, columns: 60 }, {}).live).toBe(true)
  })
})
