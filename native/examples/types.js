// SPDX-License-Identifier: Apache-2.0
// Writes TypeScript for the structs an object's maps use: node types.js count.bpf.o
// The command `libbpf-ts gen-types count.bpf.o --out count.ts` does the same.
import { readFileSync } from 'node:fs'
import { generateTypes } from 'libbpf-ts'

const [objectPath = 'count.bpf.o'] = process.argv.slice(2)
console.log(generateTypes(readFileSync(objectPath), { header: `from ${objectPath}` }))
