// SPDX-License-Identifier: Apache-2.0
// What an operator may wish of the web console, and what he is told about who can read it.
import { quote } from './describe.js'
import { endpointText } from './keys.js'
import type { Fault } from './rules.js'
import type { Desired } from './types.js'

export interface ConsoleWish {
  /** absolute path of the secret that opens a few changes; absent = the console only shows */
  readonly tokenFile?: string
  /** names under which browsers may ask for it, beside those of this host: 'lb.example.net' */
  readonly hosts?: readonly string[]
}

const LOOPBACK = /^(?:localhost|127(?:\.\d{1,3}){3}|::1)$/i

export function isLoopback(host: string): boolean {
  return LOOPBACK.test(host)
}

const HOST_NAME = /^(?=.{1,253}$)[a-z0-9](?:[a-z0-9-]*[a-z0-9])?(?:\.[a-z0-9](?:[a-z0-9-]*[a-z0-9])?)*$/i

export function hostNameFault(name: string): Fault | undefined {
  if (HOST_NAME.test(name)) return undefined
  return { reason: `host ${quote(name)} is not a name`, fix: 'write it like lb.example.net, without a port' }
}

export const CONSOLE_WITHOUT_PORT: Fault = {
  reason: 'the console has no port',
  fix: 'give one: metrics: 127.0.0.1:9612',
}

export function consoleFault({ metrics, console: wish }: Desired): Fault | undefined {
  if (wish === undefined) return undefined
  const wrong = (wish.hosts ?? []).map(hostNameFault).find((fault) => fault !== undefined)
  return wrong ?? (metrics === undefined ? CONSOLE_WITHOUT_PORT : undefined)
}

/** An address beyond loopback is allowed, and said. */
export function consoleNotices({ metrics }: Pick<Desired, 'metrics'>): readonly string[] {
  if (metrics === undefined || isLoopback(metrics.host)) return []
  const place = endpointText(metrics.host, metrics.port)
  const everywhere = metrics.host === '::' || metrics.host === '0.0.0.0'
  const who = everywhere ? 'any address of this host' : place
  return [
    `metrics and the console are readable by whoever reaches ${who} on port ${metrics.port}, without encryption; ` +
      `with metrics: 127.0.0.1:${metrics.port} only this host reads them`,
  ]
}
