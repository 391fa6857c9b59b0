// SPDX-License-Identifier: Apache-2.0
// Invented scenarios, asked of the live kernel in one boot and played on xlvs: the same few in each `make test`, and with
// ORACLE_RUNS (`make oracle`) so many new ones, of which XLVS_SEED brings a run back.
import { availableParallelism } from 'node:os'
import { expect, it } from 'vitest'
import { freshSeed } from '../packets/random.js'
import { askKernel } from './kernel.js'
import type { Answers } from './scenario.js'
import { Director } from './xlvs/director.js'
import { invent } from './xlvs/invent.js'
import { replay } from './xlvs/replay.js'

const RUNS = Number(process.env['ORACLE_RUNS'] ?? 20)
/** of `make test`; `make oracle` takes another one each time */
const SEED = 3003
/** s: a guest that takes longer lets connections end: those of SCTP and of ICMP errors first, then closed ones of TCP */
const SHORT_LIVED = 4
const CLOSED = 9

it(`the kernel and xlvs agree on ${RUNS} scenarios invented now`, {
  timeout: 120_000 + RUNS * 10_000,
}, async () => {
  const seed = process.env['ORACLE_RUNS'] ? freshSeed() : Number(process.env['XLVS_SEED'] ?? SEED)
  console.info(`XLVS_SEED=${seed} ORACLE_RUNS=${RUNS}`)
  const asked = await askKernel(invent(seed, RUNS), { jobs: availableParallelism(), lanes: 1 })
  const prompt = asked.filter((answers) => answers.seconds < patienceOf(answers))
  const director = await Director.open()
  try {
    const faults: string[] = []
    for (const answers of prompt) {
      const outcome = await replay(director, answers)
      const [first] = outcome.faults
      if (first !== undefined) faults.push(`${first}\n  ask again: ${shortened(answers, first)}`)
    }
    expect(faults.join('\n')).toBe('')
    console.info(`${prompt.length} of ${RUNS} were asked quickly enough to be compared`)
    expect(prompt.length, 'this machine was too busy to ask a kernel').toBeGreaterThan(RUNS / 10)
    const packets = prompt.flatMap(({ answers }) => answers).filter(({ op }) => op === 'pkt')
    expect(packets.length).toBeGreaterThan(prompt.length * 10)
  } finally {
    await director.close()
  }
})

function patienceOf({ answers }: Answers): number {
  const short = answers.some(
    (answer) =>
      (answer.op === 'pkt' && answer.proto === 'sctp') ||
      (answer.op === 'sysctl' && answer.name === 'schedule_icmp'),
  )
  return short ? SHORT_LIVED : CLOSED
}

/** A scenario that ends where the first fault is seen. */
function shortened({ heading, answers }: Answers, fault: string): string {
  const line = Number(/^line (\d+)/.exec(fault)?.[1])
  const steps = answers.slice(0, line - 1).map(stepOf)
  return JSON.stringify({ name: heading.scenario, nrs: Object.keys(heading.rs).length, steps })
}

const RESULTS = ['op', 'v', 'n', 'out', 'err', 'rc', 'text', 'conns', 'parsed']

function stepOf(answer: Answers['answers'][number]): unknown {
  const rest = Object.fromEntries(Object.entries(answer).filter(([field]) => !RESULTS.includes(field)))
  if (answer.op === 'ipvsadm') return answer.args
  if (answer.op === 'sysctl') return { sysctl: { [answer.name]: answer.value } }
  if (answer.op === 'sleep') return { sleep: answer.s }
  if (answer.op === 'snap') return { snap: [answer.what] }
  return { [answer.op]: rest }
}
