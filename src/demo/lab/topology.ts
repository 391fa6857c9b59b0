// SPDX-License-Identifier: Apache-2.0
// Builds a planned lab: namespaces, wires, addresses. The director forwards nothing until something is attached to it.
import { setTimeout as sleep } from 'node:timers/promises'
import { fileURLToPath } from 'node:url'
import { type Lab, openLab } from './lab.js'
import { type HostPlan, type LabPlan, type LabWish, planLab } from './plan.js'
import { hostScript, linkBatch, wireScript } from './wiring.js'

export interface Host {
  readonly role: string
  readonly namespace: string
  readonly interfaces: readonly string[]
  /** of the first interface */
  readonly mac: string
  readonly ipv4: string
  readonly ipv6: string
  /** every address it sends from, its own first */
  readonly sources4: readonly string[]
  readonly sources6: readonly string[]
}

export interface Topology {
  readonly lab: Lab
  readonly clients: readonly [Host, ...Host[]]
  readonly director: Host
  /** all of them, that one first */
  readonly directors: readonly Host[]
  /** web1, web2, ... */
  readonly reals: readonly Host[]
  readonly router: Host | undefined
  /** namespace of the bridges */
  readonly wire: string
  readonly vips: readonly string[]
}

/** Compiled by `make`, beside the other objects that are shipped. */
const passObject = fileURLToPath(new URL('../../../dist/bpf/lab/pass.bpf.o', import.meta.url))

/** Makes everything the wish names; on failure nothing is left behind. */
export async function buildTopology(wish: LabWish = {}, prefix?: string): Promise<Topology> {
  const plan = planLab(wish)
  const lab = openLab(prefix)
  try {
    return await build(lab, plan)
  } catch (error) {
    await lab.close()
    throw error
  }
}

async function build(lab: Lab, plan: LabPlan): Promise<Topology> {
  const namespaceOf = (role: string) => `${lab.id}-${role}`
  await lab.namespaces(['wire', ...plan.hosts.map((host) => host.role)])
  await lab.must(undefined, ['ip', '-batch', '-'], { input: linkBatch(plan, namespaceOf) })
  const script = (role: string, input: string) => lab.must(namespaceOf(role), ['sh', '-s'], { input })
  const done = await Promise.allSettled([
    script('wire', wireScript(plan, passObject, lab.scratch)),
    ...plan.hosts.map((host) => script(host.role, hostScript(plan, host))),
  ])
  for (const one of done) if (one.status === 'rejected') throw one.reason
  const hosts = await Promise.all(plan.hosts.map((host) => describe(lab, host, namespaceOf(host.role))))
  await whenEvery(
    lab,
    [namespaceOf('wire'), ['bridge', '-json', 'link']],
    ({ state }) => state === 'forwarding',
  )
  const of = (kind: HostPlan['kind']) => hosts.filter((_, i) => plan.hosts[i]?.kind === kind)
  const [client, ...clients] = of('client')
  const directors = of('director')
  const [director] = directors
  if (client === undefined || director === undefined) throw new Error('a lab needs a client and a director')
  return {
    lab,
    clients: [client, ...clients],
    director,
    directors,
    reals: of('real'),
    router: of('router')[0],
    wire: namespaceOf('wire'),
    vips: plan.vips,
  }
}

async function describe(lab: Lab, host: HostPlan, namespace: string): Promise<Host> {
  const [leg] = host.legs
  const [ipv4 = '', ipv6 = ''] = [leg.addresses4[0], leg.addresses6[0]]
  const links = await whenEvery(lab, [namespace, ['ip', '-json', 'link']], ({ operstate, ifname }) => {
    return operstate === 'UP' || ifname === 'lo'
  })
  const mac = links.find((link) => link.ifname === leg.interface)?.address
  if (mac === undefined) throw new Error(`${namespace} has no ${leg.interface}`)
  return {
    role: host.role,
    namespace,
    interfaces: host.legs.map((l) => l.interface),
    mac,
    ipv4,
    ipv6,
    sources4: leg.addresses4,
    sources6: leg.addresses6,
  }
}

interface ShownLink {
  readonly ifname: string
  readonly address?: string
  /** of a link */
  readonly operstate?: string
  /** of a bridge's port */
  readonly state?: string
}

/** The kernel brings links up in its own time; a packet sent before is lost. */
async function whenEvery(
  lab: Lab,
  [namespace, argv]: readonly [namespace: string, argv: readonly string[]],
  ready: (link: ShownLink) => boolean,
): Promise<ShownLink[]> {
  for (let tries = 0; ; tries++) {
    const shown = await lab.must(namespace, argv)
    const links = JSON.parse(shown) as ShownLink[]
    if (links.every(ready)) return links
    if (tries === 100) throw new Error(`links in ${namespace} do not come up: ${shown}`)
    await sleep(20)
  }
}
