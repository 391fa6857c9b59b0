// SPDX-License-Identifier: Apache-2.0
// Plays the operations of a recording on a director of ours: the same operations, with our answers.
import type { Answer, Answers, Heading, Result } from '../scenario.js'
import type { Director } from './director.js'
import { ipPacketOf } from './packet.js'
import { snapshot } from './snapshots.js'
import { frameOf, verdictOf } from './verdict.js'

/** An answer of ours. `reason`: the datapath's own word for why; `idle`: the command asked for what was so already. */
export type Played = Answer & { readonly reason?: string; readonly idle?: true }

export async function play(director: Director, { heading, answers }: Answers): Promise<readonly Played[]> {
  director.begin({ macs: macsOf(heading) })
  const names = new Map(Object.entries(heading.rs).map(([name, { mac }]) => [mac, name]))
  const played: Played[] = []
  for (const asked of answers)
    played.push({ ...questionOf(asked), ...(await act(director, asked, names)) } as Played)
  return played
}

function macsOf({ rs }: Heading): ReadonlyMap<string, string> {
  return new Map(Object.values(rs).flatMap(({ ips, mac }) => ips.map((ip) => [ip, mac] as const)))
}

const RESULTS = ['v', 'n', 'out', 'err', 'rc', 'text', 'conns', 'parsed', 'frames']

function questionOf(answer: Answer): Answer {
  return Object.fromEntries(Object.entries(answer).filter(([field]) => !RESULTS.includes(field))) as Answer
}

async function act(
  director: Director,
  asked: Answer,
  names: ReadonlyMap<string, string>,
): Promise<Result & Pick<Played, 'reason' | 'idle'>> {
  switch (asked.op) {
    case 'pkt': {
      const packet = ipPacketOf(asked)
      const judgement = director.send(frameOf(packet))
      return { ...verdictOf(packet, judgement, { names, mtu: director.mtu }), reason: judgement.reason }
    }
    case 'ipvsadm':
      return director.ipvsadm(asked.args)
    case 'sysctl': {
      const tuned = director.tune(asked.name, Number(asked.value))
      return tuned.ok ? {} : { err: 'Invalid argument' }
    }
    case 'mark':
      director.mark(asked)
      return {}
    case 'sleep':
      director.sleep(asked.s)
      return {}
    case 'snap':
      return snapshot(director, asked.what)
    case 'sh':
      return shell(director, asked.cmd)
    case 'note':
      return {}
    case 'tap':
      throw new Error('a tap looks at devices, of which this director has none')
  }
}

/** The one command that scenarios for both may give: the MTU of the way to the real servers. */
function shell(director: Director, command: string): Result {
  const mtu = /^ip link set rs0 mtu (\d+)$/.exec(command)?.[1]
  if (mtu === undefined) throw new Error(`no scenario for xlvs may say: ${command}`)
  director.setMtu(Number(mtu))
  return { rc: 0 }
}
