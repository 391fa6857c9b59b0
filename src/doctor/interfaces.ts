// SPDX-License-Identifier: Apache-2.0
// Of every interface of the director: is it there, is it up, and is xlvs, and nobody else, on its XDP hook?
import { nearest } from '../model/nearest.js'
import type { Facts, InterfaceFacts } from './facts.js'
import { type Finding, shellWord } from './finding.js'

export function judgeInterfaces(facts: Facts): readonly Finding[] {
  if (facts.interfaces.length === 0)
    return [
      {
        check: 'interface',
        level: facts.daemon.state === 'answers' ? 'red' : 'yellow',
        says: 'no interface is attached or named, so nothing is balanced',
        advice: 'name one: xlvs attach IFACE, or xlvs doctor --iface IFACE',
      },
    ]
  return facts.interfaces.flatMap((one) => [presence(facts, one), ...program(facts, one)])
}

function presence({ kernel }: Facts, { name, device }: InterfaceFacts): Finding {
  const about = { check: 'interface', subject: name } as const
  if (device === undefined) {
    const names = kernel.devices.map((each) => each.name)
    const meant = nearest(name, names)
    const advice = meant === undefined ? `there are: ${names.join(', ')}` : `did you mean ${meant}?`
    return { ...about, level: 'red', says: 'there is no such interface', advice }
  }
  if (device.mac === undefined || device.loopback)
    return { ...about, level: 'red', says: 'is not an Ethernet interface', advice: 'name another one' }
  if (!device.up) return { ...about, level: 'red', says: 'is down', fix: `ip link set dev ${name} up` }
  if (!device.carrier)
    return { ...about, level: 'red', says: 'has no carrier', advice: 'look at its cable and its other end' }
  return { ...about, level: 'green', says: `is up (${device.driver ?? 'driver unknown'})` }
}

function program(facts: Facts, one: InterfaceFacts): readonly Finding[] {
  const { name, device } = one
  if (device === undefined || device.mac === undefined || device.loopback) return []
  const about = { check: 'program', subject: name } as const
  const foreign = device.hooks.filter(({ id }) => !isOurs(facts, device.index, id))
  if (foreign.length > 0 && facts.daemon.state !== 'answers' && !facts.kernel.capabilities.ok)
    return [
      { ...about, level: 'yellow', says: 'whose XDP program is on it is not known without capabilities' },
    ]
  if (foreign.length > 0)
    return foreign.map((hook) => ({
      ...about,
      level: 'red',
      says: `another XDP program is on it: ${hook.name} (id ${hook.id}, ${hook.mode} mode)`,
      fix: [takeOff(name, hook.mode), ...start(facts, one)].join(' && '),
    }))
  const [ours] = device.hooks
  if (ours === undefined) return [missing(facts, one)]
  if (ours.mode !== 'generic')
    return [{ ...about, level: 'green', says: `xlvs is on it in ${ours.mode} mode (id ${ours.id})` }]
  return [
    {
      ...about,
      level: 'yellow',
      says: 'xlvs is on it in generic mode, which is several times slower than native mode',
      advice: `if its driver has native XDP: xlvs detach ${name}${facts.words.ask} && xlvs attach ${name}${facts.words.ask}`,
    },
  ]
}

/** A kernel hook has a mode, and a command that names another one takes nothing off. */
function takeOff(name: string, mode: 'native' | 'generic' | 'offload'): string {
  const kind = { native: 'xdpdrv', generic: 'xdpgeneric', offload: 'xdpoffload' }[mode]
  return `ip link set dev ${name} ${kind} off`
}

/** Before the first start nothing is wrong yet. */
function missing(facts: Facts, one: InterfaceFacts): Finding {
  const about = { check: 'program', subject: one.name, says: 'xlvs is not on it' } as const
  const [fix] = start(facts, one)
  const running = facts.daemon.state === 'answers' || facts.kernel.pinned.length > 0
  const level = running && one.wanted !== undefined ? 'red' : 'yellow'
  return fix === undefined
    ? { ...about, level, advice: 'start it: xlvs run -c FILE' }
    : { ...about, level, fix }
}

function start({ daemon, file, words }: Facts, { name, wanted }: InterfaceFacts): readonly string[] {
  const mode = wanted === 'generic' ? ' --mode generic' : ''
  if (daemon.state === 'answers') return [`xlvs attach ${name}${mode}${words.ask}`]
  return file === undefined ? [] : [`xlvs run -c ${shellWord(file.path)}${words.run}`]
}

function isOurs({ kernel, daemon }: Facts, ifindex: number, id: number): boolean {
  const attached = daemon.state === 'answers' ? daemon.status.interfaces : []
  return [...kernel.pinned, ...attached].some((link) => link.ifindex === ifindex && link.programId === id)
}
