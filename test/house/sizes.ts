// SPDX-License-Identifier: Apache-2.0
// Files and functions stay small. Functions are measured in the compiler's own syntax tree.
import { type Node, type SourceFile, SyntaxKind } from 'typescript/unstable/ast'
import { API } from 'typescript/unstable/sync'
import { type Fault, lineAt, linesOf, type Source } from './source.js'

interface Limit {
  readonly path: RegExp
  readonly lines: number
}

/** The first that fits counts. */
const FILES: readonly Limit[] = [
  { path: /^bpf\/xlvs\.bpf\.c$/, lines: 150 },
  { path: /^bpf\/abi\.h$/, lines: Number.POSITIVE_INFINITY }, // declarations only, in one place on purpose
  { path: /^bpf\/.*\.[hc]$/, lines: 200 },
  { path: /generated\.ts$/, lines: Number.POSITIVE_INFINITY },
  { path: /^(?:src|native\/src)\/.*\.(?:ts|js)$/, lines: 300 },
]
const FUNCTION_LINES = 40
const STEP_LINES = 50

export function sizeFaults({ path, text }: Source): readonly Fault[] {
  const limit = FILES.find((one) => one.path.test(path))?.lines ?? Number.POSITIVE_INFINITY
  const lines = linesOf(text)
  return lines > limit ? [`${path}: ${lines} lines; at most ${limit}`] : []
}

/** Of every function in bpf/, from its name to its closing brace; both braces stand at the left, as in the kernel. */
export function stepFaults({ path, text }: Source): readonly Fault[] {
  if (!/^bpf\/.*\.[hc]$/.test(path)) return []
  return [...text.matchAll(/^[a-z_][^\n;=]*\([^;{]*\n\{\n[\s\S]*?^\}/gm)].flatMap((match) => {
    const lines = linesOf(match[0])
    if (lines <= STEP_LINES) return []
    return [`${path}:${lineAt(text, match.index)}: a function of ${lines} lines; at most ${STEP_LINES}`]
  })
}

/** Of every function in a project's files; `within` is the folder whose files count. */
export function functionFaults(root: string, config: string, within: string): readonly Fault[] {
  const api = new API({ cwd: root })
  try {
    const project = api
      .updateSnapshot({ openProjects: [`${root}/${config}`] })
      .getProject(`${root}/${config}`)
    if (project === undefined) throw new Error(`${config} is no project`)
    const files = project.program.getSourceFileNames().filter((name) => name.startsWith(`${root}/${within}/`))
    if (files.length === 0) throw new Error(`${config} has no files in ${within}`)
    return files.flatMap((name) =>
      longFunctions(project.program.getSourceFile(name), name.slice(root.length + 1)),
    )
  } finally {
    api.close()
  }
}

const FUNCTIONS: ReadonlySet<SyntaxKind> = new Set([
  SyntaxKind.FunctionDeclaration,
  SyntaxKind.FunctionExpression,
  SyntaxKind.ArrowFunction,
  SyntaxKind.MethodDeclaration,
  SyntaxKind.Constructor,
  SyntaxKind.GetAccessor,
  SyntaxKind.SetAccessor,
])

function longFunctions(file: SourceFile | undefined, path: string): readonly Fault[] {
  if (file === undefined) throw new Error(`${path} cannot be parsed`)
  const faults: Fault[] = []
  const visit = (node: Node): void => {
    if (FUNCTIONS.has(node.kind)) {
      const [from, to] = [node.getStart(file), node.end].map(
        (at) => file.text.slice(0, at).split('\n').length,
      )
      const lines = (to ?? 0) - (from ?? 0) + 1
      if (lines >= FUNCTION_LINES)
        faults.push(`${path}:${from}: a function of ${lines} lines; under ${FUNCTION_LINES}`)
    }
    node.forEachChild(visit)
  }
  visit(file)
  return faults
}
