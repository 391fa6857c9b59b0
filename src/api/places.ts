// SPDX-License-Identifier: Apache-2.0
// Where the daemon and the command line meet: socket, pins, state. An option wins over the environment.

export const DEFAULT_SOCKET = '/run/xlvs/xlvs.sock'
export const DEFAULT_PIN_ROOT = '/sys/fs/bpf/xlvs'
export const DEFAULT_STATE_DIR = '/var/lib/xlvs'

/** What to do about EPERM and EACCES. */
export const PERMISSION_FIX = 'needs CAP_BPF, CAP_NET_ADMIN and CAP_PERFMON: run as root'

export interface Places {
  readonly socket: string
  readonly pinRoot: string
  readonly stateDir: string
}

export interface PlaceOptions {
  readonly socket?: string | undefined
  readonly pinRoot?: string | undefined
  readonly stateDir?: string | undefined
}

/** The part of the environment that names places. */
export interface PlaceEnv {
  readonly XLVS_SOCKET?: string | undefined
  readonly XLVS_PIN_ROOT?: string | undefined
  readonly XLVS_STATE_DIR?: string | undefined
}

export function placesOf(options: PlaceOptions, env: PlaceEnv): Places {
  return {
    socket: options.socket || env.XLVS_SOCKET || DEFAULT_SOCKET,
    pinRoot: options.pinRoot || env.XLVS_PIN_ROOT || DEFAULT_PIN_ROOT,
    stateDir: options.stateDir || env.XLVS_STATE_DIR || DEFAULT_STATE_DIR,
  }
}
