// SPDX-License-Identifier: Apache-2.0
// Loads a command from its one file, with what V8 compiled of it when it was built. Where that is missing, of another
// file or of another version of Node, the file is compiled anew, which only takes longer.
'use strict'
const { readFileSync } = require('node:fs')
const { join } = require('node:path')
const { pathToFileURL } = require('node:url')
const { Script } = require('node:vm')

/** Characters at the end of a file and of its cache: the same when one was made from the other. */
const MARK = 64

/** `name` of a file in dist/cli; undefined when it has not been built. `script` is for who makes the cache. */
exports.load = function load(name) {
  const file = join(__dirname, '../dist/cli', `${name}.cjs`)
  const source = bytesOf(file)?.toString()
  if (source === undefined) return undefined
  const script = new Script(`(function (exports, require, importHere) {${source}\n})`, {
    filename: file,
    cachedData: cacheOf(file, source.slice(-MARK)),
  })
  const command = {}
  script.runInThisContext()(command, require, (path) => import(pathToFileURL(join(file, '..', path))))
  return { script, command }
}

function cacheOf(file, mark) {
  const cache = bytesOf(`${file}.cache`)
  return cache?.toString('latin1', cache.length - MARK) === mark ? cache.subarray(0, -MARK) : undefined
}

function bytesOf(file) {
  try {
    return readFileSync(file)
  } catch {
    return undefined
  }
}
