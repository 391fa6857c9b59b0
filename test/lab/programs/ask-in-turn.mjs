// SPDX-License-Identifier: Apache-2.0
// Asks one question after the other, each from its own address and port, and prints who answered as one JSON list:
//   node ask-in-turn.mjs URL '[{"address": "192.0.2.100", "port": 10000}, …]'
// A question without an answer is '!' and why.
import { asker } from '../../../dist/demo/traffic/ask.js'

const [url, origins] = process.argv.slice(2)
const ask = asker(new URL(url), { keepalive: false, timeoutMs: 5_000 })
const names = []
for (const origin of JSON.parse(origins)) {
  names.push(await ask(origin).catch((error) => `!${error.code ?? error.message}`))
}
process.stdout.write(JSON.stringify(names))
