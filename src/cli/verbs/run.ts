// SPDX-License-Identifier: Apache-2.0
// xlvs run: the daemon in the foreground. From a file it leaves the datapath forwarding when it ends; from options
// it puts the interface back as it was.
import type { Command } from 'commander'
import { VERSION } from '../../api/version.js'
import { type Daemon, startDaemon } from '../../daemon/daemon.js'
import { createLogger, isJournal, type Logger } from '../../daemon/log.js'
import type { Source } from '../../daemon/source.js'
import { openDatapath } from '../../datapath/open.js'
import { openProbes } from '../../datapath/probes.js'
import { fail, oneOf, succeed } from '../../model/describe.js'
import { LOG_FORMATS, type LogFormat } from '../../model/events.js'
import { wordOf } from '../../model/judge.js'
import { METRICS_LEVELS } from '../../model/metrics.js'
import { choiceFault, SCHEDULERS } from '../../model/rules.js'
import type { Limits, Outcome } from '../../model/types.js'
import { misused, refuse } from '../answer.js'
import { type Context, EXIT, type ExitCode } from '../context.js'
import { type DaemonOptions, daemonOptions, examples, pinOption, places } from '../options.js'
import { given, maybe } from '../service-words.js'
import type { Act } from '../verbs.js'
import { sourceFromWords, WORDS, type WordOptions } from '../words.js'

const STDERR = 2

interface Options extends DaemonOptions, WordOptions {
  readonly config?: string
  readonly pinRoot?: string
  readonly stateDir?: string
  readonly log?: string
}

export function define(command: Command, context: Context, act: Act): void {
  command
    .option('-c, --config <file>', 'configuration in YAML; see: xlvs check, xlvs schema')
    .option('--vip <vip:port>', 'without a file: the one service; none: services are added later')
    .option('--to <reals>', 'its real servers: 192.0.2.21,192.0.2.22=3 (=weight)')
    .option('--dev <interfaces>', 'where its packets arrive: eth0 or eth0,eth1')
    .option('--mode <mode>', 'native (in the driver) or generic (any driver, slower)')
    .option('--scheduler <name>', `${oneOf(SCHEDULERS)} (default: wlc)`)
    .option('--persistence <seconds[/net]>', 'a client stays with its real server: 300, 300/24')
    .option('--udp', 'a UDP service (default: TCP)')
    .option('--sctp', 'an SCTP service')
    .option('--metrics <host:port>', 'serve /metrics and /healthz: 127.0.0.1:9612')
    .option('--metrics-level <level>', `${oneOf(METRICS_LEVELS)}: how far down (default: real)`)
    .option('--log <format>', `${oneOf(LOG_FORMATS)}: how what happens is written (default: text)`)
    .option('--state-dir <path>', 'where requests are kept over restarts (XLVS_STATE_DIR)')
  examples(
    pinOption(daemonOptions(command)),
    'xlvs run -c /etc/xlvs/lb.yaml',
    'xlvs run --vip 192.0.2.10:80 --to 192.0.2.21,192.0.2.22=3 --dev eth0',
    'xlvs run --dev eth0',
  )
  command.action(act((options: Options) => run(context, options)))
}

async function run(context: Context, options: Options): Promise<ExitCode> {
  const source = sourceOf(options)
  const log = maybe(options.log, (text) => parseLogFormat(text, '--log'))
  if (!source.ok || !log.ok) return misused(context, options, source, log)
  const { log: _, ...rest } = options
  return runDaemon(context, { ...rest, ...given('log', log.value) }, source.value)
}

function parseLogFormat(text: string, subject: string): Outcome<LogFormat> {
  const wrong = choiceFault('log format', text, LOG_FORMATS)
  return wrong ? fail({ subject, ...wrong }) : succeed(text as LogFormat)
}

/** The daemon in the foreground, until a signal ends it. */
export async function runDaemon(
  context: Context,
  options: DaemonOptions & Pick<Options, 'pinRoot' | 'stateDir'> & { readonly log?: LogFormat },
  source: Source,
): Promise<ExitCode> {
  const where = places(options, context)
  const signals = watchSignals()
  const logger = loggerOf(context, options.log)
  const started = await startDaemon({
    source,
    places: where,
    open: (limits: Limits) => openDatapath({ pinRoot: where.pinRoot, limits }),
    probes: () => openProbes({ pinRoot: where.pinRoot }),
    now: context.now,
    log: logger.line,
    logger,
  })
  if (!started.ok) return refuse(context, options, started.problems)
  const daemon = started.value
  for (const notice of daemon.notices) logger.line(`note: ${notice}`)
  context.out(greeting(daemon, source))
  signals.hangup(() => void reload(daemon, logger))
  const ended = await signals.ended
  const how = source.kind === 'file' ? 'leave' : 'restore'
  await daemon.stop(how)
  context.out(farewell(ended, daemon, how))
  return EXIT.ok
}

/** The file, or the options that take its place; not both. */
function sourceOf(options: Options): Outcome<Source> {
  const words = WORDS.filter((name) => options[name] !== undefined)
  const { config } = options
  if (config !== undefined && words.length > 0)
    return fail({
      subject: '--config',
      reason: `--${wordOf(words[0] as string)} belongs to a run without a file`,
      fix: 'write it into the file',
    })
  if (config !== undefined) return succeed({ kind: 'file', path: config })
  if (words.length > 0) return sourceFromWords(options)
  return fail({
    reason: 'nothing to run is named',
    fix: 'give -c FILE, or --vip, --to and --dev; see: xlvs run --help',
  })
}

interface Signals {
  /** the name of the one that ends the daemon */
  readonly ended: Promise<string>
  /** what SIGHUP does; nothing until it is said */
  hangup(act: () => void): void
}

/** From before the start on: a Ctrl-C that comes early must not leave an interface behind. */
function watchSignals(): Signals {
  let act: () => void = () => undefined
  process.on('SIGHUP', () => act())
  const ended = new Promise<string>((resolve) => {
    for (const signal of ['SIGINT', 'SIGTERM'] as const) process.on(signal, () => resolve(signal))
  })
  return {
    ended,
    hangup: (given) => {
      act = given
    },
  }
}

/** What became of it is an event, and told as one. */
async function reload(daemon: Daemon, logger: Logger): Promise<void> {
  const outcome = await daemon.reload()
  if (outcome.ok) for (const notice of outcome.value.notices) logger.line(`note: ${notice}`)
}

function loggerOf({ err, env, now }: Context, format: LogFormat | undefined): Logger {
  return createLogger({ write: err, format, journal: isJournal(env, STDERR), now })
}

function greeting({ attached }: Daemon, source: Source): string {
  const on = attached.length > 0 ? `attached to ${attached.join(', ')}` : 'attached to no interface'
  const end =
    source.kind === 'file'
      ? 'Ctrl-C ends the daemon; packets are forwarded on until: xlvs detach --all'
      : `Ctrl-C ends it and restores ${attached.join(', ')}`
  return `xlvs ${VERSION} is running, ${on}\n${end}\n`
}

function farewell(signal: string, { attached }: Daemon, how: 'leave' | 'restore'): string {
  const names = attached.join(', ') || 'nothing'
  return how === 'leave'
    ? `${signal}: the daemon ends; still attached and forwarding: ${names}\n`
    : `${signal}: the daemon ends; restored: ${names}\n`
}
