// SPDX-License-Identifier: Apache-2.0
// The part of the addon for tc hooks and sockets, in its own words.

/** A filter on a tc hook. */
export interface TcFilter {
  /** Of classifier: `'bpf'`, `'u32'`, `'matchall'`, … */
  readonly kind: string
  /** Tells filters of one priority apart. */
  readonly handle: number
  /** Lower ones run first. */
  readonly priority: number
  /** As `BpfProgram.id` has it; 0 when the filter is not of kind `'bpf'`. */
  readonly programId: number
  /** What a filter of kind `'bpf'` is called: `'program:[id]'` when libbpf attached it, `'file.o:[section]'` when
   * the `tc` command did; `''` for others. */
  readonly name: string
}

export interface NativeTc {
  create(ifindex: number): boolean
  destroy(ifindex: number): boolean
  attach(
    ifindex: number,
    direction: number,
    handle: number,
    priority: number,
    program: number,
    replace: boolean,
    subject: string,
  ): void
  detach(ifindex: number, direction: number, handle: number, priority: number, subject: string): void
  list(ifindex: number, direction: number): TcFilter[]
}

export type NativeOpenSocket = (
  family: number,
  type: number,
  protocol: number,
  mark: number | undefined,
  device: string | undefined,
  address: string | undefined,
  port: number | undefined,
  subject: string,
) => number

export type NativeSourceTowards = (family: number, address: string, mark: number | undefined) => string
