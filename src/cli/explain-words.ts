// SPDX-License-Identifier: Apache-2.0
// The words of `xlvs explain`: a packet, or one of a capture, and what is to be taken for true.
import type { ExplainRequest, WhatIf } from '../api/contract-sight.js'
import { readExplainRequest } from '../api/parse-explain.js'
import { fail, quote, succeed } from '../model/describe.js'
import { wholeNumber } from '../model/rules.js'
import type { Outcome, Protocol } from '../model/types.js'
import { splitEndpoint } from '../model/words.js'

export interface ExplainOptions {
  readonly proto?: string
  readonly flags?: string
  readonly iface?: string
  readonly whatIf?: string
}

/** '198.51.100.7' or with a port, and '192.0.2.10:80'; judged as the daemon would. */
export function requestOf(client: string, vip: string, options: ExplainOptions): Outcome<ExplainRequest> {
  const [from, to] = [splitEndpoint(client), splitEndpoint(vip)]
  if (to.port === undefined)
    return fail({ subject: 'vip', reason: `${quote(vip)} has no port`, fix: 'write it like 192.0.2.10:80' })
  const common = commonOf(options)
  if (!common.ok) return common
  return judged({
    client: from.address,
    ...(from.port !== undefined && { clientPort: wholeNumber(from.port) as number }),
    vip: to.address,
    port: wholeNumber(to.port) as number,
    ...(options.proto !== undefined && { protocol: options.proto as Protocol }),
    ...(options.flags !== undefined && { flags: options.flags as NonNullable<ExplainRequest['flags']> }),
    ...common.value,
  })
}

/** A frame as it arrived. */
export function frameRequest(frame: Uint8Array, options: ExplainOptions): Outcome<ExplainRequest> {
  const common = commonOf(options)
  return common.ok ? judged({ frame: Buffer.from(frame).toString('hex'), ...common.value }) : common
}

function commonOf({ iface, whatIf }: ExplainOptions): Outcome<Pick<ExplainRequest, 'interface' | 'whatIf'>> {
  const changes = whatIf === undefined ? succeed(undefined) : whatIfWords(whatIf)
  if (!changes.ok) return changes
  return succeed({
    ...(iface !== undefined && { interface: iface }),
    ...(changes.value && { whatIf: changes.value }),
  })
}

function judged(request: ExplainRequest): Outcome<ExplainRequest> {
  const read = readExplainRequest(request)
  return read.ok ? succeed(request) : read
}

/** 'down=192.0.2.21,weight=192.0.2.22:5': the last colon stands before the weight. */
export function whatIfWords(text: string): Outcome<readonly WhatIf[]> {
  const all: WhatIf[] = []
  for (const item of text.split(',').map((part) => part.trim())) {
    const match = /^(?:down=(\S+)|weight=(\S+):([0-9]+))$/.exec(item)
    if (match === null) {
      const fix = 'write down=192.0.2.21 or weight=192.0.2.21:5, several with commas'
      return fail({ subject: '--what-if', reason: `${quote(item)} is not understood`, fix })
    }
    const [, down, real, weight] = match
    if (down !== undefined) all.push({ down: bare(down) })
    else all.push({ real: bare(real ?? ''), weight: Number(weight) })
  }
  return succeed(all)
}

/** [2001:db8::21] without a port */
function bare(text: string): string {
  return /^\[([^\]]*)\]$/.exec(text)?.[1] ?? text
}
