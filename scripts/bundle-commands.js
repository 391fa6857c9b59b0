// SPDX-License-Identifier: Apache-2.0
// Makes one file of each command, dist/cli/NAME.cjs, and NAME.cjs.cache beside it: what V8 compiled for an ordinary call.
// Reading dozens of modules and compiling them took longer than all else that a command does.
import { createHash } from 'node:crypto'
import { readFileSync, rmSync, writeFileSync } from 'node:fs'
import { dirname, resolve } from 'node:path'
import { rolldown } from 'rolldown'
import loader from '../bin/load.cjs'

/** `call`: its functions are those that the cache holds. Nobody listens on /dev/null. */
const COMMANDS = {
  xlvs: { from: 'dist/cli/main.js', call: ['status'] },
  xlvsadm: { from: 'dist/cli/ipvsadm/main.js', call: ['-Ln'] },
}
const NOWHERE = { XLVS_SOCKET: '/dev/null' }

/** The verbs that ask the daemon once and print its answer: they are part of the file. */
const QUICK = ['status', 'show', 'add', 'set', 'remove', 'mark', 'tune', 'attach', 'reload', 'version']

/** The other verbs, and what a verb imports when it needs it, stay modules of their own. */
const apart = {
  name: 'apart',
  resolveId(source, importer, { kind }) {
    const quick = QUICK.some((verb) => source === `./verbs/${verb}.js`)
    if (kind !== 'dynamic-import' || quick) return null
    return { id: resolve(dirname(importer), source), external: 'relative' }
  },
}

/** In what comes from V8's cache there is no import(): bin/load.cjs passes one. */
const IMPORT = /\bimport\("(\.[^"]+)"\)/g

const COMMANDER = 'node_modules/commander'

/** The licence of what goes into the file. */
function licence({ moduleIds }) {
  if (!moduleIds.some((id) => id.includes(`/${COMMANDER}/`))) return ''
  return `/*! commander\n${readFileSync(`${COMMANDER}/LICENSE`, 'utf8')}*/`
}

async function bundle(name, from) {
  const file = `dist/cli/${name}.cjs`
  rmSync(`${file}.cache`, { force: true })
  const made = await rolldown({ input: from, platform: 'node', plugins: [apart] })
  const { output } = await made.generate({ format: 'cjs', codeSplitting: false, postBanner: licence, file })
  await made.close()
  const code = output[0].code.replaceAll(IMPORT, 'importHere("$1")')
  const mark = createHash('sha256').update(code).digest('hex')
  writeFileSync(file, `${code}// ${mark}`)
  return { file, mark }
}

async function compile(name, { file, mark }, call) {
  const { script, command } = loader.load(name)
  const world = (command.processContext ?? command.processWorld)()
  const silent = () => {}
  await command.main(call, { ...world, env: NOWHERE, out: silent, err: silent })
  writeFileSync(`${file}.cache`, Buffer.concat([script.createCachedData(), Buffer.from(mark)]))
}

for (const [name, { from, call }] of Object.entries(COMMANDS))
  await compile(name, await bundle(name, from), call)
