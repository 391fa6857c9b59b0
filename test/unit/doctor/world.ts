// SPDX-License-Identifier: Apache-2.0
// A world without daemon, tools and probes; tests say what is different.
import type { Wish, World } from '../../../src/doctor/gather.js'
import { fail, succeed } from '../../../src/model/describe.js'
import { desired, kernel, NO_DAEMON } from './given.js'

export const world = (different: Partial<World> = {}): World => ({
  kernel: async (_, vips) => kernel({ local: vips }),
  daemon: async () => NO_DAEMON,
  readConfig: async () => succeed(desired),
  run: async () => undefined,
  read: async (path) => fail({ subject: path, reason: 'is not there' }),
  cannotWrite: async () => undefined,
  probes: async () => fail({ reason: 'there is no kernel here' }),
  cpus: 4,
  ...different,
})

export const WISH: Wish = {
  interfaces: [],
  file: undefined,
  socket: '/run/xlvs.sock',
  pinRoot: '/pins',
  stateDir: '/state',
  probe: false,
  words: { ask: '', detach: '', run: '' },
}
