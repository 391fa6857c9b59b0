// SPDX-License-Identifier: Apache-2.0
// Desired -> YAML that parseYaml reads back as the same (owners apart: all that is in a file belongs to the file).
import { stringify } from 'yaml'
import { endpointText } from '../model/keys.js'
import { wholeAddress } from '../model/persistence.js'
import type { Desired, InterfaceWish, Real, Service } from '../model/types.js'

export function printYaml(desired: Desired): string {
  const { interfaces, metrics, peers, limits, timeouts, services } = desired
  const file = {
    interfaces: interfaces.map(printInterface),
    ...(metrics === undefined ? {} : { metrics: endpointText(metrics.host, metrics.port) }),
    peers,
    limits,
    timeouts,
    services: services.map(printService),
  }
  return stringify(file, { schema: 'core', version: '1.2', lineWidth: 0, aliasDuplicateObjects: false })
}

function printInterface({ name, mode }: InterfaceWish) {
  return mode === 'native' ? name : { name, mode }
}

function printService(service: Service) {
  const { name, vip, port, protocol, scheduler, reals } = service
  return {
    ...(name === undefined ? {} : { name }),
    vip: endpointText(vip, port),
    protocol,
    scheduler,
    ...printPersistence(service),
    reals: reals.map(printReal),
  }
}

function printPersistence({ persistence, vip }: Service) {
  if (persistence === undefined) return {}
  const { timeout, prefix, mask } = persistence
  if (mask !== undefined) return { persistence: { timeout, netmask: mask } }
  return { persistence: prefix === wholeAddress(vip.includes(':') ? 6 : 4) ? timeout : { timeout, prefix } }
}

function printReal({ address, weight, name }: Real) {
  if (weight === 1 && name === undefined) return address
  return { address, weight, ...(name === undefined ? {} : { name }) }
}
