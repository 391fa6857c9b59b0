// SPDX-License-Identifier: Apache-2.0
// A file's worth of configuration for tests.
import {
  type AddressService,
  DEFAULT_LIMITS,
  DEFAULT_TIMEOUTS,
  DEFAULT_TUNABLES,
  type Desired,
} from '../../../src/model/types.js'

export function fileService(given: Partial<AddressService> = {}): AddressService {
  return {
    vip: '192.0.2.10',
    port: 80,
    protocol: 'tcp',
    scheduler: 'wrr',
    owner: 'file',
    reals: [
      { address: '192.0.2.21', weight: 1 },
      { address: '192.0.2.22', weight: 3 },
    ],
    ...given,
  }
}

export function baseOf(given: Partial<Desired> = {}): Desired {
  return {
    interfaces: [{ name: 'eth0', mode: 'native' }],
    services: [fileService()],
    marks: [],
    peers: [],
    timeouts: DEFAULT_TIMEOUTS,
    tunables: DEFAULT_TUNABLES,
    limits: DEFAULT_LIMITS,
    ...given,
  }
}
