// SPDX-License-Identifier: Apache-2.0
// Where xlvs is meant to differ from the kernel: the one table that the comparison and
// docs/IPVS-DIFFERENCES.md share. An entry explains the very faults that follow from it, and nothing beside them.
import type { Answer } from '../scenario.js'
import type { Fault } from './compare.js'
import { isBeforeFirst, isOneByOne } from './fragments.js'
import type { Played } from './play.js'

/** A whole scenario, as the kernel answered and as xlvs did. */
export interface Seen {
  readonly kernel: readonly Answer[]
  readonly xlvs: readonly Played[]
}

export interface Difference {
  readonly id: string
  readonly what: string
  readonly reason: string
  readonly explains: (fault: Fault, seen: Seen) => boolean
}

export const DIFFERENCES: readonly Difference[] = [
  {
    id: 'fragments-one-by-one',
    what: 'Fragments are forwarded one by one as they come, all to the real server that the first fragment got; IPVS collects them, decides once and sends nothing before the last one is in.',
    reason:
      'XDP sees frames, not datagrams. The real server reassembles. A datagram that never becomes whole has made a connection all the same.',
    explains: isOneByOne,
  },
  {
    id: 'fragment-before-first',
    what: 'A fragment that comes before the first one of its datagram, or whose first one was refused, is left to the local stack; IPVS waits for the rest.',
    reason:
      'Only the first fragment has ports. Keeping frames for later is not possible in XDP; such a datagram is lost once and sent again by its client.',
    explains: isBeforeFirst,
  },
  {
    id: 'too-large-without-df',
    what: 'An IPv4 packet without DF that is larger than the way to the real server takes is answered with "fragmentation needed"; IPVS cuts it into fragments.',
    reason: 'One frame cannot become two in XDP. Senders that are told the MTU keep to it.',
    explains: (fault, { kernel, xlvs }) => {
      const asked = kernel[fault.line - 2]
      if (asked?.op !== 'pkt' || fault.kind !== 'packet' || asked['df'] === true || (asked.n ?? 1) < 2)
        return false
      return asked['frag'] === undefined && xlvs[fault.line - 2]?.v === 'icmp:3/4'
    },
  },
  {
    id: 'set-at-once',
    what: 'New time-outs (`--set`) hold at once for every connection in that state; in IPVS for a connection from its next packet on.',
    reason:
      'A connection keeps its state and when it was last seen, not a time-out of its own: eight bytes less in each of millions.',
    explains: followsSet,
  },
  {
    id: 'template-loses-touch',
    what: 'When a persistent service is deleted, edited without -p or given another netmask, the connections made before do not find the template they came by: they neither make it ASSURED nor keep it alive beyond its own time.',
    reason:
      'A connection of 16 bytes does not name its template. It is found by the service and its netmask, as new connections find it.',
    explains: isOfLostTemplate,
  },
  {
    id: 'nodest-on-later',
    what: 'When `expire_nodest_conn` is switched on, connections of real servers that were removed before end within seconds; in IPVS when a packet of theirs comes, or with the next removal.',
    reason: 'The sweep ends what no packet can use any more. What becomes of a packet is the same.',
    explains: followsLateNodest,
  },
  {
    id: 'edit-of-nothing',
    what: 'An edit of a real server that changes nothing is nothing; in IPVS it makes wrr begin its walk at the head again.',
    reason:
      'The controller applies what differs from what is there. Saying the same twice must not disturb the traffic.',
    explains: followsIdleEdit,
  },
  {
    id: 'client-port-0',
    what: 'Datagrams from client port 0 are one flow; IPVS does not find their entry again and makes another for each datagram.',
    reason:
      'IPVS means entries of port 0 for FTP, whose client port is not known yet, and has no other use for them.',
    explains: fromPortZero,
  },
  {
    id: 'answers-are-no-output',
    what: 'ICMP errors that the director itself sends from a VIP are in no OutPkts and OutBytes, which are 0 here; IPVS counts them as the output of the real server that the packet had.',
    reason:
      'Replies bypass the director under direct routing. The answers have counters of their own in the metrics.',
    explains: isOutputOnly,
  },
  {
    id: 'refusals-in-own-words',
    what: 'Where the kernel only knows "Invalid operation", xlvsadm tells in a sentence what is wrong; the exit status is the same.',
    reason: 'The sentence is of more use than "possibly wrong module version".',
    explains: ({ kind, kernel, xlvs }) =>
      kind === 'command' &&
      kernel.startsWith('status 255: Invalid operation.  Possibly wrong module version') &&
      xlvs.startsWith('status 255: ipvsadm: '),
  },
  {
    id: 'the-stack-says-nothing',
    what: "What the director's own stack answers is no part of a connection; in IPVS its RST passes by, moves the entry of that flow to CLOSE and keeps it for 10 s, even one that was to end at once.",
    reason:
      'The answers of the stack do not come by an XDP program on the way in, and a flow that was left to the stack is none of ours.',
    explains: isOfFlowLeftToStack,
  },
]

/** The faults that no entry explains, and the entries that explained the others. */
export function judge(
  faults: readonly Fault[],
  seen: Seen,
): { readonly unexplained: readonly Fault[]; readonly met: ReadonlySet<string> } {
  const met = new Set<string>()
  const unexplained = faults.filter((fault) => {
    const entry = DIFFERENCES.find(({ explains }) => explains(fault, seen))
    if (entry !== undefined) met.add(entry.id)
    return entry === undefined
  })
  return { unexplained, met }
}

/** About a flow that was quiet when the last --set came, or about counts after one. */
function followsSet(fault: Fault, { kernel, xlvs }: Seen): boolean {
  const at = fault.line - 2
  const before = kernel.slice(0, at)
  const set = before.findLastIndex(
    (step) => step.op === 'ipvsadm' && /^--set /.test(step.args) && step.rc === 0,
  )
  if (set < 0) return false
  const older = new Set(kernel.slice(0, set).map(clientOf))
  const since = new Set(kernel.slice(set, at).map(clientOf))
  const isQuiet = (client: string | undefined) =>
    client !== undefined && older.has(client) && !since.has(client)
  const asked = kernel[at]
  if (fault.kind === 'connection' || fault.kind === 'time') return isQuiet(fault.about.split(' ')[1])
  if (asked?.op === 'pkt') return fault.kind === 'packet' && isQuiet(clientOf(asked))
  const wentAstray = before.some((step, i) => i > set && step.op === 'pkt' && step.v !== xlvs[i]?.v)
  return fault.kind === 'services' && (wentAstray || [...older].some((client) => !since.has(client)))
}

/** A TCP flow of which the kernel's stack got a packet before; in counts, one that a real server had got before that. */
function isOfFlowLeftToStack(fault: Fault, { kernel }: Seen): boolean {
  const before = kernel.slice(0, fault.line - 2).filter((step) => step.op === 'pkt' && step.proto === 'tcp')
  const left = before.filter((step) => step.op === 'pkt' && step.v === 'local')
  if (fault.kind !== 'services' && fault.kind !== 'text')
    return left.map(flowText).includes(flowOf(fault, kernel) ?? '')
  return left.some((step) =>
    before
      .slice(0, before.indexOf(step))
      .some((earlier) => flowText(earlier) === flowText(step) && /^rs/.test(earlier.v ?? '')),
  )
}

/** 'client:port virtual:port' of a packet or of a connection's row. */
function flowOf({ kind, about, line }: Fault, kernel: readonly Answer[]): string | undefined {
  const asked = kernel[line - 2]
  if (kind === 'packet' && asked?.op === 'pkt') return flowText(asked)
  if (kind !== 'connection' && kind !== 'time') return undefined
  return about.split(' ').slice(1, 3).join(' ')
}

function flowText(step: Answer): string {
  return step.op === 'pkt' ? `${step.src}:${step.sport} ${step.dst}:${step.dport}` : ''
}

function clientOf(packet: Answer): string {
  if (packet.op !== 'pkt') return ''
  const src = String(packet.src)
  return `${src.includes(':') ? `[${src}]` : src}:${packet.sport}`
}

/** Of a service of wrr, after an edit of one of its real servers that asked for nothing new. */
function followsIdleEdit(fault: Fault, { kernel, xlvs }: Seen): boolean {
  const idle = xlvs.slice(0, fault.line - 2).flatMap((step) => {
    const service = step.op === 'ipvsadm' && step.idle ? /^-e (-[tu]) (\S+) /.exec(step.args) : null
    return service === null ? [] : [{ protocol: service[1] === '-t' ? 'tcp' : 'udp', address: service[2] }]
  })
  const asked = kernel[fault.line - 2]
  return idle.some(({ protocol, address }) => {
    if (asked?.op === 'pkt' && fault.kind === 'packet')
      return asked.proto === protocol && `${asked.dst}:${asked.dport}` === address
    return fault.kind === 'services' && fault.about.startsWith(`${protocol.toUpperCase()} ${address} wrr`)
  })
}

/** The row of a template of a service that was edited or deleted, or the count of such rows. */
function isOfLostTemplate({ kind, about, line }: Fault, { kernel }: Seen): boolean {
  if (kind !== 'connection' && kind !== 'time') return false
  const [, client = '', virtual] = about.split(' ')
  if (!client.endsWith(':0')) return false
  return kernel.slice(0, line - 2).some((step) => {
    const service =
      step.op === 'ipvsadm' && step.rc === 0 ? /^-[ED] \S+ (\S+)/.exec(step.args)?.[1] : undefined
    return (
      service !== undefined &&
      (service === virtual || virtual?.startsWith('0.0.0.') || virtual?.startsWith('[::'))
    )
  })
}

/** A connection of a real server that was removed before the tunable was switched on. */
function followsLateNodest({ kind, about, xlvs, line }: Fault, { kernel }: Seen): boolean {
  if (kind !== 'connection' || xlvs !== 'none') return false
  const real = about.split(' ')[3] ?? ''
  const before = kernel.slice(0, line - 2)
  const on = before.findLastIndex(
    (step) => step.op === 'sysctl' && step.name === 'expire_nodest_conn' && Number(step.value) === 1,
  )
  return before
    .slice(0, Math.max(0, on))
    .some((step) => step.op === 'ipvsadm' && /^-d /.test(step.args) && isOf(real, step.args))
}

function isOf(real: string, line: string): boolean {
  const named = /-r (\S+)/.exec(line)?.[1] ?? ''
  return real === named || real.replace(/:\d+$/, '') === named
}

function fromPortZero(fault: Fault, { kernel }: Seen): boolean {
  const before = kernel.slice(0, fault.line - 1)
  if (fault.kind === 'connection') return /^UDP \S+:0 \S+ \S+ UDP$/.test(fault.about) && fault.xlvs === 'none'
  if (fault.kind !== 'services' || !fault.about.startsWith('UDP ')) return false
  return before.some((step) => step.op === 'pkt' && step.proto === 'udp' && step.sport === 0)
}

/** A row of --stats that is the same but for what went out. */
function isOutputOnly({ kind, kernel, xlvs }: Fault): boolean {
  const [a, b] = [kernel, xlvs].map((row) => /^(.*?)((?: +\d+){5})$/.exec(row)) as [
    RegExpExecArray | null,
    RegExpExecArray | null,
  ]
  if (kind !== 'text' || a === null || b === null || a[1] !== b[1]) return false
  const [numbers, ours] = [a, b].map((match) => (match[2] ?? '').trim().split(/ +/)) as [string[], string[]]
  return [0, 1, 3].every((i) => numbers[i] === ours[i]) && ours[2] === '0' && ours[4] === '0'
}
