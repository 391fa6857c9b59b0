// SPDX-License-Identifier: Apache-2.0
// Scenario -> atomic operations: loops unrolled, expressions evaluated, defaults filled in, mistakes told.
import { Address, evaluate, type Operand, type Variables } from './expression.js'
import { checkPacket } from './packet.js'
import {
  type Config,
  type Fields,
  type Operation,
  type Scenario,
  ScenarioError,
  type Value,
} from './scenario.js'

export function expand(scenario: Scenario): readonly Operation[] {
  const servers = Object.keys(scenario.rs)
  const variables = evaluated(scenario.vars, {}) as Variables
  return atomic(scenario.steps, variables, { scenario, servers, where: `${scenario.name}: step` })
}

/** What the guest builds for a scenario. */
export function configOf({ vips, rs, detail }: Scenario): Config {
  const numbered = Object.entries(rs).map(([name, ips], i) => {
    const mac = `02:00:00:0a:${hex((i + 1) >> 8)}:${hex((i + 1) & 255)}`
    return [name, { ips, mac }] as const
  })
  return { vips, rs: Object.fromEntries(numbered), detail }
}

function hex(byte: number): string {
  return byte.toString(16).padStart(2, '0')
}

interface Place {
  readonly scenario: Scenario
  readonly servers: readonly string[]
  /** How a mistake's sentence begins. */
  readonly where: string
}

type Step = Fields
type Expander = (step: Step, variables: Variables, place: Place) => readonly Operation[]

/** One for each kind of step, found by the field that names it. */
const KINDS: Readonly<Record<string, { readonly fields: readonly string[]; readonly expand: Expander }>> = {
  for: { fields: ['for', 'list', 'steps'], expand: loop },
  ipvsadm: { fields: ['ipvsadm', 'stdin', 'ns'], expand: commands },
  sh: {
    fields: ['sh', 'ns'],
    expand: (step, variables) => [{ op: 'sh', cmd: String(evaluated(step['sh'], variables)), ...ns(step) }],
  },
  sysctl: { fields: ['sysctl', 'ns'], expand: sysctls },
  mark: { fields: ['mark'], expand: mark },
  sleep: { fields: ['sleep'], expand: sleep },
  snap: { fields: ['snap', 'ns', 'lax'], expand: snaps },
  tap: { fields: ['tap', 'dev', 'udp', 'ns'], expand: tap },
  note: { fields: ['note'], expand: (step) => [{ op: 'note', text: String(step['note']) }] },
  pkt: { fields: ['pkt'], expand: (step, variables, place) => [packet(step['pkt'], variables, place)] },
  tcp: { fields: ['tcp'], expand: exchange },
}

function atomic(steps: readonly Value[], variables: Variables, place: Place): readonly Operation[] {
  return steps.flatMap((written, i) => {
    const where = `${place.where} ${i + 1}`
    const step = typeof written === 'string' ? { ipvsadm: written } : written
    if (!isFields(step)) throw new ScenarioError(`${where}: a step is a string or an object`)
    const kind = Object.keys(KINDS).find((name) => name in step)
    const known = kind === undefined ? undefined : KINDS[kind]
    if (known === undefined)
      throw new ScenarioError(
        `${where}: ${JSON.stringify(step)} is no step: one of ${Object.keys(KINDS).join(', ')} is missing`,
      )
    const foreign = Object.keys(step).find((field) => !known.fields.includes(field))
    if (foreign !== undefined)
      throw new ScenarioError(`${where}: "${foreign}" does not belong to a step with "${kind}"`)
    try {
      return known.expand(step, variables, { ...place, where })
    } catch (error) {
      if (!(error instanceof ScenarioError) || error.message.startsWith(place.scenario.name)) throw error
      throw new ScenarioError(`${where}: ${error.message}`)
    }
  })
}

function loop(step: Step, variables: Variables, place: Place): readonly Operation[] {
  const over = isFields(step['for']) ? Object.entries(step['for']) : []
  const [name, range] = over[0] ?? []
  const steps = step['steps']
  if (over.length !== 1 || name === undefined || !Array.isArray(steps))
    throw new ScenarioError('a loop is {"for": {"i": [from, to]}, "steps": [..]}')
  const values = evaluated(range as Value, variables)
  if (!Array.isArray(values)) throw new ScenarioError(`"for": what ${name} goes over is not a list`)
  const [from, to] = values as readonly Operand[]
  const counts = values.length === 2 && step['list'] !== true
  if (counts && !(Number.isInteger(from) && Number.isInteger(to)))
    throw new ScenarioError(`"for": [from, to] are integers, unless "list" is true`)
  const each = counts
    ? Array.from({ length: Math.max(0, Number(to) - Number(from)) }, (_, i) => Number(from) + i)
    : (values as readonly Operand[])
  return each.flatMap((value) => atomic(steps, { ...variables, [name]: value }, place))
}

function commands(step: Step, variables: Variables): readonly Operation[] {
  const stdin = 'stdin' in step ? { stdin: String(step['stdin']) } : {}
  return listed(step['ipvsadm']).map((args) => {
    return { op: 'ipvsadm', args: String(evaluated(args, variables)), ...ns(step), ...stdin }
  })
}

function sysctls(step: Step, variables: Variables): readonly Operation[] {
  return Object.entries(step['sysctl'] as Fields).map(([name, written]) => {
    const value = evaluated(written, variables)
    if (typeof value !== 'number' && typeof value !== 'string')
      throw new ScenarioError(`sysctl ${name}: ${JSON.stringify(value)} is neither number nor text`)
    return { op: 'sysctl', name, value, ...ns(step) }
  })
}

function mark(step: Step, variables: Variables): readonly Operation[] {
  const {
    vip,
    proto,
    ports,
    mark: value,
    ...rest
  } = evaluated(step['mark'], variables) as Record<string, Value>
  const strangers = Object.keys(rest)
  if (strangers.length > 0)
    throw new ScenarioError(`a mark has no "${strangers[0]}": vip, proto, ports, mark`)
  if (typeof vip !== 'string' || !Number.isInteger(value))
    throw new ScenarioError('a mark needs "vip" and "mark", an address and a number')
  if (ports !== undefined && proto === undefined)
    throw new ScenarioError('a mark with "ports" needs "proto": tcp, udp or sctp')
  const narrowed = { ...(proto === undefined ? {} : { proto: String(proto) }) }
  return [
    {
      op: 'mark',
      vip,
      ...narrowed,
      ...(ports === undefined ? {} : { ports: String(ports) }),
      mark: Number(value),
    },
  ]
}

function sleep(step: Step, variables: Variables): readonly Operation[] {
  const s = evaluated(step['sleep'], variables)
  if (typeof s !== 'number' || s < 0)
    throw new ScenarioError(`"sleep": ${JSON.stringify(s)} is no number of seconds`)
  return [{ op: 'sleep', s }]
}

const SNAPSHOTS =
  'list nosort conns conns-text conns-pe stats stats-exact rate thresholds persistent tun timeout daemon save'.split(
    ' ',
  )

function snaps(step: Step): readonly Operation[] {
  const lax = 'lax' in step ? { lax: listed(step['lax']).map(String) } : {}
  return listed(step['snap'])
    .map(String)
    .map((what) => {
      if (!SNAPSHOTS.includes(what) && !/^(?:tap:.+|\/.+)/.test(what))
        throw new ScenarioError(`there is no snapshot ${what}: ${SNAPSHOTS.join(', ')}, tap:NAME or a /path`)
      return { op: 'snap', what, ...ns(step), ...lax }
    })
}

function tap(step: Step): readonly Operation[] {
  if (typeof step['dev'] !== 'string') throw new ScenarioError('a tap needs "dev", the device it listens on')
  return [{ op: 'tap', name: String(step['tap']), dev: step['dev'], udp: step['udp'] === true, ...ns(step) }]
}

function packet(written: Value | undefined, variables: Variables, place: Place): Operation {
  if (!isFields(written)) throw new ScenarioError('"pkt" is an object')
  const fields = evaluated({ ...place.scenario.pkt, ...written }, variables) as Fields
  checkPacket(fields, place.servers)
  return { op: 'pkt', ...fields }
}

/** The client's half of a TCP exchange: a packet for each of the flags in "do". */
function exchange(step: Step, variables: Variables, place: Place): readonly Operation[] {
  if (!isFields(step['tcp'])) throw new ScenarioError('"tcp" is an object')
  const { do: flags = ['S', 'A'], ...fields } = step['tcp']
  return listed(evaluated(flags, variables) as Value).map((each) =>
    packet({ ...fields, proto: 'tcp', flags: each }, variables, place),
  )
}

/** Every string in it that has ${..}: the value when that is all of the string, else text. */
function evaluated(value: Value | undefined, variables: Variables): Value {
  if (typeof value === 'string') return text(value, variables)
  if (Array.isArray(value)) return value.map((each: Value) => evaluated(each, variables))
  if (isFields(value))
    return Object.fromEntries(Object.entries(value).map(([key, each]) => [key, evaluated(each, variables)]))
  return value ?? null
}

function text(value: string, variables: Variables): Value {
  const whole = /^\$\{([^}]*)\}$/.exec(value)?.[1]
  if (whole !== undefined) return plain(evaluate(whole, variables))
  return value.replace(/\$\{([^}]*)\}/g, (_, inside: string) => String(plain(evaluate(inside, variables))))
}

function plain(value: Operand): Value {
  if (value instanceof Address) return value.toString()
  return Array.isArray(value) ? value.map(plain) : (value as string | number | boolean)
}

function ns(step: Step): { readonly ns?: string } {
  return typeof step['ns'] === 'string' ? { ns: step['ns'] } : {}
}

function listed(value: Value | undefined): readonly Value[] {
  return Array.isArray(value) ? value : [value ?? null]
}

function isFields(value: Value | undefined): value is Fields {
  return typeof value === 'object' && value !== null && !Array.isArray(value)
}
