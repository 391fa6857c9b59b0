// SPDX-License-Identifier: Apache-2.0
// What comes in on a stream, by pieces and by lines, with limits on both.
import type { Readable } from 'node:stream'
import { Failure } from './failure.js'

export interface Bytes {
  /** the next ones, at most `most`; undefined when the other end has finished; rejects with the stream's error */
  some(most?: number): Promise<Buffer | undefined>
  /** up to and without '\n' or '\r\n'; undefined when the other end finished before it began */
  line(most: number): Promise<string | undefined>
}

export function bytesOf(stream: Readable): Bytes {
  const next = chunksOf(stream)
  let left: Buffer | undefined
  const some = async (most = Number.POSITIVE_INFINITY): Promise<Buffer | undefined> => {
    const chunk = left ?? (await next())
    left = undefined
    if (chunk === undefined) return undefined
    if (chunk.length > most) left = chunk.subarray(most)
    return chunk.length > most ? chunk.subarray(0, most) : chunk
  }
  const line = async (most: number): Promise<string | undefined> => {
    const parts: Buffer[] = []
    for (let length = 0; length <= most + '\r'.length; ) {
      const chunk = await some()
      if (chunk === undefined && parts.length === 0) return undefined
      if (chunk === undefined) throw new Failure('closed', 'the connection ended in the middle of a line')
      const end = chunk.indexOf(10)
      parts.push(end < 0 ? chunk : chunk.subarray(0, end))
      length += end < 0 ? chunk.length : end
      if (end < 0) continue
      if (end + 1 < chunk.length) left = chunk.subarray(end + 1)
      const text = Buffer.concat(parts).toString('latin1').replace(/\r$/, '')
      if (text.length <= most) return text
      break
    }
    throw new Failure('protocol', `a line of more than ${most} bytes`)
  }
  return { some, line }
}

/** Each call gives what is there, or waits for it; the stream stays paused in between, so nothing piles up here. */
function chunksOf(stream: Readable): () => Promise<Buffer | undefined> {
  let wake = () => {}
  let fault: Error | undefined
  let over = false
  stream.on('readable', () => wake())
  stream.on('end', () => finish())
  stream.on('close', () => finish())
  stream.on('error', (error) => {
    fault ??= error
    finish()
  })
  const finish = () => {
    over = true
    wake()
  }
  return async () => {
    for (;;) {
      const chunk = stream.read() as Buffer | null
      if (chunk !== null) return chunk
      if (fault !== undefined) throw fault
      if (over) return undefined
      await new Promise<void>((resolve) => {
        wake = resolve
      })
    }
  }
}
