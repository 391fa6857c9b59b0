// SPDX-License-Identifier: Apache-2.0
// A packet's way, one line for each step, in the datapath's order. Pure.
import type { ExplainStep } from '../api/contract-sight.js'
import type { Placed, Told, ToldChoice, ToldConn, ToldHop, ToldTemplate } from '../datapath/told.js'
import type { Attachment, NextHopState } from '../datapath/types.js'
import { STANDING_REASONS } from '../model/health-words.js'
import { endpointText, realKey, realText } from '../model/keys.js'
import type { RealKey } from '../model/types.js'
import type { ActualService } from '../plan/actual.js'
import { packetText, verdictText, vlanText } from './explain-words.js'
import type { Standings } from './standings.js'

export interface Scene {
  readonly told: Told
  readonly attachment: Attachment
  /** what is not as it came: 'made up: ...' */
  readonly notes: readonly string[]
  readonly standings: Standings
  readonly nextHop: (address: string) => NextHopState
  readonly interfaceName: (ifindex: number) => string
  /** whom the scheduler would choose without the one it chose; undefined: it was not asked */
  readonly runnerUp: RunnerUp | undefined
  readonly bytes: number
}

/** absent `real`: nobody */
export interface RunnerUp {
  readonly real?: RealKey
}

type Text = string | undefined

export function stepsOf(scene: Scene): readonly ExplainStep[] {
  const { told } = scene
  const texts: readonly (readonly [ExplainStep['step'], Text])[] = [
    ['interface', interfaceText(scene.attachment)],
    ['packet', [packetText(told, scene.bytes), ...scene.notes].join('; ')],
    ['vip', told.vip === undefined ? undefined : `${told.vip} is a VIP`],
    ['connection', connectionText(told)],
    ['service', serviceText(told)],
    ['template', told.template && templateText(told.template)],
    ['scheduler', told.choice && told.service && schedulerText(told, told.service, told.choice, scene)],
    ['real', told.real && realLine(told, told.real, scene.standings)],
    ['nexthop', told.hop && hopText(told, told.hop, scene)],
    ['verdict', verdictText(told)],
  ]
  return texts.flatMap(([step, text]) => (text === undefined ? [] : [{ step, text }]))
}

export function keyOf({ service, real }: Placed): RealKey {
  return realKey(service.key, service.match.mark === undefined ? real.address : real)
}

function nameOf({ service, real }: Placed): string {
  return service.match.mark === undefined ? real.address : realText(real)
}

function interfaceText({ interface: name, mac, mode }: Attachment): string {
  return `${name}, ${mac}, ${mode} XDP`
}

function connectionText({ flow, vip, conn }: Told): Text {
  if (flow === undefined || vip === undefined) return undefined
  if (flow.fragment === 'later') return 'a later fragment: it follows the first, if that was seen'
  if (conn !== undefined) return stateText(conn)
  const which = flow.about === 'ipsec' ? 'IKE flow' : 'connection'
  const [client, virtual] = [endpointText(flow.client, flow.clientPort), endpointText(vip, flow.port)]
  return `no ${which} of ${client} with ${virtual}`
}

function stateText({ state, to, expiresIn, expired, givesWay, controlled }: ToldConn): string {
  const where = to === undefined ? 'a real server that is gone' : nameOf(to)
  const through = controlled ? ', made through a persistence template' : ''
  const head = `${state} to ${where}${through}`
  if (expired) return `${head}; its time is over, so it is as if there were none`
  const rest = `${head}, expires in ${expiresIn} s`
  return givesWay ? `${rest}; this packet does not follow it but chooses anew` : rest
}

function serviceText({ service, flow, vip, reason }: Told): Text {
  if (service === undefined)
    return reason === 'pass_no_service' && flow && vip
      ? `no service of ${vip} takes ${flow.protocol} port ${flow.port}`
      : undefined
  const { key, scheduler, reals, persistence, onePacket } = service
  const weight = reals.reduce((sum, real) => sum + real.weight, 0)
  const many = `${reals.length} real server${reals.length === 1 ? '' : 's'}`
  const sticky = persistence ? `, persistent for ${persistence.timeout} s` : ''
  return `${key}, ${scheduler}, ${many}, weight ${weight}${sticky}${onePacket ? ', one packet' : ''}`
}

function templateText({ found, to, timeout, expiresIn }: ToldTemplate): string {
  if (found === 'none' || to === undefined) return 'no template of this client'
  const head = `template of ${timeout} s to ${nameOf(to)}`
  if (found === 'used')
    return expiresIn < 0 ? `${head}, held by its connections` : `${head}, expires in ${expiresIn} s`
  return found === 'over' ? `${head}, over` : `${head}, void: its real server takes nothing new`
}

function schedulerText(told: Told, service: ActualService, choice: ToldChoice, { runnerUp }: Scene): string {
  const { to, byHash } = choice
  const { scheduler } = service
  if (to === undefined) return `${scheduler}: no real server is usable`
  const how = byHash
    ? 'no room in the connection table, so by a hash of the flow'
    : `${scheduler}: ${howText(told, service, choice)}`
  if (runnerUp === undefined) return `${how} -> ${nameOf(to)}`
  const without = runnerUp.real === undefined ? 'nobody' : (runnerUp.real.split(' > ')[1] ?? '')
  return `${how} -> ${nameOf(to)}; without it ${without}`
}

function howText({ vip }: Told, { scheduler }: ActualService, { pick, of, near }: ToldChoice): string {
  switch (scheduler) {
    case 'rr':
    case 'wrr':
      return `pick ${pick + 1} of ${of}`
    case 'sh':
    case 'dh':
    case 'mh':
      return `slot ${pick} of ${of}`
    case 'lblc':
    case 'lblcr':
      return near ? `remembered for ${vip}` : 'the lowest score'
    case 'fo':
      return 'the heaviest that is usable'
    case 'ovf':
      return 'the heaviest that is not full'
    case 'nq':
      return 'the first idle one, or the lowest score'
    case 'twos':
      return 'two draws by weight, the less loaded of them; a packet draws anew'
    default:
      return 'the lowest score'
  }
}

function realLine({ load }: Told, placed: Placed, { reals }: Standings): string {
  const { real } = placed
  const { active, inactive } = load(real.id)
  const standing = reals.get(keyOf(placed))
  const parts = [`weight ${real.weight}`, `${active} active and ${inactive} inactive connections`]
  if (real.state === 'trash') parts.push('removed from its service')
  else if (real.drain) parts.push(`drained (${real.drain})`)
  else if (standing && standing.reason !== 'unchecked')
    parts.push(`${standing.up ? 'up' : 'down'}: ${STANDING_REASONS[standing.reason]}`)
  if (real.overloaded) parts.push(`overloaded, upper threshold ${real.upper}`)
  return `${nameOf(placed)}: ${parts.join(', ')}`
}

function hopText({ real }: Told, hop: ToldHop, { interfaceName, nextHop }: Scene): string {
  if (hop.kind === 'local') return 'this host itself'
  if (hop.kind === 'unresolved') {
    const why = real && nextHop(real.real.address).why
    return why === undefined ? 'unresolved' : `unresolved: ${why}`
  }
  const mtu = hop.mtu > 0 ? `, MTU ${hop.mtu}` : ''
  return `${hop.destination} on ${interfaceName(hop.ifindex)}${vlanText(hop.vlan)}${mtu}`
}
