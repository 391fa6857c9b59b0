// SPDX-License-Identifier: Apache-2.0
// Statements against the grammar: what is unknown or wrong is said, what nobody does anything with is said politely.
import { quote } from '../../model/describe.js'
import { nearest } from '../../model/nearest.js'
import { CHECKER_NEEDS, type Grammar, type Keyword } from './grammar.js'
import type { Remarks } from './remarks.js'
import type { Statement } from './tree.js'

/** The statements that an interpreter can go on with. `silent`: only faults are said, the block speaks for all. */
export function judge(
  statements: readonly Statement[],
  grammar: Grammar,
  remarks: Remarks,
  silent = false,
): readonly Statement[] {
  const seen = new Set<string>()
  return statements.filter((statement) => {
    const keyword = Object.hasOwn(grammar, statement.keyword) ? grammar[statement.keyword] : undefined
    if (keyword === undefined) return unknown(statement, grammar, remarks)
    if (keyword.once && seen.has(statement.keyword)) {
      remarks.ignored(statement, 'nothing', 'only the first one counts', true)
      return false
    }
    seen.add(statement.keyword)
    return judgeOne(statement, keyword, remarks, silent)
  })
}

/** Those that are well formed, without saying anything. */
export function rightOnes(statements: readonly Statement[], grammar: Grammar): readonly Statement[] {
  return statements.filter((statement) => {
    const keyword = Object.hasOwn(grammar, statement.keyword) ? grammar[statement.keyword] : undefined
    return keyword !== undefined && faultOf(statement, keyword) === undefined
  })
}

function faultOf(statement: Statement, keyword: Keyword): string | undefined {
  return keyword.check?.(statement.args) ?? blockFault(statement, keyword)
}

function judgeOne(statement: Statement, keyword: Keyword, remarks: Remarks, silent: boolean): boolean {
  const wrong = faultOf(statement, keyword)
  if (wrong !== undefined) {
    remarks.cannot(statement, {
      reason: `${statement.keyword}: ${wrong}`,
      fix: 'mend the line',
      objection: true,
    })
    return false
  }
  const extra = statement.args.slice(keyword.most ?? statement.args.length)
  if (extra.length > 0)
    remarks.adjusted(statement, {
      reason: `${quote(extra.join(' '))} at its end has no meaning and is left out`,
    })
  if (!silent) say(statement, keyword, remarks)
  const own = keyword.role !== 'read' || keyword.health === true
  if (statement.block !== undefined && typeof keyword.block === 'object' && own)
    judge(statement.block, keyword.block, remarks, silent || keyword.folded)
  return true
}

function say(statement: Statement, { role, folded, why }: Keyword, remarks: Remarks): void {
  if (role === 'read') remarks.used(lineOf(statement))
  else remarks.ignored(folded ? statement : lineOf(statement), role, why)
}

/** Without the lines of its block, which speak for themselves. */
export function lineOf({ place, words }: Statement): Pick<Statement, 'place' | 'words'> {
  return { place, words }
}

function unknown(statement: Statement, grammar: Grammar, remarks: Remarks): false {
  const like = nearest(statement.keyword, Object.keys(grammar))
  const fix = like === undefined ? 'take it away' : `did you mean ${like}?`
  remarks.cannot(statement, {
    reason: `unknown keyword ${quote(statement.keyword)} here`,
    fix,
    objection: true,
  })
  return false
}

function blockFault({ keyword: name, block }: Statement, { block: wanted }: Keyword): string | undefined {
  if (wanted === undefined) return block === undefined ? undefined : 'it takes no block'
  if (block === undefined) return wanted === 'any' ? undefined : 'its block { … } is missing'
  const need = CHECKER_NEEDS[name]
  if (need === undefined || wanted === 'any' || block.some(({ keyword }) => keyword === need))
    return undefined
  return `${need} is missing in its block`
}
