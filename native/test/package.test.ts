// SPDX-License-Identifier: Apache-2.0
// The package as it is shipped.
import { execFileSync, spawnSync } from 'node:child_process'
import { cpSync, mkdtempSync, readFileSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { expect, onTestFinished, test } from 'vitest'

const home = join(import.meta.dirname, '..')

function copyTo(addon: string | undefined): string {
  const directory = mkdtempSync(join(tmpdir(), 'libbpf-ts-package-'))
  onTestFinished(() => rmSync(directory, { recursive: true }))
  for (const part of ['dist', 'package.json'])
    cpSync(join(home, part), join(directory, part), { recursive: true })
  if (addon !== undefined) cpSync(join(home, 'build/Release/libbpf_ts.node'), join(directory, addon))
  return directory
}

function load(directory: string): { status: number | null; stdout: string; stderr: string } {
  const script = `import { possibleCpus } from '${directory}/dist/index.js'; console.log(possibleCpus())`
  return spawnSync(process.execPath, ['--input-type=module', '-e', script], { encoding: 'utf8' })
}

test('a prebuilt addon is found where there is no other', () => {
  const directory = copyTo(`prebuilds/${process.platform}-${process.arch}/libbpf_ts.node`)
  expect(load(directory)).toMatchObject({ status: 0, stdout: expect.stringMatching(/^\d+\n$/) })
})

test('without any addon the error says how to build one', () => {
  const { status, stderr } = load(copyTo(undefined))
  expect(status).toBe(1)
  expect(stderr).toContain("libbpf-ts has no usable addon (build it with 'npm run build -w native')")
})

test('the package carries what it needs and runs nothing at install', () => {
  const description = JSON.parse(readFileSync(join(home, 'package.json'), 'utf8'))
  expect(Object.keys(description.scripts)).toEqual(
    expect.not.arrayContaining(['install', 'preinstall', 'postinstall']),
  )
  expect(description.gypfile).toBe(false)
  const [packed] = JSON.parse(
    execFileSync('npm', ['pack', '--dry-run', '--json', '--ignore-scripts'], { cwd: home, encoding: 'utf8' }),
  )
  const files = packed.files.map((file: { path: string }) => file.path)
  for (const file of ['dist/index.js', 'dist/index.d.ts', 'addon/main.cpp', 'binding.gyp', 'README.md']) {
    expect(files).toContain(file)
  }
  expect(files).toContain('build/Release/libbpf_ts.node')
})

test('the types hold, those the tests expect as well as those they refuse', () => {
  const tsc = join(home, '..', 'node_modules', '.bin', 'tsc')
  const { status, stdout } = spawnSync(tsc, ['-p', join(home, 'test')], { encoding: 'utf8' })
  expect([status, stdout]).toEqual([0, ''])
})
