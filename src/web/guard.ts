// SPDX-License-Identifier: Apache-2.0
// Who may ask: not a page from elsewhere that had its name resolved to this host (DNS rebinding), nor one that sends a
// visitor's browser here (CSRF).
import { canonicalAddress } from '../abi/address.js'
import { isLoopback } from '../model/console.js'
import { quote } from '../model/describe.js'
import type { Problem } from '../model/types.js'

export interface Place {
  /** what the port was bound to */
  readonly bound: string
  /** further names, lower case */
  readonly hosts: readonly string[]
}

/** `local`: the address at which the connection arrived. */
export function hostProblem(
  header: string | undefined,
  local: string | undefined,
  { bound, hosts }: Place,
): Problem | undefined {
  const name = nameIn(header)
  if (name === undefined) return { reason: 'the request names no host', fix: 'send a Host header' }
  const here = [bound.toLowerCase(), bare(local ?? ''), ...hosts]
  if (isLoopback(name) || here.includes(name)) return undefined
  return {
    reason: `this console is not known as ${quote(name)}`,
    fix: `ask for it by its address, or name it in the file: console: {hosts: [${name}]}`,
  }
}

/** Browsers send an Origin with what changes something; programs do not. */
export function originProblem(
  origin: string | undefined,
  host: string | undefined,
  { hosts }: Place,
): Problem | undefined {
  if (origin === undefined) return undefined
  const [from, here] = [urlOf(origin), urlOf(`http://${host}`)]
  const same = from && here && (from.host === here.host || hosts.includes(bare(from.hostname)))
  return same ? undefined : { reason: `a page of ${quote(origin)} may not ask for this` }
}

function nameIn(header: string | undefined): string | undefined {
  const url = header && /^[^/?#@\\]+$/.test(header) ? urlOf(`http://${header}`) : undefined
  return url && bare(url.hostname)
}

function urlOf(text: string): URL | undefined {
  return URL.canParse(text) ? new URL(text) : undefined
}

/** Without brackets and a last dot; IPv4 in IPv6 as IPv4. */
function bare(host: string): string {
  const name = host.toLowerCase().replace(/^\[|\]$|\.$/g, '')
  const address = canonicalAddress(name.replace(/^::ffff:(?=\d+\.)/, ''))
  return address ?? name
}
