// SPDX-License-Identifier: Apache-2.0
// Questions to the kernel and their answers: one at a time on a socket of their own, matched by sequence number.
// The socket keeps the process alive only while an answer is due.
import { kernelError, type NetlinkSocket, openNetlink } from './native-socket.js'
import {
  encodeMessage,
  type Message,
  messagesIn,
  NetlinkFormatError,
  NLM_F_ACK,
  NLM_F_DUMP,
  NLM_F_DUMP_INTR,
  NLM_F_REQUEST,
  unsigned,
} from './wire.js'

export interface Question {
  /** For errors: 'set neighbour', and what it is about. */
  readonly operation: string
  readonly subject?: string
  readonly type: number
  readonly header: Uint8Array
  readonly attributes: readonly (readonly [number, Uint8Array])[]
}

interface Pending {
  readonly question: Question
  readonly flags: number
  readonly resolve: (answers: Message[]) => void
  readonly reject: (error: Error) => void
  attempts: number
  sequence: number
  answers: Message[]
  interrupted: boolean
}

const NLMSG_ERROR = 2
const NLMSG_DONE = 3
/** How often a dump is begun anew because the table changed meanwhile. */
const DUMP_ATTEMPTS = 20
const RECEIVE_BUFFER = 1 << 20
const EINTR = 4

export class Requests {
  readonly #socket: NetlinkSocket
  readonly #queue: Pending[] = []
  #current: Pending | undefined
  #sequence = 0
  #closed = false

  constructor(namespace: string | undefined) {
    const onDatagram = (bytes: Uint8Array | undefined, errno: number): void => this.#receive(bytes, errno)
    this.#socket = openNetlink(0, RECEIVE_BUFFER, onDatagram, namespace)
    this.#socket.unref()
  }

  /** All entries of a table, read again from its beginning when it changed in between. */
  dump(question: Question): Promise<Message[]> {
    return this.#ask(question, NLM_F_REQUEST | NLM_F_DUMP)
  }

  /** Waits for the kernel's acknowledgement; resolves with what it answered before it. */
  ask(question: Question, flags = 0): Promise<Message[]> {
    return this.#ask(question, NLM_F_REQUEST | NLM_F_ACK | flags)
  }

  /** Rejects what is still unanswered. */
  close(): void {
    this.#closed = true
    const error = new Error('route socket is closed')
    for (const pending of [this.#current, ...this.#queue.splice(0)]) pending?.reject(error)
    this.#current = undefined
    this.#socket.close()
  }

  #ask(question: Question, flags: number): Promise<Message[]> {
    if (this.#closed) return Promise.reject(new Error('route socket is closed'))
    return new Promise((resolve, reject) => {
      this.#queue.push({
        question,
        flags,
        resolve,
        reject,
        attempts: 0,
        sequence: 0,
        answers: [],
        interrupted: false,
      })
      if (this.#current === undefined) this.#next()
    })
  }

  #next(): void {
    this.#current = this.#queue.shift()
    if (this.#current === undefined) {
      this.#socket.unref()
      return
    }
    this.#socket.ref()
    this.#send(this.#current)
  }

  #send(pending: Pending): void {
    this.#sequence = (this.#sequence + 1) >>> 0 || 1
    pending.sequence = this.#sequence
    pending.attempts += 1
    pending.answers = []
    pending.interrupted = false
    const { type, header, attributes } = pending.question
    try {
      this.#socket.send(encodeMessage(type, pending.flags, pending.sequence, header, attributes))
    } catch (error) {
      this.#settle(() => pending.reject(error as Error))
    }
  }

  #settle(tell: () => void): void {
    tell()
    this.#next()
  }

  #fail(pending: Pending, errno: number, extended?: Uint8Array): void {
    const { operation, subject = '' } = pending.question
    this.#settle(() => pending.reject(errorFrom(() => kernelError(operation, subject, errno, extended))))
  }

  #receive(bytes: Uint8Array | undefined, errno: number): void {
    const pending = this.#current
    if (pending === undefined) return
    if (bytes === undefined) {
      this.#fail(pending, errno)
      return
    }
    try {
      for (const message of messagesIn(bytes)) {
        if (this.#current === pending && message.sequence === pending.sequence) this.#take(pending, message)
      }
    } catch (error) {
      if (this.#current === pending) this.#settle(() => pending.reject(error as Error))
    }
  }

  #take(pending: Pending, message: Message): void {
    if ((message.flags & NLM_F_DUMP_INTR) !== 0) pending.interrupted = true
    if (message.type === NLMSG_ERROR) this.#end(pending, message.payload, errorAttributes(message.payload))
    else if (message.type === NLMSG_DONE) this.#end(pending, message.payload, message.payload.subarray(4))
    else pending.answers.push(message)
  }

  #end(pending: Pending, payload: Uint8Array, extended: Uint8Array): void {
    const errno = -((unsigned(payload.subarray(0, 4), 4) ?? 0) | 0)
    if (errno > 0) this.#fail(pending, errno, extended)
    else if (!pending.interrupted) this.#settle(() => pending.resolve(pending.answers))
    else if (pending.attempts < DUMP_ATTEMPTS) this.#send(pending)
    else this.#fail(pending, EINTR)
  }
}

/** NETLINK_CAP_ACK is set: of the request only the 16 bytes of its header come back, then the attributes. */
function errorAttributes(payload: Uint8Array): Uint8Array {
  if (payload.length < 20) throw new NetlinkFormatError('error message is cut')
  return payload.subarray(20)
}

function errorFrom(make: () => Error): Error {
  try {
    return make()
  } catch (error) {
    return error as Error
  }
}
