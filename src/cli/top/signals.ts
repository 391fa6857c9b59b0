// SPDX-License-Identifier: Apache-2.0
// Ends that come from outside: the terminal is given back first, then the signal does what it would have done.

const ENDS: readonly NodeJS.Signals[] = ['SIGINT', 'SIGTERM', 'SIGHUP', 'SIGQUIT']

export interface Ends {
  readonly leave: () => void
  readonly suspend: () => void
  readonly resumed: () => void
  readonly failed: (error: unknown) => void
}

/** Returns what takes all of it back. */
export function heedSignals({ leave, suspend, resumed, failed }: Ends): () => void {
  const end = (signal: NodeJS.Signals) => {
    leave()
    for (const one of ENDS) process.removeAllListeners(one)
    process.kill(process.pid, signal)
  }
  for (const one of ENDS) process.on(one, end)
  process.on('SIGTSTP', suspend).on('SIGCONT', resumed)
  process.on('uncaughtException', failed).on('unhandledRejection', failed)
  process.on('exit', leave)
  return () => {
    for (const one of ENDS) process.off(one, end)
    process.off('SIGTSTP', suspend).off('SIGCONT', resumed)
    process.off('uncaughtException', failed).off('unhandledRejection', failed)
    process.off('exit', leave)
  }
}

/** This process alone: who started it sees that it stopped, and `fg` lets it go on. */
export function stopHere(): void {
  process.kill(process.pid, 'SIGSTOP')
}
