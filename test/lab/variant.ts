// SPDX-License-Identifier: Apache-2.0
// An xlvs of the next ABI version, made from this one: the same sources, with structs of other shapes and bits at other
// places, the program compiled from them and the TypeScript that reads them generated anew.
import { execFileSync } from 'node:child_process'
import { cpSync, mkdirSync, readFileSync, rmSync, symlinkSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { generateTypes } from 'libbpf-ts'
import { Abi, ConnBits } from '../../src/abi/generated.js'

const ROOT = fileURLToPath(new URL('../..', import.meta.url))

export interface Variant {
  readonly abi: number
  /** its command */
  readonly xlvs: string
  /** its compiled modules */
  readonly dist: string
  remove(): void
}

type Edit = readonly [was: string, is: string]

const NEXT = Abi.ABI_VERSION + 1

/** Of bpf/abi.h: every way in which a struct may change that the program itself does not mind. */
const SHAPES: readonly Edit[] = [
  [`XLVS_ABI_VERSION = ${Abi.ABI_VERSION},`, `XLVS_ABI_VERSION = ${NEXT},`],
  ['struct xlvs_real {', 'struct xlvs_real {\n\t__u64 fresh;\n'],
  ['\t__u32 inactive;\n\t__u32 active;\n', '\t__u32 inactive;\n\t__u32 active;\n\t__u64 fresh;\n'],
  ['struct xlvs_real_stats {', 'struct xlvs_real_stats {\n\t__u64 fresh;\n'],
  ['struct xlvs_real_info {', 'struct xlvs_real_info {\n\t__u64 fresh;\n'],
  ['struct xlvs_totals {', 'struct xlvs_totals {\n\t__u64 fresh;\n'],
  [
    '\t__u64 seed;\n\tstruct xlvs_dir vips[2];',
    '\t__u64 seed;\n\t__u64 fresh[3];\n\tstruct xlvs_dir vips[2];',
  ],
  [
    '\t__be32 client;\n\t__be16 client_port;\n\t__be16 virtual_port;\n\t__u64 data;\n',
    '\t__be32 client;\n\t__be16 client_port;\n\t__be16 virtual_port;\n\t__u64 fresh;\n\t__u64 data;\n',
  ],
  [
    '\t__be16 virtual_port;\n\t__u32 pad;\n\t__u64 data;\n',
    '\t__be16 virtual_port;\n\t__u32 pad;\n\t__u64 fresh;\n\t__u64 data;\n',
  ],
  ['\t__u32 control;			/* enum xlvs_template_control */\n', '\t__u32 control;\n\t__u64 fresh;\n'],
  ['\t__u32 real;\n\t__u32 stamp;			/* ticks */\n', '\t__u64 real;\n\t__u64 stamp;\n'],
]

/** The connection's mark of persistence goes below its state. */
const BITS: readonly Edit[] = [
  [
    `XLVS_CONN_STATE_SHIFT = ${ConnBits.CONN_STATE_SHIFT},`,
    `XLVS_CONN_STATE_SHIFT = ${ConnBits.CONN_STATE_SHIFT + 1},`,
  ],
  [
    `XLVS_CONN_CONTROLLED_SHIFT = ${ConnBits.CONN_CONTROLLED_SHIFT},`,
    `XLVS_CONN_CONTROLLED_SHIFT = ${ConnBits.CONN_STATE_SHIFT},`,
  ],
]

const STEP = `${Abi.ABI_VERSION}: {
    conn: (data) => {
      const [stamp, state, controlled] = [data & 0xffffffn, (data >> 24n) & 31n, (data >> 29n) & 1n]
      return ((data >> 30n) << 30n) | (state << 25n) | (controlled << 24n) | stamp
    },
  },`

/** In a folder of its own under build/, where it finds what this one's modules find. */
export function nextVersion(): Variant {
  const folder = join(ROOT, 'build', `next-version-${process.pid}`)
  const at = (...path: string[]) => join(folder, ...path)
  rmSync(folder, { recursive: true, force: true })
  mkdirSync(at('types'), { recursive: true })
  for (const each of ['bpf', 'dist', 'bin']) cpSync(join(ROOT, each), at(each), { recursive: true })
  edit(at('bpf/abi.h'), [...SHAPES, ...BITS])
  const abi = compile(folder, 'abi')
  cpSync(compile(folder, 'xlvs'), at('dist/bpf/xlvs.bpf.o'))
  writeFileSync(at('types/generated.ts'), generateTypes(readFileSync(abi), { prefixStrip: 'xlvs_' }))
  const tsc = join(ROOT, 'node_modules/.bin/tsc')
  const options = ['--target', 'es2023', '--module', 'nodenext', '--ignoreConfig', '--types', 'node']
  execFileSync(tsc, [...options, '--outDir', at('dist/abi'), at('types/generated.ts')], { cwd: ROOT })
  edit(at('dist/datapath/migrate/steps.js'), [['\n    2: {},\n', `\n    2: {},\n    ${STEP}\n`]])
  symlinkSync(join(ROOT, 'native'), at('native'))
  return {
    abi: NEXT,
    xlvs: at('bin/xlvs'),
    dist: at('dist'),
    remove: () => rmSync(folder, { recursive: true, force: true }),
  }
}

function compile(folder: string, name: string): string {
  const clang = execFileSync(join(ROOT, 'scripts/clang'), { encoding: 'utf8' }).trim()
  const object = join(folder, `${name}.bpf.o`)
  const system = `/usr/include/${execFileSync('uname', ['-m'], { encoding: 'utf8' }).trim()}-linux-gnu`
  execFileSync(clang, [
    ...['-O2', '-g', '-target', 'bpf', '-mcpu=v3', `-I${folder}/bpf`, `-I${system}`],
    ...['-c', `${folder}/bpf/${name}.bpf.c`, '-o', object],
  ])
  return object
}

/** Every text that is to be replaced must be there: a source that has changed is noticed. */
function edit(path: string, edits: readonly Edit[]): void {
  let text = readFileSync(path, 'utf8')
  for (const [was, is] of edits) {
    if (!text.includes(was)) throw new Error(`${path} has no ${JSON.stringify(was)}`)
    text = text.replace(was, is)
  }
  writeFileSync(path, text)
}
