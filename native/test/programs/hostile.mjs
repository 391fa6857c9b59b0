// SPDX-License-Identifier: Apache-2.0
// Opens a damaged copy of an object again and again: every prefix of it, then copies with random bytes in random
// places. Prints how many were opened and refused; a crash of libbpf ends this process instead.
import { readFileSync } from 'node:fs'
import { BpfError, openObject } from '../../dist/index.js'

const [path = '', rounds = '0', firstSeed = '1'] = process.argv.slice(2)
const sound = new Uint8Array(readFileSync(path))
const counts = { opened: 0, refused: 0 }
let seed = Number(firstSeed)

function random(below) {
  seed = (Math.imul(seed, 1103515245) + 12345) & 0x7fffffff
  return (seed >>> 8) % below
}

function tryOpening(bytes) {
  try {
    const spec = openObject(bytes)
    void [spec.maps, spec.programs, spec.btf()]
    spec.close()
    counts.opened++
  } catch (error) {
    if (!(error instanceof BpfError)) throw error
    counts.refused++
  }
}

for (let length = 0; length < sound.length; length++) tryOpening(sound.subarray(0, length))
const prefixes = { ...counts }
for (let round = 0; round < Number(rounds); round++) {
  const damaged = sound.slice()
  for (let changes = 1 + random(8); changes > 0; changes--) damaged[random(damaged.length)] = random(256)
  tryOpening(damaged)
}
console.log(JSON.stringify({ prefixes, all: counts }))
