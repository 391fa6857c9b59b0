// SPDX-License-Identifier: Apache-2.0
// The package as it is shipped.
import { execFileSync, spawnSync } from 'node:child_process'
import { cpSync, existsSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join, relative } from 'node:path'
import { expect, onTestFinished, test } from 'vitest'
import { compileFile } from './gen-types-compile.js'
import { bpfObject } from './lab.js'

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
  for (const file of [
    'dist/index.js',
    'dist/index.d.ts',
    'addon/main.cpp',
    'binding.gyp',
    'README.md',
    'CHANGELOG.md',
    'LICENSE',
  ]) {
    expect(files).toContain(file)
  }
  expect(files).toContain('build/Release/libbpf_ts.node')
})

test('the types hold, those the tests expect as well as those they refuse', () => {
  const tsc = join(home, '..', 'node_modules', '.bin', 'tsc')
  const { status, stdout } = spawnSync(tsc, ['-p', join(home, 'test')], { encoding: 'utf8' })
  expect([status, stdout]).toEqual([0, ''])
})

test('with a prebuilt addon it installs from a tarball without a network, and works', () => {
  const directory = mkdtempSync(join(tmpdir(), 'libbpf-ts-install-'))
  onTestFinished(() => rmSync(directory, { recursive: true }))
  const [source, target] = [join(directory, 'source'), join(directory, 'target')]
  cpSync(home, source, {
    recursive: true,
    filter: (path) =>
      !/^(build\/(?!Release)|build\/Release\/obj|prebuilds|node_modules|test)/.test(relative(home, path)),
  })
  // As a developer would, on what is built already.
  execFileSync('make', ['-o', 'build', 'prebuild'], { cwd: source, stdio: 'ignore' })
  rmSync(join(source, 'build'), { recursive: true })
  const npm = (where: string, ...words: string[]) =>
    execFileSync('npm', [...words, '--offline', '--loglevel=error', '--cache', join(directory, 'cache')], {
      cwd: where,
      encoding: 'utf8',
      stdio: ['ignore', 'pipe', 'pipe'],
    })
  const tarball = npm(source, 'pack', '--ignore-scripts', '--pack-destination', directory).trim()
  mkdirSync(target)
  writeFileSync(join(target, 'package.json'), '{ "private": true, "type": "module" }')
  npm(target, 'install', '--no-audit', '--no-fund', join(directory, tarball))
  const installed = join(target, 'node_modules', 'libbpf-ts')
  expect(existsSync(join(installed, 'build'))).toBe(false)
  expect(existsSync(join(installed, `prebuilds/${process.platform}-${process.arch}/libbpf_ts.node`))).toBe(
    true,
  )

  const object = join(target, 'kinds.o')
  writeFileSync(object, bpfObject('basic'))
  writeFileSync(
    join(target, 'use.js'),
    `import { openObject } from 'libbpf-ts'
    const object = openObject('${object}').load()
    console.log(object.program('drop').run({ data: new Uint8Array(64) }).returnValue)`,
  )
  const node = (...words: string[]) =>
    execFileSync(process.execPath, words, { cwd: target, encoding: 'utf8' })
  expect(node('use.js')).toBe('1\n')
  compileFile(join(installed, 'examples', 'count.bpf.c'), join(target, 'count.o'), ['-g', '-mcpu=v3'])
  expect(node(join(installed, 'examples', 'types.js'), 'count.o')).toContain('export interface Traffic {')
  const command = join(target, 'node_modules', '.bin', 'libbpf-ts')
  expect(execFileSync(command, ['gen-types', 'count.o'], { cwd: target, encoding: 'utf8' })).toContain(
    'Traffic_SIZE',
  )
})
