// SPDX-License-Identifier: Apache-2.0
// How much memory the kernel would call available for the defence: free and buffers, in pages, as si_meminfo counts.
import { readFileSync } from 'node:fs'

const AT_PAGESZ = 6n

/** Pages of MemFree and Buffers, from the text of /proc/meminfo. */
export function availablePages(meminfo: string, pageBytes: number): number {
  return Math.floor(((kilobytes(meminfo, 'MemFree') + kilobytes(meminfo, 'Buffers')) * 1024) / pageBytes)
}

/** Reads this host's memory. */
export function memoryReader(): () => number {
  const pageBytes = pageSize(readFileSync('/proc/self/auxv'))
  return () => availablePages(readFileSync('/proc/meminfo', 'utf8'), pageBytes)
}

/** Bytes of a page, from the auxiliary vector of a process: pairs of machine words. */
export function pageSize(auxv: Uint8Array): number {
  const view = new DataView(auxv.buffer, auxv.byteOffset, auxv.byteLength)
  for (let at = 0; at + 16 <= auxv.byteLength; at += 16)
    if (view.getBigUint64(at, true) === AT_PAGESZ) return Number(view.getBigUint64(at + 8, true))
  return 4096
}

function kilobytes(meminfo: string, name: string): number {
  const found = new RegExp(`^${name}:\\s+(\\d+) kB$`, 'm').exec(meminfo)
  if (!found) throw new Error(`/proc/meminfo has no ${name}`)
  return Number(found[1])
}
