// SPDX-License-Identifier: Apache-2.0
// Where the records of a trace go: lines for people, lines of JSON, or pcap-ng into a file or a pipe; each is out before
// the next one comes.
import {
  closeSync,
  constants,
  existsSync,
  fstatSync,
  ftruncateSync,
  openSync,
  rmSync,
  writeSync,
} from 'node:fs'
import { release } from 'node:os'
import type { TraceLoss, TraceRecord } from '../api/contract-sight.js'
import { toJson } from '../api/json.js'
import { VERSION } from '../api/version.js'
import { fail, quote, succeed } from '../model/describe.js'
import { type TraceWish, wishText } from '../model/trace-wish.js'
import type { Outcome } from '../model/types.js'
import { createPcapWriter, type PcapWriter } from '../pcap/write.js'
import type { Context } from './context.js'
import { headOf, traceComment, traceLine } from './views/trace.js'

export interface Sink {
  record(record: TraceRecord): void
  /** what was lost so far */
  loss(loss: TraceLoss): void
  /** There was a trace. */
  end(loss: TraceLoss): void
  /** There was none: everything is as it was. */
  undo(): void
}

export function textSink({ out, look }: Context): Sink {
  return {
    record: (record) => out(`${traceLine(record, look)}\n`),
    ...{ loss: () => undefined, end: () => undefined, undo: () => undefined },
  }
}

export function jsonSink({ out }: Context): Sink {
  const line = (value: TraceRecord | TraceLoss) => out(`${toJson(value)}\n`)
  return { record: line, loss: line, end: () => undefined, undo: () => undefined }
}

/** '-': the standard output, for a pipe. A file that is there is written over when there is something to write. */
export function pcapSink(path: string, wish: TraceWish, context: Context): Outcome<Sink> {
  if (path !== '-') return fileSink(path, wish, context)
  if (!Number.isFinite(context.look.columns)) {
    const emit = (bytes: Uint8Array) => void process.stdout.write(bytes)
    return succeed({ ...blocks(wish, context, emit), undo: () => undefined })
  }
  return fail({
    subject: '-w',
    reason: 'pcap-ng is nothing for a terminal',
    fix: 'write -w FILE, or: xlvs trace -w - | tshark -r -',
  })
}

function fileSink(path: string, wish: TraceWish, context: Context): Outcome<Sink> {
  const was = existsSync(path)
  let file: number
  try {
    file = openSync(path, constants.O_WRONLY | constants.O_CREAT, 0o600)
  } catch (error) {
    return fail({ subject: '-w', reason: `cannot write ${quote(path)}: ${(error as Error).message}` })
  }
  let begun = false
  const emit = (bytes: Uint8Array) => {
    if (!begun && fstatSync(file).isFile()) ftruncateSync(file, 0)
    begun = true
    for (let at = 0; at < bytes.length; ) at += writeSync(file, bytes, at)
  }
  const sink = blocks(wish, context, emit)
  return succeed({
    ...sink,
    end: (loss) => {
      sink.end(loss)
      closeSync(file)
    },
    undo: () => {
      closeSync(file)
      if (!was) rmSync(path, { force: true })
    },
  })
}

function blocks(
  wish: TraceWish,
  context: Context,
  emit: (bytes: Uint8Array) => void,
): Pick<Sink, 'record' | 'loss' | 'end'> {
  let lost = 0
  let told = 0
  let writer: PcapWriter | undefined
  const open = () => {
    writer ??= createPcapWriter({
      application: `xlvs ${VERSION}`,
      os: `Linux ${release()}`,
      comment: `xlvs trace: ${wishText(wish)}`,
      snaplen: wish.head,
      emit,
    })
    return writer
  }
  return {
    record: (record) => {
      const { interface: name, at, length } = record
      const packet = { interface: name, at, length, head: headOf(record), comment: traceComment(record) }
      open().packet({ ...packet, dropped: lost - told })
      told = lost
    },
    loss: (loss) => {
      lost = loss.lost
    },
    end: ({ lost: dropped, limited }) => {
      const comment = `of all interfaces: ${dropped} records lost, ${limited} packets more than the limit`
      open().end({ at: context.now(), dropped, comment })
    },
  }
}
