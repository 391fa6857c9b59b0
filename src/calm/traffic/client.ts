// SPDX-License-Identifier: Apache-2.0
// What every client runs: held connections, short requests, streams of datagrams; nothing is sent before `go`.
//   node client.js --control PATH --vip 192.0.2.10 --vip 2001:db8::10 --port 80 --kept N --ask-every MS
//                  --downloads N --short PER_SECOND --datagrams 192.0.2.10:53 --streams N --first ID
import { setTimeout as sleep } from 'node:timers/promises'
import { parseArgs } from 'node:util'
import { now, rounds } from './clock.js'
import { type Endpoint, openConnection } from './connection.js'
import { listenTo } from './control.js'
import type { ClientFigures } from './figures.js'
import { Held } from './held.js'
import { Streams } from './streams.js'
import { PATIENCE, Tally } from './tally.js'

const PARTS = 200
/** ms from one datagram to the next on a stream */
const DATAGRAM_EVERY = 10

const number = { type: 'string', default: '0' } as const
const { values } = parseArgs({
  options: {
    control: { type: 'string', default: '' },
    vip: { type: 'string', multiple: true, default: [] },
    port: number,
    kept: number,
    'ask-every': number,
    downloads: number,
    short: number,
    datagrams: { type: 'string', default: '' },
    streams: number,
    first: number,
  },
})
const endpoints: readonly Endpoint[] = values.vip.map((address) => ({ address, port: Number(values.port) }))
const tally = new Tally()
const held = new Held({ kept: Number(values.kept), download: Number(values.downloads) }, endpoints, tally)
const streams = new Streams()
const [address = '', port = ''] = values.datagrams.split(':')
let going = false
let asked = 0

await listenTo(values.control, {
  open: () =>
    held.open().then(
      () => null,
      (error: Error) => error.message,
    ),
  hold: () => {
    going = false
  },
  go: () => {
    held.resume()
    going = true
  },
  round,
  read: (): ClientFigures => ({ ...tally.read(), held: held.count, streams: streams.read() }),
})
await streams.open(Number(values.first), Number(values.streams), { address, port: Number(port) })
const whenGoing = (act: (part: number) => void) => (part: number) => going && act(part)
rounds(
  Number(values['ask-every']),
  PARTS,
  whenGoing((part) => held.ask(part, PARTS)),
)
rounds(
  DATAGRAM_EVERY,
  1,
  whenGoing(() => streams.send()),
)
rounds(1000 / Number(values.short), 1, whenGoing(once))
process.stdout.write('listens\n')

/** Everything that is held has been heard from since now; how many have not, after some patience. */
async function round(): Promise<number> {
  const since = now()
  while (held.heard(since) < held.all && now() - since < PATIENCE) await sleep(20)
  return held.all - held.heard(since)
}

/** One request on a connection of its own. */
function once(): void {
  const endpoint = endpoints[asked++ % endpoints.length] as Endpoint
  const began = now()
  let whole = false
  const connection = openConnection(endpoint, {
    arrived: () => undefined,
    answered: () => {
      whole = true
    },
    ended: (why) => {
      clearTimeout(late)
      if (whole) tally.answered()
      else tally.failedAnew(why, began)
    },
  })
  const late = setTimeout(() => connection.socket.destroy(new Error('TIMEOUT')), PATIENCE)
  connection.ask('/once')
}
