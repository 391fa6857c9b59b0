// SPDX-License-Identifier: Apache-2.0
// Desired -> YAML that parseYaml reads back as the same (owners apart: all that is in a file belongs to the file).
import { stringify } from 'yaml'
import type { ConsoleWish } from '../model/console.js'
import { sizeText } from '../model/events.js'
import { flagWords } from '../model/flags.js'
import { endpointText, serviceFamily } from '../model/keys.js'
import type { MetricsWish } from '../model/metrics.js'
import { wholeAddress } from '../model/persistence.js'
import { portsText } from '../model/ports.js'
import type { Desired, InterfaceWish, MarkRule, Real, Service } from '../model/types.js'
import type { VrrpWish } from '../model/vrrp.js'
import { printChecks, printHealth, printNotify } from './print-checks.js'

export function printYaml(desired: Desired): string {
  const { interfaces, metrics, vrrp, peers, limits, timeouts, tunables, marks, services } = desired
  const { console: wish, events, log } = desired
  const file = {
    interfaces: interfaces.map(printInterface),
    ...(metrics === undefined ? {} : { metrics: printMetrics(metrics) }),
    ...(wish === undefined ? {} : { console: printConsole(wish) }),
    ...(events === undefined ? {} : { events: { size: sizeText(events.size) } }),
    ...(log === undefined ? {} : { log }),
    ...(vrrp === undefined ? {} : { vrrp: printVrrp(vrrp) }),
    peers,
    limits,
    timeouts,
    tunables,
    marks: marks.map(printMark),
    services: services.map(printService),
  }
  return stringify(file, { schema: 'core', version: '1.2', lineWidth: 0, aliasDuplicateObjects: false })
}

function printInterface({ name, mode }: InterfaceWish) {
  return mode === 'native' ? name : { name, mode }
}

function printMetrics({ host, port, ...view }: MetricsWish) {
  const listen = endpointText(host, port)
  return Object.keys(view).length === 0 ? listen : { listen, ...view }
}

function printVrrp({ notifyFifo, trackFile, lostWhen }: VrrpWish) {
  return {
    ...(notifyFifo === undefined ? {} : { 'notify-fifo': notifyFifo }),
    ...(trackFile === undefined ? {} : { 'track-file': trackFile }),
    ...(lostWhen === undefined ? {} : { 'lost-when': lostWhen }),
  }
}

function printConsole({ tokenFile, hosts }: ConsoleWish) {
  return {
    ...(tokenFile === undefined ? {} : { 'token-file': tokenFile }),
    ...(hosts === undefined ? {} : { hosts }),
  }
}

function printMark({ vip, protocol, ports, mark }: MarkRule) {
  return { vip, protocol, ports: portsText(ports), mark }
}

function printService(service: Service) {
  const { name, scheduler, flags, onePacket, checks, health, reals } = service
  return {
    ...(name === undefined ? {} : { name }),
    ...printMatch(service),
    scheduler,
    ...(flags === undefined ? {} : { flags: flagWords(scheduler, flags) }),
    ...printPersistence(service),
    ...(onePacket === undefined ? {} : { 'one-packet': onePacket }),
    ...(checks === undefined ? {} : { checks: printChecks(checks, service) }),
    ...(health === undefined ? {} : { health: printHealth(health) }),
    reals: reals.map((real) => printReal(real, service)),
  }
}

function printMatch(service: Service) {
  if (service.mark === undefined)
    return { vip: endpointText(service.vip, service.port), protocol: service.protocol }
  return { mark: service.mark, ...(service.family === 6 ? { family: 'ipv6' } : {}) }
}

function printPersistence(service: Service) {
  if (service.persistence === undefined) return {}
  const { timeout, prefix, mask } = service.persistence
  if (mask !== undefined) return { persistence: { timeout, netmask: mask } }
  const whole = prefix === wholeAddress(serviceFamily(service))
  return { persistence: whole ? timeout : { timeout, prefix } }
}

function printReal({ address, weight, ...rest }: Real, of: Service) {
  const { port, upper, lower, name, checks, passive, onDown, notify } = rest
  if (weight === 1 && Object.values(rest).every((value) => value === undefined)) return address
  return {
    address,
    ...(port === undefined ? {} : { port }),
    weight,
    ...(upper === undefined ? {} : { upper }),
    ...(lower === undefined ? {} : { lower }),
    ...(name === undefined ? {} : { name }),
    ...(checks === undefined ? {} : { checks: printChecks(checks, of) }),
    ...(passive === undefined ? {} : { passive }),
    ...(onDown === undefined ? {} : { 'on-down': onDown }),
    ...(notify === undefined ? {} : { notify: printNotify(notify) }),
  }
}
