// SPDX-License-Identifier: Apache-2.0
// `make bench-compare RUNS="A.json B.json"`: whether two runs of `make bench` agree, and what does not. Exits with 1 when fewer than
// 95 of 100 targets and ratios do.
import { readFileSync } from 'node:fs'
import { type Compared, compare, judged, KINDS, shareOf, WANTED } from './compare.js'
import type { Interval } from './intervals.js'
import type { Report } from './results.js'

const USAGE = 'make bench-compare RUNS="A.json B.json", two files that `make bench` has written'

function refuse(reason: string): never {
  console.error(`bench-compare: ${reason}\n${USAGE}`)
  process.exit(2)
}

function read(path: string): Report {
  const text = orRefuse(path, () => readFileSync(path, 'utf8'))
  const found = orRefuse(path, () => JSON.parse(text) as Partial<Report> | null)
  if (found?.version !== 2 || !found.header || !found.rows || !found.targets)
    return refuse(`${path}: not a result of this harness (version 2); run \`make bench\` again`)
  return found as Report
}

function orRefuse<T>(path: string, act: () => T): T {
  try {
    return act()
  } catch (error) {
    return refuse(`${path}: ${(error as Error).message}`)
  }
}

function line({ what, a, b, agrees }: Compared): string {
  return `  ${(agrees ? 'agree' : 'DIFFER').padEnd(7)} ${what.padEnd(52)} ${said(a).padEnd(26)} ${said(b)}`
}

function said({ value, low, high }: Interval): string {
  return [value, '[', low, '–', high, ']']
    .map((part) => (typeof part === 'number' ? part.toPrecision(4) : part))
    .join(' ')
}

function main(paths: readonly string[]): number {
  const [first, second] = paths
  if (first === undefined || second === undefined || paths.length > 2)
    refuse(`${paths.length} files given; two are compared`)
  const [a, b] = [read(first), read(second)]
  for (const key of ['machine', 'cpu', 'kernel', 'commit'] as const) {
    if (a.header[key] !== b.header[key]) console.log(`another ${key}: ${a.header[key]} and ${b.header[key]}`)
  }
  const { all, alone } = compare(a, b)
  const counted = judged(all)
  if (counted.length === 0) refuse('the two have no ratio in common')
  for (const kind of KINDS) {
    const some = all.filter((each) => each.kind === kind)
    if (some.length === 0) continue
    const agreeing = some.filter(({ agrees }) => agrees).length
    console.log(`${kind}: ${agreeing} of ${some.length} agree`)
    for (const each of some) if (kind === 'target' || !each.agrees) console.log(line(each))
  }
  if (alone.length > 0) console.log(`in one of them only: ${alone.length}`)
  const share = shareOf(counted)
  const verdict = share >= WANTED ? 'the runs agree' : 'the runs do not agree'
  console.log(
    `${verdict}: ${(share * 100).toFixed(1)} % of ${counted.length} targets and ratios; ${WANTED * 100} % are wanted`,
  )
  return share >= WANTED ? 0 : 1
}

process.exitCode = main(process.argv.slice(2))
