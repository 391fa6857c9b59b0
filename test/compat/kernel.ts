// SPDX-License-Identifier: Apache-2.0
// Plays sequences to the real ipvsadm, on the IPVS of a throw-away kernel.
import { ask } from '../oracle/kernel.js'
import type { Scenario, Value } from '../oracle/scenario.js'
import { type Answers, lineOf, type Said } from './answers.js'
import type { Sequence } from './sequences.js'

/** In the order of the sequences; throws when one could not be played. */
export async function askIpvsadm(sequences: readonly Sequence[]): Promise<readonly Answers[]> {
  const outcomes = await ask(sequences.map(scenarioOf))
  return outcomes.map((outcome, i) => {
    if ('error' in outcome) throw outcome.error
    const { heading, answers } = outcome.answers
    const lines = (sequences[i]?.lines ?? []).map(lineOf)
    const said = answers.filter(({ op }) => op === 'ipvsadm').map(saidOf)
    if (said.length !== lines.length) throw new Error(`${heading.scenario}: an answer is missing`)
    return {
      kernel: heading.kernel,
      program: heading.ipvsadm,
      answers: lines.map((line, at) => ({ ...line, ...(said[at] as Said) })),
    }
  })
}

/** Whoever brings names of hosts is alone with them: the namespaces of one boot share the file. */
function scenarioOf({ name, hosts, lines }: Sequence): Scenario {
  const steps: Value[] = lines.map((line) => {
    const { args, stdin } = lineOf(line)
    return { ipvsadm: [args], ...(stdin === undefined ? {} : { stdin }) }
  })
  const named: readonly Value[] = hosts === undefined ? [] : [{ sh: `cat >>/run/hosts <<'END'\n${hosts}END` }]
  return {
    name,
    about: '',
    vips: [],
    rs: {},
    modules: [],
    vars: {},
    pkt: {},
    detail: false,
    runner: 'uml',
    alone: hosts !== undefined,
    steps: [...named, ...steps],
  }
}

function saidOf(answer: { readonly rc?: number; readonly out?: unknown; readonly err?: unknown }): Said {
  const { rc = 0, out = [], err = [] } = answer
  return { status: rc, out: out as readonly string[], err: err as readonly string[] }
}
