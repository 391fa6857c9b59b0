// SPDX-License-Identifier: Apache-2.0
// The verbs: one row each. A verb's module is loaded only when it is called.
import type { Command } from 'commander'
import type { Context, ExitCode } from './context.js'

/** Turns a handler into a commander action; its number becomes the exit code. */
export type Act = <Args extends readonly unknown[]>(
  handler: (...args: Args) => Promise<ExitCode> | ExitCode,
) => (...args: Args) => Promise<void>

export interface VerbModule {
  /** Adds arguments, options, examples and the action. */
  define(command: Command, context: Context, act: Act): void
}

interface Verb {
  readonly name: string
  readonly summary: string
  readonly load: () => Promise<VerbModule>
}

export const VERBS: readonly Verb[] = [
  {
    name: 'run',
    summary: 'start the daemon in the foreground, from a file or from options',
    load: () => import('./verbs/run.js'),
  },
  {
    name: 'attach',
    summary: 'put the XDP program on an interface',
    load: () => import('./verbs/attach.js'),
  },
  {
    name: 'detach',
    summary: 'take the XDP program off an interface; works without a daemon too',
    load: () => import('./verbs/detach.js'),
  },
  { name: 'status', summary: 'the state at a glance', load: () => import('./verbs/status.js') },
  {
    name: 'show',
    summary: 'services, reals, conns, … and the stages from words to maps',
    load: () => import('./verbs/show.js'),
  },
  {
    name: 'top',
    summary: 'live in the terminal: services, their real servers, rates, shares, drops',
    load: () => import('./verbs/top.js'),
  },
  {
    name: 'events',
    summary: 'what happened, old -> new and why, and what happens now',
    load: () => import('./verbs/events.js'),
  },
  { name: 'add', summary: 'add a service or a real server', load: () => import('./verbs/add.js') },
  {
    name: 'set',
    summary: 'change a service, a real server or the timeouts',
    load: () => import('./verbs/set.js'),
  },
  {
    name: 'remove',
    summary: 'remove a service or a real server',
    load: () => import('./verbs/remove.js'),
  },
  {
    name: 'drain',
    summary: 'empty a real server: no new connections, and an end for those it has',
    load: () => import('./verbs/drain.js'),
  },
  {
    name: 'undrain',
    summary: 'use a drained real server again',
    load: () => import('./verbs/undrain.js'),
  },
  {
    name: 'mark',
    summary: 'make several ports of a VIP one service by giving their packets a mark',
    load: () => import('./verbs/mark.js'),
  },
  {
    name: 'tune',
    summary: "show or set the kernel's tunables of IPVS",
    load: () => import('./verbs/tune.js'),
  },
  {
    name: 'check',
    summary: 'judge a configuration file without touching anything',
    load: () => import('./verbs/check.js'),
  },
  {
    name: 'plan',
    summary: 'what a reload of a file would change, and which connections it would break',
    load: () => import('./verbs/plan.js'),
  },
  {
    name: 'apply',
    summary: 'put a file in force under watch; it is rolled back by itself when packets come to a bad end',
    load: () => import('./verbs/apply.js'),
  },
  {
    name: 'explain',
    summary: 'what would become of a packet, and why: the whole way to a decision',
    load: () => import('./verbs/explain.js'),
  },
  {
    name: 'trace',
    summary: 'packets as they come, filtered, with what became of each; for people, JSON or Wireshark',
    load: () => import('./verbs/trace.js'),
  },
  {
    name: 'doctor',
    summary: 'look at the director and say what is wrong, each with the command that mends it',
    load: () => import('./verbs/doctor.js'),
  },
  {
    name: 'keepalived',
    summary: 'read a keepalived.conf: what becomes of each line, and the same as YAML',
    load: () => import('./verbs/keepalived.js'),
  },
  {
    name: 'reload',
    summary: 'make the daemon read its file again',
    load: () => import('./verbs/reload.js'),
  },
  {
    name: 'realserver',
    summary: 'set up or check this host as a real server for direct routing',
    load: () => import('./verbs/realserver.js'),
  },
  {
    name: 'schema',
    summary: 'print the JSON Schema of configuration files',
    load: () => import('./verbs/schema.js'),
  },
  { name: 'version', summary: 'print the version', load: () => import('./verbs/version.js') },
]
