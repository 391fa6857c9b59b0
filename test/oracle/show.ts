// SPDX-License-Identifier: Apache-2.0
// Answers for people: one line a packet and where it went, listings as ipvsadm printed them.
import type { Answer, Answers, Value } from './scenario.js'

export function show({ heading, answers }: Answers): string {
  const title = `======== ${heading.scenario} - ${heading.about} (Linux ${heading.kernel})`
  return [title, ...answers.flatMap(described)].map((line) => `${line}\n`).join('')
}

function described(answer: Answer): readonly string[] {
  switch (answer.op) {
    case 'pkt':
      return [
        `  ${packetName(answer).padEnd(64)} -> ${answer.v}${answer.n === undefined ? '' : ` x${answer.n}`}`,
        ...(answer.out ?? []).map((frame) => `        ${JSON.stringify(frame)}`),
      ]
    case 'ipvsadm':
      return [`$ ipvsadm ${answer.args}${status(answer)}`, ...printed(answer)]
    case 'sh':
      return [`$ ${answer.cmd}${status(answer)}`, ...printed(answer)]
    case 'sysctl':
      return [`sysctl ${answer.name}=${answer.value}${answer.err === undefined ? '' : `   (${answer.err})`}`]
    case 'mark':
      return [
        `mark ${answer.vip} ${answer.proto ?? 'all'} ${answer.ports ?? 'all'} -> ${answer.mark}${status(answer)}`,
        ...printed(answer),
      ]
    case 'snap':
      return [`snap ${answer.what}`, ...listed(answer)]
    case 'sleep':
      return [`sleep ${answer.s}`]
    case 'tap':
      return [`tap ${answer.name} on ${answer.dev}`]
    case 'note':
      return [`# ${answer.text}`]
  }
}

function status({ rc }: Answer): string {
  return rc === undefined || rc === 0 ? '' : `   (status ${rc})`
}

function printed({ out = [], err = [] }: Answer): readonly string[] {
  return [...out, ...err].map((line) => `    ${String(line)}`)
}

function listed({ text = [], conns = [], frames = [] }: Answer): readonly string[] {
  return [
    ...text.map((line) => `    ${line}`),
    ...conns.map(
      ({ pro, exp, state, src, virt, dst }) =>
        `    ${pro.padEnd(4)} ${String(exp).padStart(4)} ${state.padEnd(12)} ${src.padEnd(24)} ${virt.padEnd(20)} ${dst}`,
    ),
    ...frames.map(([seconds, bytes]) => `    ${seconds.toFixed(3).padStart(8)} ${bytes}`),
  ]
}

type Fields = Readonly<Record<string, Value | undefined>>

function packetName(packet: Fields): string {
  const { raw, proto, src, dst, sport, dport, type, code, inner, flags, chunk } = packet
  if (raw !== undefined) return `raw ${String(raw).slice(0, 24)}...`
  if (type !== undefined) {
    const about = inner === undefined ? '' : ` about ${packetName(inner as Fields)}`
    return `${String(proto)} ${String(type)}/${String(code ?? 0)} ${String(src)}>${String(dst)}${about}`
  }
  const more = ['len', 'ttl', 'frag', 'ext', 'from']
    .filter((field) => packet[field] !== undefined)
    .map((field) => ` ${field}=${String(packet[field])}`)
  const kind =
    proto === 'tcp' ? ` [${String(flags ?? 'S')}]` : proto === 'sctp' ? ` ${String(chunk ?? 'INIT')}` : ''
  return `${String(proto)} ${end(src, sport)}>${end(dst, dport)}${kind}${more.join('')}`
}

function end(address: Value | undefined, port: Value | undefined): string {
  const text = String(address)
  if (port === undefined) return text
  return `${text.includes(':') ? `[${text}]` : text}:${String(port)}`
}
