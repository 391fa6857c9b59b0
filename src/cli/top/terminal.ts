// SPDX-License-Identifier: Apache-2.0
// The terminal that the screen is on: taken over whole, and given back as it was found, whatever happens.
import { StringDecoder } from 'node:string_decoder'
import type { ReadStream, WriteStream } from 'node:tty'
import type { Size } from './frame.js'
import { type Key, readKeys } from './keys.js'

/** The other screen, without a cursor. */
const ENTER = '\x1b[?1049h\x1b[?25l'
/** The end of a synchronized piece that may have been cut, plain text, the cursor, the screen that was there. */
const LEAVE = '\x1b[?2026l\x1b[0m\x1b[?25h\x1b[?1049l'
/** After which an Esc without more is the key of that name; a sequence over ssh comes in one piece or nearly. */
const ESCAPE_MS = 50

export interface Terminal {
  size(): Size
  write(text: string): void
  enter(): void
  /** Twice does no harm. */
  leave(): void
  /** Leaves, and lets go of its streams. */
  close(): void
}

interface Listener {
  readonly keys: (keys: readonly Key[]) => void
  readonly resized: () => void
  /** nobody can press a key any more */
  readonly gone: () => void
}

export function openTerminal(input: ReadStream, output: WriteStream, listener: Listener): Terminal {
  const keyboard = openKeyboard(listener.keys)
  let inside = false
  input.on('data', keyboard.hear).on('end', listener.gone).on('error', listener.gone)
  output.on('resize', listener.resized)
  const leave = () => {
    if (!inside) return
    inside = false
    output.write(LEAVE)
    input.setRawMode(false)
  }
  return {
    size: () => sizeOf(output),
    write: (text) => {
      if (inside && text !== '') output.write(text)
    },
    enter: () => {
      inside = true
      input.setRawMode(true)
      output.write(ENTER)
    },
    leave,
    close: () => {
      leave()
      keyboard.close()
      input.off('data', keyboard.hear).off('end', listener.gone).off('error', listener.gone).pause()
      output.off('resize', listener.resized)
    },
  }
}

/** Bytes into keys, however they are cut. */
function openKeyboard(tell: (keys: readonly Key[]) => void) {
  const decoder = new StringDecoder('utf8')
  let rest = ''
  let lone: NodeJS.Timeout | undefined
  const read = (text: string, ended: boolean) => {
    const found = readKeys(rest + text, ended)
    rest = found.rest
    clearTimeout(lone)
    if (rest !== '') lone = setTimeout(() => read('', true), ESCAPE_MS)
    if (found.keys.length > 0) tell(found.keys)
  }
  return { hear: (bytes: Buffer) => read(decoder.write(bytes), false), close: () => clearTimeout(lone) }
}

/** A serial line that does not know its size is taken for what terminals were. */
export function sizeOf(output: WriteStream): Size {
  return { columns: output.columns || 80, rows: output.rows || 24 }
}
