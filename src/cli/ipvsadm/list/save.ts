// SPDX-License-Identifier: Apache-2.0
// -S: the table as the command lines that make it. ipvsadm saves neither thresholds nor time-outs.
import type { EndpointText } from './endpoints.js'
import { type Group, markText, protocolOf } from './rows.js'
import { savedTerms } from './terms.js'

const WORDS = { tcp: '-t', udp: '-u', sctp: '--sctp-service' } as const

export function saveLines(groups: readonly Group[], text: EndpointText): readonly string[] {
  return groups.flatMap((group) => {
    const name = serviceWords(group, text)
    return [
      `-A ${name} ${savedTerms(group.service)}`,
      ...group.reals.map(
        (real) =>
          `-a ${name} -r ${text(real.address, real.port, protocolOf(group))} -g -w ${real.effectiveWeight}`,
      ),
    ]
  })
}

function serviceWords({ service: { match } }: Group, text: EndpointText): string {
  if (match.mark !== undefined) return `-f ${markText(match.mark)}${match.family === 6 ? ' -6' : ''}`
  return `${WORDS[match.protocol]} ${text(match.vip, match.port, match.protocol)}`
}
