// SPDX-License-Identifier: Apache-2.0
// Checks and health -> what a file says of them: nothing that goes without saying, a word where that is enough.
import { briefCheck } from '../model/check-specs.js'
import { type Check, DEFAULT_PASSIVE, type HealthPolicy, type HttpAsk, type Notify } from '../model/checks.js'
import { wordOf } from '../model/judge.js'
import { realText } from '../model/keys.js'
import type { ServiceMatch } from '../model/types.js'

export function printChecks(checks: readonly Check[], of: ServiceMatch) {
  return checks.map((check) => printCheck(check, of))
}

function printCheck(check: Check, of: ServiceMatch): unknown {
  const { kind, asks, command, ...rest } = briefCheck(check, of)
  const inFile = {
    ...(asks === undefined ? {} : printAsks(asks as readonly HttpAsk[])),
    ...(command === undefined ? {} : { command: printCommand(command as readonly string[]) }),
    ...Object.fromEntries(Object.entries(rest).map(([key, value]) => [wordOf(key), value])),
  }
  return Object.keys(inFile).length === 0 ? kind : { kind, ...inFile }
}

function printAsks(asks: readonly HttpAsk[]) {
  const [only] = asks
  if (asks.length === 1 && only !== undefined) return printAsk(only)
  return { asks: asks.map((ask) => (Object.keys(ask).length === 1 ? ask.path : printAsk(ask))) }
}

function printAsk({ path, status, body, ...rest }: HttpAsk) {
  return {
    path,
    ...(status === undefined ? {} : { status: statusText(status) }),
    ...(body === undefined ? {} : { body: 'contains' in body ? body.contains : body }),
    ...rest,
  }
}

function statusText(ranges: NonNullable<HttpAsk['status']>): number | string {
  const texts = ranges.map(([first, last]) => (first === last ? `${first}` : `${first}-${last}`))
  return texts.length === 1 && /^\d+$/.test(texts[0] as string) ? Number(texts[0]) : texts.join(',')
}

export function printHealth(health: HealthPolicy) {
  const { sorry, passive, notify, ...rest } = health
  return {
    ...Object.fromEntries(Object.entries(rest).map(([key, value]) => [wordOf(key), value])),
    ...(sorry === undefined ? {} : { sorry: realText(sorry) }),
    ...(passive === undefined ? {} : { passive: isDefault(passive) ? true : passive }),
    ...(notify === undefined ? {} : { notify: printNotify(notify) }),
  }
}

function isDefault({ retries, pause, most }: NonNullable<HealthPolicy['passive']>): boolean {
  return (
    retries === DEFAULT_PASSIVE.retries && pause === DEFAULT_PASSIVE.pause && most === DEFAULT_PASSIVE.most
  )
}

export function printNotify({ up, down }: Notify) {
  return {
    ...(up === undefined ? {} : { up: printCommand(up) }),
    ...(down === undefined ? {} : { down: printCommand(down) }),
  }
}

function printCommand(command: readonly string[]): string | readonly string[] {
  return command.length === 1 ? (command[0] as string) : command
}
