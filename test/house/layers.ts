// SPDX-License-Identifier: Apache-2.0
// Imports point downwards: folders of one layer do not know each other, and what is pure stays pure.
import { posix } from 'node:path'
import { type Fault, lineAt, type Source } from './source.js'

/** Of the folders in src/. model stands on abi, so it is a step higher though both are the ground floor. */
const LAYER: Readonly<Record<string, number>> = {
  abi: 0,
  model: 0.5,
  config: 1,
  plan: 1,
  api: 1,
  pcap: 1,
  realserver: 1,
  datapath: 2,
  events: 2,
  host: 2,
  health: 2,
  sync: 2,
  k8s: 2,
  trace: 2,
  metrics: 3,
  web: 3,
  doctor: 3,
  daemon: 4,
  cli: 5,
  demo: 6,
  calm: 7,
}

const PURE: readonly string[] = ['abi', 'model', 'config', 'plan', 'realserver']
const OUTSIDE_WORLD =
  /\b(?:process|fetch|setTimeout|setInterval|setImmediate|console)\b(?=[.(])|\bDate\.now\b|\bMath\.random\b|\bperformance\.now\b/g
const STARTS_THE_DAEMON = 'src/cli/verbs/run.ts'

export interface Import {
  readonly from: string
  readonly line: number
  readonly typeOnly: boolean
}

/** Static, dynamic and re-exporting ones. */
export function importsOf(text: string): readonly Import[] {
  const patterns = [
    /^(?:import|export)\s+(type\s)?(?:[^'";]*?\sfrom\s+)?['"]([^'"]+)['"]/gm,
    /\bimport\(\s*()['"]([^'"]+)['"]/g,
  ]
  const all = patterns.flatMap((pattern) => [...text.matchAll(pattern)])
  return all.map((match) => ({
    from: match[2] as string,
    line: lineAt(text, match.index),
    typeOnly: Boolean(match[1]),
  }))
}

export function layerFaults(source: Source): readonly Fault[] {
  const folder = folderOf(source.path)
  if (folder === undefined) return []
  if (LAYER[folder] === undefined) return [`${source.path}: src/${folder} has no place in the layers`]
  return [
    ...importsOf(source.text).flatMap((one) => importFault(source, folder, one)),
    ...impure(source, folder),
  ]
}

function importFault({ path }: Source, folder: string, { from, line, typeOnly }: Import): readonly Fault[] {
  const at = `${path}:${line}:`
  if (from === 'libbpf-ts' || from.startsWith('libbpf-ts/'))
    return folder === 'datapath' ? [] : [`${at} libbpf-ts is imported in src/datapath only`]
  if (from.startsWith('node:'))
    return PURE.includes(folder) ? [`${at} src/${folder} is pure, so it does not import ${from}`] : []
  if (!from.startsWith('.')) return []
  const target = folderOf(posix.join(posix.dirname(path), from))
  if (target === undefined) return [`${at} ${from} is outside of src`]
  if (target === folder) return []
  if (folder === 'cli' && target === 'daemon' && !typeOnly && path !== STARTS_THE_DAEMON)
    return [`${at} the command line reaches the daemon through src/api; only ${STARTS_THE_DAEMON} starts it`]
  const [mine, its] = [LAYER[folder] ?? 0, LAYER[target] ?? Number.POSITIVE_INFINITY]
  return its < mine ? [] : [`${at} src/${folder} must not import src/${target}: imports point downwards`]
}

function impure({ path, text }: Source, folder: string): readonly Fault[] {
  if (!PURE.includes(folder)) return []
  const code = text.replace(/\/\*[\s\S]*?\*\/|\/\/[^\n]*|'(?:[^'\\\n]|\\.)*'/g, (found) =>
    found.replace(/[^\n]/g, ' '),
  )
  return [...code.matchAll(OUTSIDE_WORLD)].map(
    (match) => `${path}:${lineAt(code, match.index)}: src/${folder} is pure, so it does not use ${match[0]}`,
  )
}

/** The folder in src/ a file belongs to. */
function folderOf(path: string): string | undefined {
  return /^src\/([^/]+)\//.exec(path)?.[1]
}
