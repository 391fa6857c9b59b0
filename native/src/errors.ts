// SPDX-License-Identifier: Apache-2.0
// The one error class of this package: what was tried, on what, the error's number and name, and what
// libbpf and the verifier said meanwhile.

/** A failed call of libbpf or of the kernel. Wrong arguments are `TypeError`s instead. */
export class BpfError extends Error {
  override readonly name = 'BpfError'
  /** What was tried: `'load'`, `'map update'`, `'attach xdp'`, … */
  readonly operation: string
  /** What it was tried on: a path, a map's or an object's name; `''` where there is nothing to name. */
  readonly subject: string
  /** The error number, positive; libbpf's own begin at 4000; 0 when there was none. */
  readonly errno: number
  /** The number's name: `'EPERM'`, `'EBUSY'`, `'LIBBPF_ERRNO__FORMAT'`; `''` when there was no number. */
  readonly code: string
  /** The end of libbpf's log, the verifier's included, at most 40 lines; `''` when nothing was logged. */
  readonly log: string
  /** The same log from its beginning. */
  readonly wholeLog: string

  /** Made by this package; `text` says in words what `code` and `errno` mean. */
  constructor(operation: string, subject: string, errno: number, code: string, text: string, log: string) {
    const about = subject === '' ? operation : `${operation} ${subject}`
    const cause = code === '' ? text : `${text} (${code})`
    const reason = reasonIn(log)
    super(reason === '' ? `${about}: ${cause}` : `${about}: ${cause}: ${reason}`)
    this.operation = operation
    this.subject = subject
    this.errno = errno
    this.code = code
    this.wholeLog = log
    this.log = tail(log)
    // Shown on demand, not in every stack trace: it may be megabytes long.
    Object.defineProperty(this, 'wholeLog', { enumerable: false })
  }
}

const tailLines = 40
const longestLine = 500

function tail(log: string): string {
  const end = log.endsWith('\n') ? log.length - 1 : log.length
  let start = end
  for (let lines = 0; lines < tailLines && start > 0; lines++) start = log.lastIndexOf('\n', start - 1)
  return log.slice(Math.max(0, start + 1), end)
}

/** The line a reader wants first: the verifier's verdict, or libbpf's first complaint. */
function reasonIn(log: string): string {
  const lines = log.split('\n').filter((line) => line !== '')
  const verdict = lines.findLastIndex((line) => /^processed \d+ insns/.test(line)) - 1
  const line = verdict >= 0 ? lines[verdict] : lines[0]
  return (line ?? '').replace(/^libbpf: /, '').slice(0, longestLine)
}
