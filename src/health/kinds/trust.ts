// SPDX-License-Identifier: Apache-2.0
// What TLS may be when it is health that is asked: anything; and when it is to be verified: what leads to an authority
// that this system knows, which is read again when the system's list changes.
import { readFileSync, statSync } from 'node:fs'
import { createSecureContext, type SecureContext } from 'node:tls'

const LISTS: readonly string[] = [
  '/etc/ssl/certs/ca-certificates.crt', // Debian, Alpine
  '/etc/pki/tls/certs/ca-bundle.crt', // Fedora, RHEL
  '/etc/ssl/ca-bundle.pem', // SUSE
  '/etc/ssl/cert.pem',
]

let lax: SecureContext | undefined
let strict: { readonly context: SecureContext; readonly of: string } | undefined

export function secureContext(verify: boolean): SecureContext {
  if (verify) return strictContext()
  lax ??= createSecureContext({ minVersion: 'TLSv1', ciphers: 'DEFAULT:@SECLEVEL=0' })
  return lax
}

/** SSL_CERT_FILE, as OpenSSL has it, before the places where systems keep the list; Node's own list when there is none. */
function strictContext(): SecureContext {
  const { SSL_CERT_FILE: named } = process.env
  const path = (named === undefined ? LISTS : [named]).find((one) => changed(one) !== undefined)
  const of = path === undefined ? '' : `${path} ${changed(path)}`
  if (strict?.of === of) return strict.context
  const context = createSecureContext(path === undefined ? {} : { ca: readFileSync(path) })
  strict = { context, of }
  return context
}

function changed(path: string): number | undefined {
  return statSync(path, { throwIfNoEntry: false })?.mtimeMs
}
