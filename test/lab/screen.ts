// SPDX-License-Identifier: Apache-2.0
// A terminal as far as tests need one: what is on its two screens after everything that a program wrote. A control
// sequence that it does not know is an error, so that nothing unknown reaches a real terminal unseen.

export interface Screen {
  write(text: string): void
  /** the screen that is shown, without blanks at the ends of its lines */
  lines(): readonly string[]
  text(): string
  alternate(): boolean
  cursor(): boolean
}

interface Sheet {
  cells: string[][]
  row: number
  column: number
}

// biome-ignore lint/suspicious/noControlCharactersInRegex: these are what terminals understand
const TOKEN = /^(?:\x1b\[([?\d;]*)([A-Za-z])|(\x1b)|([\r\n\b\t])|([^\x1b\r\n\b\t]))/u
// biome-ignore lint/suspicious/noControlCharactersInRegex: these are what terminals understand
const PART = /^\x1b(?:\[[?\d;]*)?$/

export function createScreen(): Screen {
  const sheets: [Sheet, Sheet] = [blank(), blank()]
  const modes = new Set(['25'])
  let pending = ''
  const sheet = () => sheets[modes.has('1049') ? 1 : 0]
  const write = (text: string) => {
    pending += text
    while (pending !== '' && !PART.test(pending)) {
      const [whole, numbers, letter, other, control, sign] = TOKEN.exec(pending) ?? []
      if (whole === undefined || other)
        throw new Error(`unknown to this terminal: ${JSON.stringify(pending)}`)
      pending = pending.slice(whole.length)
      if (letter !== undefined) sequence(numbers ?? '', letter)
      else if (control !== undefined) move(sheet(), control)
      else put(sheet(), sign as string)
    }
  }
  const sequence = (numbers: string, letter: string) => {
    const mode = /^\?(\d+)$/.exec(numbers)?.[1]
    if (mode !== undefined && (letter === 'h' || letter === 'l')) {
      if (letter === 'h') modes.add(mode)
      else modes.delete(mode)
      if (mode === '1049' && letter === 'h') sheets[1] = blank()
      return
    }
    edit(sheet(), numbers, letter)
  }
  const lines = () =>
    sheet().cells.map((row) =>
      Array.from(row, (cell) => cell ?? ' ')
        .join('')
        .trimEnd(),
    )
  return {
    write,
    lines,
    text: () => lines().join('\n').trimEnd(),
    alternate: () => modes.has('1049'),
    cursor: () => modes.has('25'),
  }
}

function blank(): Sheet {
  return { cells: [], row: 0, column: 0 }
}

function put(sheet: Sheet, sign: string): void {
  sheet.cells[sheet.row] ??= []
  for (let row = 0; row < sheet.row; row++) sheet.cells[row] ??= []
  ;(sheet.cells[sheet.row] as string[])[sheet.column++] = sign
}

function move(sheet: Sheet, control: string): void {
  if (control === '\r') sheet.column = 0
  if (control === '\n') sheet.row += 1
}

function edit(sheet: Sheet, numbers: string, letter: string): void {
  if (letter === 'm') return
  if (letter === 'H') {
    const [row = 1, column = 1] = numbers.split(';').map(Number)
    sheet.row = row - 1
    sheet.column = column - 1
  } else if (letter === 'K') sheet.cells[sheet.row]?.splice(sheet.column)
  else if (letter === 'J' && numbers === '2') sheet.cells = []
  else throw new Error(`unknown to this terminal: CSI ${numbers} ${letter}`)
}
