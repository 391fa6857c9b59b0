// SPDX-License-Identifier: Apache-2.0
// Figures of a run in a document: the rest of it stays as it is.
import { expect, it } from 'vitest'
import { HEADING, withFigures } from '../../../src/calm/document.js'

it.each([
  ['nothing', '', `${HEADING}\n\nnew\n`],
  ['a document without figures', '# Calm\n', `# Calm\n\n${HEADING}\n\nnew\n`],
  ['one that ends with them', `# Calm\n\n${HEADING}\n\nold\nold\n`, `# Calm\n\n${HEADING}\n\nnew\n`],
  [
    'one that goes on',
    `# Calm\n\n${HEADING}\n\nold\n\n## More\n\nend\n`,
    `# Calm\n\n${HEADING}\n\nnew\n\n## More\n\nend\n`,
  ],
])('take their place in %s', (_, before, after) => {
  expect(withFigures(before, 'new\n')).toBe(after)
  expect(withFigures(after, 'new\n')).toBe(after)
})
