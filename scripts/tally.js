// SPDX-License-Identifier: Apache-2.0
// A vitest reporter: names what was skipped and ends the run with `N passed, N failed` alone on a line.
// A run without tests, a file that cannot be loaded and an error outside of tests are failures.

/** Counts of one run: tests by their end, plus files and errors that never became a test. */
export function tally(modules, unhandledErrors) {
  const tests = modules.flatMap((module) => [...module.children.allTests()])
  const state = (test) => test.result().state
  const broken = modules
    .flatMap((module) => [module, ...module.children.allSuites()])
    .filter((m) => m.errors().length)
  return {
    passed: tests.filter((t) => state(t) === 'passed').length,
    failed: tests.filter((t) => state(t) === 'failed').length + broken.length + unhandledErrors.length,
    skipped: tests.filter((t) => state(t) === 'skipped').map((t) => t.fullName),
  }
}

export default class Tally {
  onTestRunEnd(modules, unhandledErrors) {
    const { passed, failed, skipped } = tally(modules, unhandledErrors)
    for (const name of skipped) process.stdout.write(`not run: ${name}\n`)
    process.stdout.write(`${passed} passed, ${failed} failed\n`)
    if (passed === 0 || failed > 0) process.exitCode = 1
  }
}
