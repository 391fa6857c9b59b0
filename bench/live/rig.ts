// SPDX-License-Identifier: Apache-2.0
// The directors in namespaces of this run's own, each behind a veth with a receive queue for each CPU: veth takes the queue
// by the sender's CPU, and its soft interrupt runs on that CPU, so two senders make two CPUs forward.
import { mkdirSync, readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { type BpfObject, openMap, openObject, possibleCpus } from 'libbpf-ts'
import { Limit, Reason } from '../../src/abi/generated.js'
import { type Lab, openLab } from '../../test/lab/index.js'
import { type Lanes, lanesOf } from './lanes.js'
import { CLIENT_MAC, configOf, DIRECTOR_MAC, DIRECTORS, type Director, REALS, VIP } from './plan.js'

const DEVICE = 'd0'
const VERDICT_WORDS = 2
/** A frame of the kernel's own may take any queue from any CPU, and the frames of the queue's own CPU go with it. */
const SILENT = 'for file in /proc/sys/net/ipv6/conf/*/disable_ipv6; do [ ! -e $file ] || echo 1 >$file; done'
/** ms: the daemon sweeps once more before it ends */
const GRACE = 20_000

export interface Rig {
  readonly lab: Lab
  /** the namespace that senders are in */
  readonly client: string
  readonly lanes: Lanes
  /** Empties xlvs's table of connections. */
  forget(): void
  /** What xlvs itself counted on a CPU since it was started: packets of known flows, and of new ones. */
  forwarded(cpu: number): { readonly known: number; readonly fresh: number }
  close(): Promise<void>
}

/** The client's end of a director's veth. */
export function linkOf(director: Director): string {
  return `c-${director}`
}

export async function openRig(cpus: readonly number[]): Promise<Rig> {
  const lab = openLab('xlvs-live')
  try {
    return await build(lab, Math.max(...cpus) + 1)
  } catch (error) {
    await lab.close()
    throw error
  }
}

async function build(lab: Lab, queues: number): Promise<Rig> {
  const object = openObject(readFileSync('build/bench-bpf/live.bpf.o'), { name: 'live' }).load()
  pinAll(lab, object)
  const [client = '', ...others] = await lab.namespaces(['client', ...DIRECTORS])
  for (const namespace of [client, ...others]) await lab.must(namespace, ['sh', '-c', SILENT])
  for (const [i, director] of DIRECTORS.entries())
    await wire(lab, client, others[i] as string, director, queues)
  await serve(lab, others[DIRECTORS.indexOf('xlvs')] as string)
  return { lab, client, lanes: lanesOf(object.map('.data.lanes')), ...ownMaps(lab), close: () => lab.close() }
}

/** For `ip link` and for the senders. */
function pinAll(lab: Lab, object: BpfObject): void {
  const bytes = new Uint8Array(object.map('.data.addresses').mmap({ writable: true }))
  const mac = (text: string) => text.split(':').map((byte) => Number.parseInt(byte, 16))
  bytes.set([...mac(DIRECTOR_MAC), ...mac(CLIENT_MAC), ...VIP.split('.').map(Number)])
  mkdirSync(lab.scratch)
  for (const name of ['generate', 'stop', 'swap', 'line', 'sink'])
    object.program(name).pin(`${lab.scratch}/${name}`)
  object.map('.data.lanes').pin(`${lab.scratch}/lanes`)
}

/** Two queues on both ends; the client's end needs a program too, or what the director sends back is lost. */
async function wire(lab: Lab, client: string, inside: string, director: Director, queues: number) {
  const link = linkOf(director)
  const many = `numtxqueues ${queues} numrxqueues ${queues}`
  const load = (device: string, name: string) => `link set ${device} xdpdrv pinned ${lab.scratch}/${name}\n`
  await ip(
    lab,
    client,
    `link add ${link} address ${CLIENT_MAC} ${many} type veth peer name ${DEVICE} address ${DIRECTOR_MAC} ${many} netns ${inside}\n`,
  )
  await ip(lab, client, `link set ${link} up\n${load(link, 'sink')}`)
  const addresses = [`${VIP}/32`, '192.0.2.1/24'].map((text) => `address add ${text} dev ${DEVICE}\n`)
  const neighbours = REALS.map(
    (real) => `neigh replace ${real.address} lladdr ${real.mac} dev ${DEVICE} nud permanent\n`,
  )
  const program = director === 'xlvs' ? [...addresses, ...neighbours] : [load(DEVICE, director)]
  await ip(lab, inside, ['link set lo up\n', `link set ${DEVICE} up\n`, ...program].join(''))
}

async function ip(lab: Lab, namespace: string, input: string): Promise<void> {
  // the ip command leaves folders on the BPF file system it is told of
  await lab.must(namespace, ['ip', '-batch', '-'], { input, env: { TC_BPF_MNT: lab.scratch } })
}

/** The daemon sets the datapath up and ends: what it pinned forwards on, and no sweep disturbs a round. */
async function serve(lab: Lab, namespace: string): Promise<void> {
  const file = join(lab.folder, 'xlvs.yaml')
  writeFileSync(file, configOf(DEVICE))
  const env = {
    XLVS_SOCKET: join(lab.folder, 'xlvs.sock'),
    XLVS_PIN_ROOT: lab.pinRoot,
    XLVS_STATE_DIR: join(lab.folder, 'state'),
  }
  const daemon = lab.start(namespace, [process.execPath, 'bin/xlvs', 'run', '-c', file], env)
  // its greeting: it is in service
  await daemon.line(/^xlvs /)
  const status = await daemon.stop('SIGTERM', GRACE)
  if (status !== 0) throw new Error(`xlvs ended with status ${status}: ${daemon.stderr().trim()}`)
}

function ownMaps(lab: Lab): Pick<Rig, 'forget' | 'forwarded'> {
  const mapped = (name: string) => openMap(`${lab.pinRoot}/maps/${name}`)
  const table = new Uint8Array(mapped('conns4').mmap({ writable: true }))
  const map = mapped('verdicts')
  const verdicts = new BigUint64Array(map.mmap())
  const rows = map.maxEntries / possibleCpus()
  const sum = (cpu: number, reason: number) => {
    let packets = 0n
    for (let row = reason; row < rows; row += Limit.REASONS)
      packets += verdicts[(cpu * rows + row) * VERDICT_WORDS] ?? 0n
    return Number(packets)
  }
  return {
    forget: () => table.fill(0),
    forwarded: (cpu) => ({ known: sum(cpu, Reason.FORWARD_CONN), fresh: sum(cpu, Reason.FORWARD_NEW) }),
  }
}
