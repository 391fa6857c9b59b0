// SPDX-License-Identifier: Apache-2.0
// The lines that -R reads -> command lines. Pure.

/** Blanks part words and nothing quotes them; the word "ipvsadm" is left out, and lines that then say nothing too. */
export function commandLines(text: string): readonly (readonly string[])[] {
  return text
    .split('\n')
    .map((line) => line.split(/[ \t\r]+/).filter((word) => word !== '' && word !== 'ipvsadm'))
    .filter((words) => words.length > 0)
}
