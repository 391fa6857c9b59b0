// SPDX-License-Identifier: Apache-2.0
// BPF object -> TypeScript. Pure: bytes in, text out; needs neither a kernel nor libbpf.
import { parseBtf } from './btf.js'
import { elfSection } from './elf.js'
import { emit } from './emit.js'
import { GenTypesError } from './error.js'
import { layOut } from './layout.js'

export { GenTypesError } from './error.js'

/** How the text is to be written. */
export interface GenTypesOptions {
  /** Taken off the names of structs and enums, and in capitals off enumerators: `xlvs_`. */
  readonly prefixStrip?: string
  /** Text of a comment at the top of the file; may have several lines. */
  readonly header?: string
}

/**
 * TypeScript for the structs and enums that the variables and map definitions of a BPF object use.
 *
 * For `struct xlvs_conn { __be32 client; __u8 mac[6]; __u8 pad[6]; __u64 data; }` and `prefixStrip: 'xlvs_'`:
 * `interface Conn { client: number; mac: Uint8Array; data: bigint }`, `Conn_SIZE`, `Conn_OFFSETS`,
 * `readConn(view, offset)`, `writeConn(view, offset, value)`, and the three as `ConnCodec` for a TypedMap. For `enum xlvs_color { XLVS_RED }`: `Color = { RED: 0 }`,
 * `ColorNames = { 0: 'RED' }`. `__be16/32/64` are big-endian numbers, all else is little-endian; arrays of
 * bytes are Uint8Array, other arrays `readonly T[]`, 64-bit integers bigint. Members called `pad`, `pad2`, `_pad`, `padding` ...
 * are left out and written as zero.
 *
 * @param object the bytes of a 64-bit little-endian ELF file compiled with `-g`
 * @throws GenTypesError naming struct and member for hidden padding, bitfields, pointers, unions, floats, flexible
 * arrays and anonymous members; or saying what is wrong with the file
 * @kernel none
 */
export function generateTypes(object: Uint8Array, options: GenTypesOptions = {}): string {
  const btf = elfSection(object, '.BTF')
  if (btf === undefined) throw new GenTypesError('the object has no .BTF section (compile with -g)')
  const model = layOut(parseBtf(btf))
  if (model.enums.length + model.structs.length === 0) {
    throw new GenTypesError('no variable or map of the object uses a struct or an enum')
  }
  const comment = (options.header ?? '').split('\n').map((line) => `// ${line}`.trimEnd())
  const header = options.header === undefined ? '' : `${comment.join('\n')}\n\n`
  return header + emit(model, options.prefixStrip ?? '')
}
