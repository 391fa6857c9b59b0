// SPDX-License-Identifier: Apache-2.0
// Compiles little BPF C texts for the generator's tests.
import { execFileSync } from 'node:child_process'
import { existsSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { machine, tmpdir } from 'node:os'
import { join } from 'node:path'

/** $CLANG, else the newest that compiles BPF well, else whatever `clang` is. */
const CLANG = process.env.CLANG ?? ['clang-19', 'clang-18', 'clang-17', 'clang-16'].find(isInPath) ?? 'clang'

function isInPath(program: string): boolean {
  return (process.env.PATH ?? '').split(':').some((directory) => existsSync(join(directory, program)))
}

const PRELUDE = `
typedef unsigned char __u8;
typedef unsigned short __u16;
typedef unsigned int __u32;
typedef unsigned long long __u64;
typedef __u16 __be16;
typedef __u32 __be32;
typedef __u64 __be64;
`

/** The object's bytes. `source` may use the kernel's integer names. */
export function compile(source: string, flags: readonly string[] = ['-g']): Uint8Array {
  const directory = mkdtempSync(join(tmpdir(), 'libbpf-ts-gen-'))
  try {
    const file = join(directory, 'input.bpf.c')
    writeFileSync(file, PRELUDE + source)
    return compileFile(file, join(directory, 'input.bpf.o'), flags)
  } finally {
    rmSync(directory, { recursive: true })
  }
}

/** Compiles `file` to `out` and gives its bytes. The multiarch directory is where Debian keeps asm/types.h. */
export function compileFile(file: string, out: string, flags: readonly string[] = ['-g']): Uint8Array {
  const multiarch = `/usr/include/${machine()}-linux-gnu`
  execFileSync(CLANG, ['-O2', ...flags, '-target', 'bpf', '-idirafter', multiarch, '-c', file, '-o', out])
  return new Uint8Array(readFileSync(out))
}
