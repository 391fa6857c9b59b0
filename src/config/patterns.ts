// SPDX-License-Identifier: Apache-2.0
// Regular expressions (ECMA 262, as JSON Schema wants them) for exactly the texts that the model's words accept.

const OCTET = '(?:25[0-5]|2[0-4][0-9]|1[0-9]{2}|[1-9]?[0-9])'
const IPV4 = `${OCTET}(?:\\.${OCTET}){3}`
const GROUP = '[0-9a-fA-F]{1,4}'
const IPV6 = ipv6()
const NUMBER_1_65535 =
  '(?:[1-9][0-9]{0,3}|[1-5][0-9]{4}|6[0-4][0-9]{3}|65[0-4][0-9]{2}|655[0-2][0-9]|6553[0-5])'
const NUMBER_0_65535 = `(?:0|${NUMBER_1_65535})`

/** What is left out: unspecified, loopback, multicast, broadcast; link-local and IPv4-mapped for IPv6. */
const HOST4 = `(?!(?:0|127|22[4-9]|23[0-9])\\.|255\\.255\\.255\\.255(?![0-9.]))${IPV4}`
const END = '(?![0-9a-fA-F:.])'
const HOST6 = [
  '(?![fF]{2}[0-9a-fA-F]{2}:|[fF][eE][89abAB][0-9a-fA-F]:)',
  `(?![0:]+(?:0{0,3}1|0\\.0\\.0\\.[01])?${END})`,
  `(?![0:]*:[fF]{4}:(?:${GROUP}:${GROUP}|${IPV4})${END})`,
  `(?!(?:0{1,4}:){5}[fF]{4}:(?::(?:${GROUP})?|0{1,4}::|:?${GROUP}::)${END})`,
  `(?:${IPV6})`,
].join('')

const LABEL = '[a-zA-Z0-9](?:[a-zA-Z0-9-]*[a-zA-Z0-9])?'
const HOST_NAME = `(?![0-9.]+:)(?=[^:]{1,253}:)${LABEL}(?:\\.${LABEL})*`

export const HOST_PATTERN = `^(?=.{1,253}$)${LABEL}(?:\\.${LABEL})*$`
export const ADDRESS_PATTERN = `^(?:${HOST4}|${HOST6})$`
export const VIP_PATTERN = `^(?:${HOST4}|\\[${HOST6}\\]):${NUMBER_0_65535}$`
export const REAL_PATTERN = `^(?:${HOST4}(?::${NUMBER_0_65535})?|${HOST6}|\\[${HOST6}\\](?::${NUMBER_0_65535})?)$`
const PORTS = `\\s*${NUMBER_0_65535}\\s*(?:[:-]\\s*${NUMBER_0_65535}\\s*)?`
/** That a range does not end before it begins cannot be seen here. */
export const PORTS_PATTERN = `^${PORTS}(?:,${PORTS})*$`
export const LISTEN_PATTERN = `^(?:${IPV4}|\\[(?:${IPV6})\\]|${HOST_NAME})?:${NUMBER_1_65535}$`
export const NETMASK_PATTERN = `^(?!0\\.0\\.0\\.0$)${IPV4}$`
export const MAC_PATTERN =
  '^(?!00(?:[:-]00){5}$)[0-9a-fA-F][02468aceACE]([:-])[0-9a-fA-F]{2}(?:\\1[0-9a-fA-F]{2}){4}$'
/** Bytes cannot be counted here: names beyond ASCII may still be too long. */
export const INTERFACE_PATTERN = '^(?!\\.{1,2}$)[^/:\\s\\u0000]{1,15}$'
export const PATH_PATTERN = '^/[^\\u0000]{0,4094}[^/\\u0000]$'
export const NAME_PATTERN = '^[^\\u0000-\\u001f\\u007f-\\u009f\\u2028\\u2029]{1,128}$'

/** RFC 4291 section 2.2: eight groups, or fewer around one '::'; the last two may be a dotted quad. */
function ipv6(): string {
  const forms = [`(?:${GROUP}:){7}${GROUP}`, `(?:${GROUP}:){6}${IPV4}`]
  for (let before = 0; before <= 7; before++) {
    const head = before === 0 ? '' : `${GROUP}(?::${GROUP}){${before - 1}}`
    const after = 7 - before
    const tails = after === 0 ? [] : [`${GROUP}(?::${GROUP}){0,${after - 1}}`]
    if (after >= 2) tails.unshift(`(?:${GROUP}:){0,${after - 2}}${IPV4}`)
    forms.push(`${head}::${tails.length === 0 ? '' : `(?:${tails.join('|')})?`}`)
  }
  return forms.join('|')
}
