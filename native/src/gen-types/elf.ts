// SPDX-License-Identifier: Apache-2.0
// Finds one section of a 64-bit little-endian ELF object. Checks every bound: a cut or foreign file is an
// error that says so.
import { GenTypesError } from './error.js'

const ELF64_HEADER = 64
const SECTION_HEADER = 64
const SHT_NOBITS = 8
const SHF_COMPRESSED = 0x800n

interface Section {
  readonly name: number
  readonly type: number
  readonly flags: bigint
  readonly offset: number
  readonly size: number
}

/** Bytes of the section called `name` (a view, not a copy), or undefined when the object has none. */
export function elfSection(file: Uint8Array, name: string): Uint8Array | undefined {
  const view = new DataView(file.buffer, file.byteOffset, file.byteLength)
  checkIdentity(view)
  const sections = readSections(view)
  const strings = sections[view.getUint16(62, true)]
  if (strings === undefined) throw new GenTypesError('the ELF file has no section names')
  const names = contents(file, strings)
  const found = sections.find((section) => textAt(names, section.name) === name)
  return found && contents(file, found)
}

function checkIdentity(view: DataView): void {
  if (view.byteLength < ELF64_HEADER || view.getUint32(0) !== 0x7f454c46) {
    throw new GenTypesError('not an ELF file')
  }
  if (view.getUint8(4) !== 2 || view.getUint8(5) !== 1) {
    throw new GenTypesError('not a 64-bit little-endian ELF file (compile with -target bpf or bpfel)')
  }
}

function readSections(view: DataView): Section[] {
  const table = view.getBigUint64(40, true)
  const count = view.getUint16(60, true)
  if (view.getUint16(58, true) !== SECTION_HEADER || count === 0) {
    throw new GenTypesError('the ELF file has no section headers')
  }
  const end = table + BigInt(count * SECTION_HEADER)
  if (end > BigInt(view.byteLength))
    throw new GenTypesError('the ELF file is cut: section headers are missing')
  return Array.from({ length: count }, (_, index) =>
    readSection(view, Number(table) + index * SECTION_HEADER),
  )
}

function readSection(view: DataView, at: number): Section {
  return {
    name: view.getUint32(at, true),
    type: view.getUint32(at + 4, true),
    flags: view.getBigUint64(at + 8, true),
    offset: Number(view.getBigUint64(at + 24, true)),
    size: Number(view.getBigUint64(at + 32, true)),
  }
}

function contents(file: Uint8Array, section: Section): Uint8Array {
  if (section.type === SHT_NOBITS) return new Uint8Array()
  if ((section.flags & SHF_COMPRESSED) !== 0n) throw new GenTypesError('the ELF section is compressed')
  if (section.offset + section.size > file.byteLength) {
    throw new GenTypesError('the ELF file is cut: a section lies beyond its end')
  }
  return file.subarray(section.offset, section.offset + section.size)
}

/** The zero-terminated string at `offset` of a string table; undefined when it is not inside. */
export function textAt(strings: Uint8Array, offset: number): string | undefined {
  const end = strings.indexOf(0, offset)
  if (offset >= strings.length || end < 0) return undefined
  return new TextDecoder().decode(strings.subarray(offset, end))
}
