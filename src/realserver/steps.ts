// SPDX-License-Identifier: Apache-2.0
// Steps as an operator would type them, and a name for each that says what it is about. Pure.
import { familyOf } from '../abi/address.js'
import { dotted } from './arp.js'
import { ARP_TABLE } from './nft.js'
import type { Step } from './types.js'

/** Lines for a shell. */
export function commandsOf(step: Step): readonly string[] {
  switch (step.kind) {
    case 'setting':
      return [`sysctl -w ${dotted(step.key)}=${step.value}`]
    case 'dummy':
    case 'address':
      return ipWords(step).map((words) => `ip ${words.join(' ')}`)
    case 'rules':
      return ["nft -f - <<'END'", ...step.text.trimEnd().split('\n'), 'END']
    case 'file':
      return [
        `install -D -m ${step.mode.toString(8)} /dev/stdin ${shellWord(step.path)} <<'END'`,
        ...step.text.trimEnd().split('\n'),
        'END',
      ]
  }
}

/** Words of the ip command that carry a step out, in order. */
export function ipWords(step: Step & { kind: 'dummy' | 'address' }): readonly (readonly string[])[] {
  if (step.kind === 'dummy')
    return [
      ['link', 'add', 'dev', step.name, 'type', 'dummy'],
      ['link', 'set', 'dev', step.name, 'up'],
    ]
  const place = [`${step.address}/${step.prefix}`, 'dev', step.device]
  return [['address', 'add', ...place, ...(familyOf(step.address) === 6 ? ['nodad'] : [])]]
}

/** What two steps about the same thing have in common. */
export function subjectOf(step: Step): string {
  switch (step.kind) {
    case 'setting':
      return dotted(step.key)
    case 'dummy':
      return step.name
    case 'address':
      return `${step.address} on ${step.device}`
    case 'rules':
      return `table arp ${ARP_TABLE}`
    case 'file':
      return step.path
  }
}

/** 'net.ipv4.conf.all.arp_ignore is 1 (was 0)' */
export function doneText(step: Step): string {
  switch (step.kind) {
    case 'setting':
      return `${subjectOf(step)} is ${step.value} (was ${step.was})`
    case 'dummy':
      return `interface ${step.name} is made`
    case 'address':
      return `${step.address} is on ${step.device}`
    case 'rules':
      return `${subjectOf(step)} is made${step.was === null ? '' : ' anew'}`
    case 'file':
      return `${step.path} is written${step.was === null ? '' : ' anew'}`
  }
}

function shellWord(text: string): string {
  return /^[\w./:@%+=-]+$/.test(text) ? text : `'${text.replaceAll("'", "'\\''")}'`
}
