// SPDX-License-Identifier: Apache-2.0
// An xlvs of a later ABI version, made from this one: the same sources, with structs of other shapes and bits at other
// places, the program compiled from them and the TypeScript that reads them generated anew.
import { execFileSync } from 'node:child_process'
import { cpSync, readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { Abi, ConnBits } from '../../abi/generated.js'
import { install, root } from './installation.js'

export interface Variant {
  readonly abi: number
  /** its command */
  readonly xlvs: string
  /** its compiled modules */
  readonly dist: string
}

export interface VariantWish {
  /** how many versions after this one; unless told: 1 */
  readonly ahead?: number
  /** connections and templates are laid out in another way, too */
  readonly flows: boolean
}

type Edit = readonly [was: string, is: string]

/** Of bpf/abi.h: every way in which a struct may change that the program itself does not mind. */
const SHAPES: readonly Edit[] = [
  ['struct xlvs_real {', 'struct xlvs_real {\n\t__u64 fresh;\n'],
  ['\t__u32 inactive;\n\t__u32 active;\n', '\t__u32 inactive;\n\t__u32 active;\n\t__u64 fresh;\n'],
  ['struct xlvs_real_stats {', 'struct xlvs_real_stats {\n\t__u64 fresh;\n'],
  ['struct xlvs_real_info {', 'struct xlvs_real_info {\n\t__u64 fresh;\n'],
  ['struct xlvs_totals {', 'struct xlvs_totals {\n\t__u64 fresh;\n'],
  [
    '\t__u64 seed;\n\tstruct xlvs_dir vips[2];',
    '\t__u64 seed;\n\t__u64 fresh[3];\n\tstruct xlvs_dir vips[2];',
  ],
  ['\t__u32 real;\n\t__u32 stamp;			/* ticks */\n', '\t__u64 real;\n\t__u64 stamp;\n'],
]

/** The same of the ways of connections and templates. */
const FLOW_SHAPES: readonly Edit[] = [
  [
    '\t__be32 client;\n\t__be16 client_port;\n\t__be16 virtual_port;\n\t__u64 data;\n',
    '\t__be32 client;\n\t__be16 client_port;\n\t__be16 virtual_port;\n\t__u64 fresh;\n\t__u64 data;\n',
  ],
  [
    '\t__be16 virtual_port;\n\t__u32 pad;\n\t__u64 data;\n',
    '\t__be16 virtual_port;\n\t__u32 pad;\n\t__u64 fresh;\n\t__u64 data;\n',
  ],
  ['\t__u32 control;			/* enum xlvs_template_control */\n', '\t__u32 control;\n\t__u64 fresh;\n'],
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

const BITS_STEP = `{
    conn: (data) => {
      const [stamp, state, controlled] = [data & 0xffffffn, (data >> 24n) & 31n, (data >> 29n) & 1n]
      return ((data >> 30n) << 30n) | (state << 25n) | (controlled << 24n) | stamp
    },
  }`

/** An installation of its own in `home`, which is not there yet. Takes some seconds. */
export function buildVariant(home: string, { ahead = 1, flows }: VariantWish): Variant {
  const at = (...path: string[]) => join(home, ...path)
  const abi = Abi.ABI_VERSION + ahead
  const xlvs = install(home)
  cpSync(join(root, 'bpf'), at('bpf'), { recursive: true })
  edit(at('bpf/abi.h'), [
    [`XLVS_ABI_VERSION = ${Abi.ABI_VERSION},`, `XLVS_ABI_VERSION = ${abi},`],
    ...SHAPES,
    ...(flows ? [...FLOW_SHAPES, ...BITS] : []),
  ])
  cpSync(compile(home, 'xlvs'), at('dist/bpf/xlvs.bpf.o'))
  generate(compile(home, 'abi'), at('generated.ts'), at('dist/abi'))
  edit(at('dist/datapath/migrate/steps.js'), [['\n    2: {},\n', `\n    2: {},\n${stepsTo(abi, flows)}`]])
  return { abi, xlvs, dist: at('dist') }
}

/** The bits move with the last of them. */
function stepsTo(abi: number, flows: boolean): string {
  const versions = Array.from({ length: abi - Abi.ABI_VERSION }, (_, i) => Abi.ABI_VERSION + i)
  return versions
    .map((version) => `    ${version}: ${flows && version === abi - 1 ? BITS_STEP : '{}'},\n`)
    .join('')
}

/** The TypeScript that reads the types of an object, compiled. */
function generate(object: string, source: string, folder: string): void {
  const words = [join(root, 'native/dist/gen-types/cli.js'), object, '--prefix-strip', 'xlvs_']
  execFileSync(process.execPath, [...words, '--out', source])
  const tsc = join(root, 'node_modules/.bin/tsc')
  const options = ['--target', 'es2023', '--module', 'nodenext', '--ignoreConfig', '--types', 'node']
  execFileSync(tsc, [...options, '--outDir', folder, source], { cwd: root })
}

function compile(home: string, name: string): string {
  const clang = execFileSync(join(root, 'scripts/clang'), { encoding: 'utf8' }).trim()
  const object = join(home, `${name}.bpf.o`)
  const system = `/usr/include/${execFileSync('uname', ['-m'], { encoding: 'utf8' }).trim()}-linux-gnu`
  execFileSync(clang, [
    ...['-O2', '-g', '-target', 'bpf', '-mcpu=v3', `-I${home}/bpf`, `-I${system}`],
    ...['-c', `${home}/bpf/${name}.bpf.c`, '-o', object],
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
