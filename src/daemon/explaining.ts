// SPDX-License-Identifier: Apache-2.0
// What would become of a packet, and why: the datapath's own program is asked, nothing is changed.
import { formatMac, macToBytes, sameBytes } from '../abi/address.js'
import type { Candidate, Explanation, WhatIf } from '../api/contract-sight.js'
import { ANY_CLIENT_PORT, type ExplainWish } from '../api/parse-explain.js'
import type { Told } from '../datapath/told.js'
import type { Attachment, Datapath } from '../datapath/types.js'
import { fail, oneOf, succeed } from '../model/describe.js'
import { realKey, realText } from '../model/keys.js'
import type { Outcome } from '../model/types.js'
import type { Actual, ActualReal, ActualService } from '../plan/actual.js'
import { candidatesOf } from '../plan/candidates.js'
import type { WeightChange } from '../plan/what-if.js'
import { MADE_UP_MAC, madeUpFrame } from './explain-frame.js'
import { keyOf, type RunnerUp, stepsOf } from './explain-steps.js'
import { sentAs } from './explain-words.js'
import { isDown, type Standings } from './standings.js'

export interface Asked {
  readonly datapath: Datapath
  readonly standings: Standings
}

export function explain({ datapath, standings }: Asked, wish: ExplainWish): Outcome<Explanation> {
  const attachment = arrivesAt(datapath.attachments(), wish.interface)
  if (!attachment.ok) return attachment
  const changes = changesOf(datapath.actual(), wish.whatIf)
  if (!changes.ok) return changes
  const { frame, notes } = frameOf(wish, attachment.value)
  const { ifindex } = attachment.value
  const ask = (more: readonly WeightChange[]) =>
    datapath.rehearse(frame, ifindex, [...changes.value, ...more])
  const outcome = ask([])
  if (!outcome.ok) return outcome
  const told = outcome.value
  const { packet } = wish
  if (told.reason === 'pass_not_vip' && !(packet instanceof Uint8Array)) return noVip(packet.vip)
  const runnerUp = wish.brief ? undefined : runnerUpOf(told, ask)
  const steps = stepsOf({
    ...{ told, attachment: attachment.value, notes, standings, runnerUp, bytes: frame.length },
    nextHop: (address) => datapath.nextHop(address),
    interfaceName: (index) => interfaceName(datapath, told, index),
  })
  const rest = wish.brief ? {} : detailsOf(told, standings, runnerUp)
  return succeed({ steps, ...endOf(datapath, told, attachment.value), ...rest, ...whatIfOf(wish) })
}

function endOf(datapath: Datapath, told: Told, { interface: name, ifindex }: Attachment) {
  const { reason, action, service, real } = told
  const sent = sentAs(told)
  const out = action === 'redirect' ? interfaceName(datapath, told, told.hop?.ifindex ?? ifindex) : name
  const key = service?.key ?? real?.service.key
  return {
    reason,
    action: action === 'aborted' ? ('drop' as const) : action,
    ...(key !== undefined && { service: key }),
    ...(real && { real: keyOf(real) }),
    ...(sent && {
      macs: { destination: sent.destination, source: sent.source },
      vlan: sent.vlan,
      interface: out,
    }),
  }
}

function detailsOf(told: Told, standings: Standings, runnerUp: RunnerUp | undefined) {
  const { choice, service, load } = told
  return {
    ...(choice && service && { candidates: candidates(service, load, standings) }),
    ...(runnerUp?.real !== undefined && { runnerUp: runnerUp.real }),
  }
}

function whatIfOf({ whatIf }: ExplainWish) {
  return whatIf.length > 0 ? { whatIf } : {}
}

function candidates(service: ActualService, load: Told['load'], { reals }: Standings): readonly Candidate[] {
  return candidatesOf(service, load).map(({ real, unusable, active, inactive, score }) => {
    const key = keyOf({ service, real })
    const standing = reals.get(key)
    const why =
      unusable === 'weight 0' && standing && isDown(standing) ? `down: ${standing.reason}` : unusable
    return {
      real: key,
      weight: real.weight,
      active,
      inactive,
      ...(why !== undefined && { unusable: why }),
      ...(score !== undefined && { score }),
    }
  })
}

/** twos draws: whom it would draw without one says nothing. */
function runnerUpOf(
  { choice, service }: Told,
  ask: (changes: readonly WeightChange[]) => Outcome<Told>,
): RunnerUp | undefined {
  if (!choice?.to || service === undefined || service.scheduler === 'twos') return undefined
  const without = ask([{ real: choice.to.real.id, weight: 0 }])
  if (!without.ok) return undefined
  const next = without.value.choice?.to
  return next ? { real: keyOf(next) } : {}
}

function arrivesAt(attachments: readonly Attachment[], name: string | undefined): Outcome<Attachment> {
  const [first] = attachments
  if (first === undefined)
    return fail({
      reason: 'no interface is attached, so that no packet arrives',
      fix: 'attach one: xlvs attach eth0',
    })
  const found = name === undefined ? first : attachments.find((one) => one.interface === name)
  if (found !== undefined) return succeed(found)
  const names = attachments.map((one) => one.interface)
  const reason = `the program is not attached to an interface ${name}`
  return fail({ subject: 'interface', reason, fix: `use ${oneOf(names)}` })
}

function frameOf({ packet }: ExplainWish, { mac }: Attachment) {
  if (!(packet instanceof Uint8Array)) {
    const port = packet.clientPort === ANY_CLIENT_PORT ? `client port ${ANY_CLIENT_PORT} and ` : ''
    const notes = [`made up, with ${port}source MAC ${MADE_UP_MAC}`]
    return { frame: madeUpFrame({ ...packet, destination: mac }), notes }
  }
  const own = macToBytes(mac)
  if (packet.length < 14 || sameBytes(packet.subarray(0, 6), own)) return { frame: packet, notes: [] }
  const frame = packet.slice()
  frame.set(own)
  return { frame, notes: [`it came to ${formatMac(packet.subarray(0, 6))}, taken as if to ${mac}`] }
}

function noVip(vip: string): Outcome<never> {
  const fix = 'see: xlvs show services'
  return fail({
    subject: 'vip',
    reason: `${vip} is no VIP of this director: the program passes what comes to it`,
    fix,
  })
}

/** Each names its real servers in every listed service, or in one. */
function changesOf(actual: Actual, whatIf: readonly WhatIf[]): Outcome<readonly WeightChange[]> {
  const changes: WeightChange[] = []
  for (const one of whatIf) {
    const [name, weight] = 'down' in one ? [one.down, 0] : [one.real, one.weight]
    const found = realsNamed(actual, name, one.service)
    if (found.length === 0) return noReal(name, one.service)
    const drained = weight > 0 && found.find(({ drain }) => drain !== undefined)
    if (drained) return isDrained(name)
    changes.push(...found.map(({ id }) => ({ real: id, weight })))
  }
  return succeed(changes)
}

function realsNamed(actual: Actual, name: string, service: string | undefined): readonly ActualReal[] {
  const services = [...actual.services.values()].filter(
    ({ key, listed }) => listed && (service === undefined || key === service),
  )
  return services.flatMap(({ match, reals }) =>
    reals.filter((real) => name === real.address || (match.mark !== undefined && name === realText(real))),
  )
}

function noReal(name: string, service: string | undefined): Outcome<never> {
  const reason =
    service === undefined ? `no service has a real server ${name}` : `there is no ${realKey(service, name)}`
  return fail({ subject: '--what-if', reason, fix: 'see: xlvs show reals' })
}

function isDrained(name: string): Outcome<never> {
  const reason = `${name} is drained, and gets nothing new whatever its weight is`
  return fail({ subject: '--what-if', reason, fix: `end that first: xlvs undrain ${name}` })
}

function interfaceName(datapath: Datapath, { real }: Told, index: number): string {
  const attached = datapath.attachments().find(({ ifindex }) => ifindex === index)
  const known = attached?.interface ?? (real && datapath.nextHop(real.real.address).interface)
  return known ?? `interface ${index}`
}
