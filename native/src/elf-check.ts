// SPDX-License-Identifier: Apache-2.0
// Is this object file sound? libbpf trusts offsets and indices it finds in a file and crashes on wrong ones;
// this looks at every one of them first.
import { checkBtf, checkBtfExt } from './btf-check.js'

/** Where and why a file is not what it must be. */
export class FormatFault extends Error {}

interface Section {
  readonly name: string
  readonly type: number
  readonly offset: number
  readonly size: number
  readonly link: number
  readonly info: number
  readonly entrySize: number
}

interface File {
  readonly bytes: Uint8Array
  readonly view: DataView
  readonly sections: readonly Section[]
}

const elfHeaderSize = 64
const sectionHeaderSize = 64
const symbolSize = 24
const relocationSize = 16
const bpfMachine = 247
const firstReservedIndex = 0xff00
const types = { progbits: 1, symbols: 2, strings: 3, rela: 4, empty: 8, rel: 9 } as const

/** Throws a `FormatFault` for the first thing that is wrong. */
export function checkObject(bytes: Uint8Array): void {
  const view = viewOf(bytes)
  need(bytes.length >= elfHeaderSize && view.getUint32(0) === 0x7f454c46, 'it is no ELF file')
  need(view.getUint8(4) === 2, 'it is no 64-bit ELF file')
  need(view.getUint8(5) === 1 || view.getUint8(5) === 2, 'its byte order is none')
  if (view.getUint8(5) === 2) return // libbpf refuses the other byte order before it reads on
  need(view.getUint16(18, true) === bpfMachine, 'it is no BPF object')
  const file = { bytes, view, sections: readSections(bytes, view) }
  for (const section of file.sections) checkSection(file, section)
}

function readSections(bytes: Uint8Array, view: DataView): Section[] {
  const start = offsetAt(view, 40)
  const count = view.getUint16(60, true)
  need(view.getUint16(58, true) === sectionHeaderSize && count > 0, 'it has no section headers')
  need(start + count * sectionHeaderSize <= bytes.length, 'its section headers are cut off')
  const names = view.getUint16(62, true)
  need(names < count, 'it has no section names')
  const headers = Array.from({ length: count }, (_, i) => readSection(view, start + i * sectionHeaderSize))
  const table = headers[names]
  need(table !== undefined && table.type === types.strings, 'its section names are no strings')
  checkContents(bytes, table, 'section names')
  return headers.map((header, i) => {
    const name = textAt(bytes, table, view.getUint32(start + i * sectionHeaderSize, true))
    need(name !== undefined, `section ${i} has no name`)
    return { ...header, name }
  })
}

function readSection(view: DataView, at: number): Section {
  return {
    name: '',
    type: view.getUint32(at + 4, true),
    offset: offsetAt(view, at + 24),
    size: offsetAt(view, at + 32),
    link: view.getUint32(at + 40, true),
    info: view.getUint32(at + 44, true),
    entrySize: offsetAt(view, at + 56),
  }
}

function checkSection(file: File, section: Section): void {
  const { name, type } = section
  if (type === 0) return
  checkContents(file.bytes, section, `section ${name}`)
  if (type === types.empty) need(/^\.(s|t)?bss/.test(name), `section ${name} has no contents`)
  if (type === types.symbols) checkSymbols(file, section)
  if (type === types.rel || type === types.rela) checkRelocations(file, section)
  if (name === '.BTF') checkBtf(contentsOf(file, section))
  if (name === '.BTF.ext') checkBtfExt(contentsOf(file, section))
}

function checkContents(bytes: Uint8Array, section: Section, what: string): void {
  if (section.type === types.empty) return
  need(section.offset + section.size <= bytes.length, `${what}: beyond the end of the file`)
  if (section.type !== types.strings) return
  need(section.size > 0 && bytes[section.offset + section.size - 1] === 0, `${what}: strings without end`)
}

function checkSymbols(file: File, section: Section): void {
  const strings = file.sections[section.link]
  need(strings?.type === types.strings, 'the symbols have no names')
  need(section.entrySize === symbolSize && section.size % symbolSize === 0, 'the symbols are cut')
  for (let at = section.offset; at < section.offset + section.size; at += symbolSize) {
    const name = textAt(file.bytes, strings, file.view.getUint32(at, true))
    need(name !== undefined, 'a symbol has no name')
    const index = file.view.getUint16(at + 6, true)
    if (index >= firstReservedIndex) continue
    const target = file.sections[index]
    need(target !== undefined, `symbol ${name}: in no section`)
    const end = offsetAt(file.view, at + 8) + offsetAt(file.view, at + 16)
    need(index === 0 || end <= target.size, `symbol ${name}: beyond its section`)
  }
}

function checkRelocations(file: File, section: Section): void {
  const symbols = file.sections[section.link]
  const target = file.sections[section.info]
  need(symbols?.type === types.symbols, `${section.name}: relocations without symbols`)
  need(target !== undefined, `${section.name}: relocations of no section`)
  if (section.type === types.rela) return
  need(section.entrySize === relocationSize, `${section.name}: relocations of a wrong size`)
  need(section.size % relocationSize === 0, `${section.name}: relocations are cut`)
  for (let at = section.offset; at < section.offset + section.size; at += relocationSize) {
    need(offsetAt(file.view, at) < target.size, `${section.name}: a relocation beyond its section`)
    const symbol = file.view.getUint32(at + 12, true)
    need(symbol < symbols.size / symbolSize, `${section.name}: a relocation to no symbol`)
  }
}

function contentsOf(file: File, section: Section): Uint8Array {
  return file.bytes.subarray(section.offset, section.offset + section.size)
}

function textAt(bytes: Uint8Array, table: Section, offset: number): string | undefined {
  if (offset >= table.size) return undefined
  const start = table.offset + offset
  return new TextDecoder().decode(bytes.subarray(start, bytes.indexOf(0, start)))
}

/** A 64-bit offset or size; what a number cannot hold exactly is beyond any file. */
function offsetAt(view: DataView, at: number): number {
  return Number(view.getBigUint64(at, true))
}

function viewOf(bytes: Uint8Array): DataView {
  return new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength)
}

function need(condition: boolean, fault: string): asserts condition {
  if (!condition) throw new FormatFault(fault)
}
