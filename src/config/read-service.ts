// SPDX-License-Identifier: Apache-2.0
// One service of a file -> the domain's. What hangs on its family, port or scheduler is judged here.
import { familyOf } from '../abi/address.js'
import type { Check } from '../model/checks.js'
import { canonicalFlags, FLAG_WORDS, flagFitFault, flagNumber } from '../model/flags.js'
import { parseNetmask, prefixFault, wholeAddress } from '../model/persistence.js'
import {
  DEFAULT_PROTOCOL,
  DEFAULT_SCHEDULER,
  DEFAULT_WEIGHT,
  type Fault,
  MARK,
  PROTOCOLS,
  rangeFault,
  SCHEDULERS,
} from '../model/rules.js'
import type {
  Family,
  Persistence,
  Protocol,
  Real,
  SchedulerFlag,
  SchedulerName,
  ServiceBody,
  ServiceMatch,
} from '../model/types.js'
import type { Finding, Path } from '../model/validate.js'
import { parseRealId, parseVip, type RealPorts, samePort, splitEndpoint } from '../model/words.js'
import { readChecks, readHealth, readNotify } from './read-checks.js'
import { type Draft, given, items, knownWord, numberIn, type Values, values } from './values.js'

interface MatchDraft {
  readonly vip?: string | undefined
  readonly port?: number | undefined
  readonly protocol?: Protocol | undefined
  readonly mark?: number | undefined
  readonly family?: Family | undefined
}

/** Checks that are wrong are holes among the others. */
type ChecksDraft = { readonly checks?: readonly (Check | undefined)[] | undefined }
type RealDraft = Draft<Omit<Real, 'checks'>> & ChecksDraft

export type ServiceDraft = MatchDraft &
  Draft<Omit<ServiceBody, 'reals' | 'checks'>> &
  ChecksDraft & { readonly reals: readonly RealDraft[] }

const ON_DOWN = ['quiesce', 'remove']

/** Notes what is wrong with `key` of the thing that is being read. */
type Note = (path: Path, fault: Fault | undefined) => void

export function readService(file: Values, path: Path, findings: Finding[]): ServiceDraft {
  const note: Note = (at, fault) => {
    if (fault) findings.push({ path: [...path, ...at], ...fault })
  }
  const { scheduler = DEFAULT_SCHEDULER, flags: words, persistence: stay, name, reals } = file
  const match = readMatch(file)
  const family = match.vip === undefined ? match.family : familyOf(match.vip)
  const persistence = family === undefined ? undefined : readPersistence(stay, family, note)
  const flags = readFlags(words, knownWord(scheduler, SCHEDULERS) as SchedulerName | undefined, note)
  const ports = match.mark === undefined ? match.port : 'own'
  const checking: Checking = {
    of: (match.mark === undefined ? { vip: '', port: -1, ...match } : match) as ServiceMatch,
    findings,
  }
  const checks = readChecks(file['checks'], checking.of, [...path, 'checks'], findings)
  const health = readHealth(file['health'], checking.of, [...path, 'health'], findings)
  return {
    ...match,
    scheduler: scheduler as SchedulerName,
    ...(flags.length === 0 ? {} : { flags }),
    ...(persistence === undefined ? {} : { persistence }),
    ...(file['one-packet'] === true ? { onePacket: true as const } : {}),
    ...(typeof name === 'string' ? { name } : {}),
    ...(checks.length === 0 ? {} : { checks }),
    ...(health === undefined ? {} : { health }),
    owner: 'file',
    reals: items(reals).map((item, i) => ({
      ...readReal(item, ports, ['reals', i], note),
      ...readRealHealth(values(item), checking, [...path, 'reals', i]),
    })),
  }
}

interface Checking {
  readonly of: ServiceMatch
  readonly findings: Finding[]
}

function readRealHealth(file: Values, { of, findings }: Checking, path: Path): RealDraft {
  const { checks, passive, notify } = file
  const told = readNotify(notify, [...path, 'notify'], findings)
  return {
    ...(Array.isArray(checks) ? { checks: readChecks(checks, of, [...path, 'checks'], findings) } : {}),
    ...(passive === false ? { passive } : {}),
    ...(knownWord(file['on-down'], ON_DOWN) ? { onDown: file['on-down'] as Real['onDown'] } : {}),
    ...(told === undefined ? {} : { notify: told }),
  }
}

function readMatch({ vip: text, protocol = DEFAULT_PROTOCOL, mark, family }: Values): MatchDraft {
  if (mark !== undefined) {
    const wrong = rangeFault('mark', mark, MARK)
    return wrong ? {} : { mark: mark as number, family: family === 'ipv6' ? 6 : 4 }
  }
  const vip = typeof text === 'string' ? given(parseVip(text)) : undefined
  return {
    vip: vip?.address,
    port: vip?.port,
    protocol: knownWord(protocol, PROTOCOLS) as Protocol | undefined,
  }
}

function readFlags(
  file: unknown,
  scheduler: SchedulerName | undefined,
  note: Note,
): readonly SchedulerFlag[] {
  const flags = items(file).flatMap((item, i): SchedulerFlag[] => {
    const word = knownWord(item, FLAG_WORDS)
    if (word === undefined || scheduler === undefined) return []
    note(['flags', i], flagFitFault(word, scheduler))
    return [flagNumber(word)]
  })
  return canonicalFlags(flags)
}

function readReal(item: unknown, ports: RealPorts | undefined, path: Path, note: Note): RealDraft {
  const plain = typeof item === 'string'
  const {
    address: text,
    port: key,
    weight = DEFAULT_WEIGHT,
    name,
    ...limits
  } = plain ? ({ address: item } as Values) : values(item)
  const id = typeof text === 'string' ? given(parseRealId(text, 'own')) : undefined
  if (id === undefined) return {}
  const written = splitEndpoint(text as string).port
  if (typeof ports === 'number' && written !== undefined)
    note(plain ? path : [...path, 'address'], samePort(id.address, Number(written), ports))
  if (written !== undefined && key !== undefined)
    note([...path, 'port'], { reason: `real ${id.address} has two ports`, fix: 'keep one of them' })
  const port = ownPort(numberIn(key) ?? (ports === 'own' ? id.port : undefined), ports)
  return {
    address: id.address,
    ...(port === undefined ? {} : { port }),
    weight: weight as number,
    ...readThresholds(limits),
    ...(typeof name === 'string' ? { name } : {}),
  }
}

/** 0 is none. */
function readThresholds({ upper, lower }: Values): Pick<Draft<Real>, 'upper' | 'lower'> {
  return {
    ...(numberIn(upper) ? { upper: upper as number } : {}),
    ...(numberIn(lower) ? { lower: lower as number } : {}),
  }
}

/** What the service says already is not said again; without a known service nothing can be said. */
function ownPort(port: number | undefined, ports: RealPorts | undefined): number | undefined {
  return port === 0 || port === ports || ports === undefined ? undefined : port
}

function readPersistence(file: unknown, family: Family, note: Note): Persistence | undefined {
  if (file === undefined) return undefined
  if (typeof file === 'number') return { timeout: file, prefix: wholeAddress(family) }
  const { timeout, netmask, prefix = wholeAddress(family) } = values(file)
  if (typeof netmask === 'string') {
    const net = parseNetmask(netmask, family)
    if (net.ok) return { timeout: timeout as number, ...net.value }
    if (family === 6) note(['persistence', 'netmask'], net.problems[0] as Fault)
  } else if (typeof prefix === 'number' && family === 4 && prefix <= 128)
    note(['persistence', 'prefix'], prefixFault(prefix, family))
  return { timeout: timeout as number, prefix: prefix as number }
}
