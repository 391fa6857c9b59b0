// SPDX-License-Identifier: Apache-2.0
// The addon's netlink socket as TypeScript sees it, and errors in the kernel's words.
import { getSystemErrorMap } from 'node:util'
import { BpfError } from '../errors.js'
import { native } from '../native.js'
import { readAttributes, text } from './wire.js'

/** Called with a datagram and 0, or with undefined and an error number. */
export type OnDatagram = (bytes: Uint8Array | undefined, errno: number) => void

export interface NetlinkSocket {
  send(bytes: Uint8Array): void
  ref(): void
  unref(): void
  close(): void
}

interface NetlinkAddon {
  readonly Netlink: new (
    groups: number,
    receiveBuffer: number,
    onDatagram: OnDatagram,
    namespace?: string,
  ) => NetlinkSocket
}

/** Keeps the process alive until `unref()` or `close()`. Throws BpfError. */
export function openNetlink(
  groups: number,
  receiveBuffer: number,
  onDatagram: OnDatagram,
  namespace: string | undefined,
): NetlinkSocket {
  const { Netlink } = native as typeof native & NetlinkAddon
  return new Netlink(groups, receiveBuffer, onDatagram, namespace)
}

const NLMSGERR_ATTR_MSG = 1

/** `extended` holds the attributes that follow the kernel's refusal; its text goes into `log` and the message. */
export function kernelError(
  operation: string,
  subject: string,
  errno: number,
  extended: Uint8Array = new Uint8Array(),
): BpfError {
  const [code, words] = getSystemErrorMap().get(-errno) ?? [`E${errno}`, 'unknown error']
  return new BpfError(
    operation,
    subject,
    errno,
    code,
    words,
    text(readAttributes(extended).get(NLMSGERR_ATTR_MSG)) ?? '',
  )
}
