// SPDX-License-Identifier: Apache-2.0
// Writes a state with the daemon's own writer and ends itself, as by a power cut, before its n-th call to the disk.
// Words: DIRECTORY CALL STATE. Prints how many calls there were when it gets to the end, or why it was refused.
import { DISK } from '../../../dist/daemon/replace.js'
import { stateFile } from '../../../dist/daemon/state.js'

const [directory, last, state] = process.argv.slice(2)
let calls = 0

function mortal(object) {
  const wrap =
    (act) =>
    async (...args) => {
      if (calls++ === Number(last)) process.kill(process.pid, 'SIGKILL')
      const made = await act(...args)
      return typeof made === 'object' ? mortal(made) : made
    }
  return Object.fromEntries(Object.entries(object).map(([name, act]) => [name, wrap(act)]))
}

const outcome = await stateFile(directory, mortal(DISK)).write(JSON.parse(state))
process.stdout.write(outcome.ok ? `${calls}\n` : `${outcome.problems[0].reason}\n`)
