// SPDX-License-Identifier: Apache-2.0
// A web server whose health can be told:
//   node moody.mjs NAME FOLDER PORT [PORT ...]
// GET /health   the status that the file FOLDER/NAME-PORT holds, 200 without one
// GET /         its name, also in the header x-server
import { existsSync, readFileSync } from 'node:fs'
import { createServer } from 'node:http'
import { join } from 'node:path'

const [name, folder, ...ports] = process.argv.slice(2)

for (const port of ports) {
  const mood = join(folder, `${name}-${port}`)
  const server = createServer((request, response) => {
    response.setHeader('x-server', name)
    if (request.url === '/health' && existsSync(mood))
      response.statusCode = Number(readFileSync(mood, 'utf8'))
    response.end(`${name}\n`)
  })
  server.keepAliveTimeout = 60_000
  await new Promise((resolve, reject) => {
    server.once('error', reject).listen({ host: '::', port: Number(port), backlog: 4096 }, resolve)
  })
}
process.stdout.write(`${name} listens\n`)
