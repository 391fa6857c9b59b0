// SPDX-License-Identifier: Apache-2.0
// Opens a datapath and lets go of it, or dies as kill -9 would at a step of taking over another version's:
//   node upgrade.mjs DIST PIN_ROOT LIMITS [STEP]
// Prints {ok, problems, steps} as JSON.
const [dist, pinRoot, limits, step] = process.argv.slice(2)
const { openDatapath } = await import(`${dist}/datapath/open.js`)
const steps = []
const outcome = await openDatapath({
  pinRoot,
  limits: JSON.parse(limits),
  progress: (done) => {
    steps.push(done)
    if (done === step) process.kill(process.pid, 'SIGKILL')
  },
})
if (outcome.ok) outcome.value.close()
process.stdout.write(`${JSON.stringify({ ok: outcome.ok, problems: outcome.problems, steps })}\n`)
process.exit(0)
