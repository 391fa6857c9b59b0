// SPDX-License-Identifier: Apache-2.0
// Carries a real server's steps out, all or none, and takes them back. What is done is in the state file before it is
// done, so a process that dies half-way can be undone too.
import { dirname } from 'node:path'
import { fail, succeed } from '../model/describe.js'
import type { Outcome } from '../model/types.js'
import { doneText } from '../realserver/done.js'
import { ARP_TABLE, replacing } from '../realserver/nft.js'
import { commandsOf, ipWords, subjectOf } from '../realserver/steps.js'
import type { Done, Step } from '../realserver/types.js'
import type { Host } from './host.js'

export interface Work {
  readonly steps: readonly Step[]
  /** the state file's path, what it says now, and what it has to say */
  readonly stateFile: string
  readonly before: string | undefined
  readonly done: Done
  /** folders that this makes, whole paths, outer ones first */
  readonly folders: readonly string[]
  /** judges the result; a problem takes everything back */
  readonly verify: () => Outcome<undefined>
}

/** Folders that writing these files makes, outer ones first. */
export function foldersFor(host: Host, paths: readonly string[]): readonly string[] {
  const made = new Set<string>()
  for (const path of paths)
    for (
      let folder = dirname(path);
      folder !== dirname(folder) && !host.exists(folder);
      folder = dirname(folder)
    )
      made.add(folder)
  return [...made].sort((a, b) => a.length - b.length)
}

export function carryOut(host: Host, work: Work): Outcome<undefined> {
  const tried: Step[] = []
  let doing = `writing ${work.stateFile}`
  try {
    host.write(work.stateFile, doneText(work.done), 0o644)
    for (const step of work.steps) {
      doing = commandsOf(step)[0] ?? step.kind
      tried.push(step)
      carry(host, step)
    }
    const verified = work.verify()
    if (verified.ok) return verified
    const left = rollBack(host, work, tried)
    return left.length === 0 ? verified : fail(...verified.problems, ...left.map((reason) => ({ reason })))
  } catch (error) {
    const left = rollBack(host, work, tried)
    const fix =
      left.length === 0
        ? 'nothing is changed'
        : `not taken back: ${left.join(', ')}; try: xlvs realserver setup --undo`
    return fail({ reason: `${doing.replace(/ <<.*/, '')}: ${(error as Error).message}`, fix })
  }
}

function carry(host: Host, step: Step): void {
  if (step.kind === 'setting') host.set(step.key, step.value)
  else if (step.kind === 'file') host.write(step.path, step.text, step.mode)
  else if (step.kind === 'rules') host.nft(['-f', '-'], step.text)
  else for (const words of ipWords(step)) host.ip(words)
}

/** What could not be taken back; the state file then stays, for undo. */
function rollBack(host: Host, work: Work, tried: readonly Step[]): readonly string[] {
  const left = takeBack(host, tried).flatMap((one) => one.left ?? [])
  if (left.length > 0) return left
  try {
    restoreState(host, work)
    return []
  } catch (error) {
    return [`${work.stateFile}: ${(error as Error).message}`]
  }
}

function restoreState(host: Host, { stateFile, before, folders }: Work): void {
  if (before === undefined) host.remove(stateFile)
  else host.write(stateFile, before, 0o644)
  for (const folder of folders.toReversed()) host.removeFolder(folder)
}

export interface TakenBack {
  readonly step: Step
  /** why it stands as it is; undefined = it is as before apply */
  readonly left?: string
}

/** Takes everything back; the state file stays when something could not be. */
export function undo(host: Host, stateFile: string, done: Done): Outcome<readonly TakenBack[]> {
  const all = takeBack(host, done.steps)
  const failed = all.flatMap(({ step, left }) =>
    left?.startsWith('failed') ? [{ subject: subjectOf(step), reason: left }] : [],
  )
  if (failed.length > 0) return fail(...failed)
  host.remove(stateFile)
  for (const folder of done.folders.toReversed()) host.removeFolder(folder)
  return succeed(all)
}

function takeBack(host: Host, steps: readonly Step[]): readonly TakenBack[] {
  return steps.toReversed().map((step) => {
    try {
      const left = reverse(host, step)
      return left === undefined ? { step } : { step, left }
    } catch (error) {
      return { step, left: `failed: ${(error as Error).message}` }
    }
  })
}

/** What somebody else has changed since is left as it is, with the reason. */
function reverse(host: Host, step: Step): string | undefined {
  switch (step.kind) {
    case 'setting': {
      const now = host.setting(step.key)
      if (now === undefined || now === step.was) return undefined
      if (now !== step.value) return `${subjectOf(step)} has been set to ${now} since; it stays`
      return void host.set(step.key, step.was)
    }
    case 'dummy':
      if (isThere(host, step.name)) host.ip(['link', 'delete', 'dev', step.name])
      return undefined
    case 'address': {
      const place = [`${step.address}/${step.prefix}`, 'dev', step.device]
      if (holds(host, step)) host.ip(['address', 'delete', ...place])
      return undefined
    }
    case 'rules':
      if (step.was !== null) host.nft(['-f', '-'], replacing(step.was))
      else if (host.nft(['list', 'tables', 'arp'])?.split('\n').includes(`table arp ${ARP_TABLE}`))
        host.nft(['delete', 'table', 'arp', ARP_TABLE])
      return undefined
    case 'file': {
      const now = host.read(step.path)
      if (now === (step.was ?? undefined)) return undefined
      if (now !== step.text) return `${step.path} has been changed since; it stays`
      if (step.was === null) return void host.remove(step.path)
      return void host.write(step.path, step.was, step.mode)
    }
  }
}

function isThere(host: Host, name: string): boolean {
  return host.setting(`net/ipv4/conf/${name}/arp_ignore`) !== undefined
}

function holds(host: Host, step: Step & { kind: 'address' }): boolean {
  if (!isThere(host, step.device)) return false
  return (
    host.ip(['address', 'show', 'dev', step.device, 'to', `${step.address}/${step.prefix}`]).trim() !== ''
  )
}
