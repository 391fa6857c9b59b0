// SPDX-License-Identifier: Apache-2.0
// Series about the daemon itself, kept by prom-client: its process, its configuration and tunables, its reconcile loop.
import { Counter, collectDefaultMetrics, Gauge, Histogram, Registry } from 'prom-client'
import type { Tunables } from '../model/types.js'
import { VRRP_STATES, type VrrpStanding } from '../model/vrrp.js'

export interface ControlMetrics {
  /** seconds from a change of the desired state to its being in the maps */
  reconciled(seconds: number): void
  generation(value: number): void
  reloaded(ok: boolean): void
  /** what somebody else had changed is as it was: 'nexthop', 'link', … */
  mended(what: string, count: number): void
  /** in force, the automatic ones as they are now */
  tuned(tunables: Tunables): void
  vrrp(standings: readonly VrrpStanding[]): void
  text(): Promise<string>
}

/** prom-client's defaults whose names break the rules that promtool checks: gauges called _total. */
const MISNAMED = /^nodejs_active_\w+_total$/

/** How finely the lag of the event loop is measured; each step wakes an idle daemon. */
const LAG_PRECISION_MS = 100

export function controlMetrics(version: string): ControlMetrics {
  const registry = processRegistry()
  const registers = [registry]
  const build = new Gauge({
    name: 'xlvs_build_info',
    help: 'The xlvs that runs; always 1.',
    labelNames: ['version', 'node'],
    registers,
  })
  build.set({ version, node: process.version }, 1)
  const reconcile = new Histogram({
    name: 'xlvs_reconcile_duration_seconds',
    help: 'Time to bring the maps in step with the desired state.',
    buckets: [0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5],
    registers,
  })
  const generation = generationGauge(registry)
  const reloadOk = new Gauge({
    name: 'xlvs_config_last_reload_successful',
    help: '1 when the configuration was taken at the last start or reload, 0 when it was refused.',
    registers,
  })
  const drift = driftCounter(registry)
  const tunable = tunableGauge(registry)
  return {
    reconciled: (seconds) => reconcile.observe(seconds),
    generation: (value) => generation.set(value),
    mended: (what, count) => drift.inc({ what }, count),
    reloaded: (ok) => reloadOk.set(ok ? 1 : 0),
    tuned: (tunables) => {
      for (const [name, value] of Object.entries(tunables)) tunable.set({ name }, value)
    },
    vrrp: vrrpGauge(registry),
    text: async () => `${await registry.metrics()}`,
  }
}

function generationGauge(registry: Registry): Gauge {
  return new Gauge({
    name: 'xlvs_config_generation',
    help: 'Counts the changes of the desired state since the daemon started.',
    registers: [registry],
  })
}

function driftCounter(registry: Registry): Counter<'what'> {
  return new Counter({
    name: 'xlvs_drift_repairs_total',
    help: 'What somebody else had changed in the maps or on an interface, and is as it was again.',
    labelNames: ['what'],
    registers: [registry],
  })
}

/** One series for each instance and group, and state: 1 in the one it is in. */
function vrrpGauge(registry: Registry): ControlMetrics['vrrp'] {
  const gauge = new Gauge({
    name: 'xlvs_vrrp_state',
    help: "1 for the state that keepalived's VRRP instance or group is in, 0 for the others.",
    labelNames: ['kind', 'name', 'state'],
    registers: [registry],
  })
  return (standings) => {
    gauge.reset()
    for (const { kind, name, state } of standings)
      for (const one of VRRP_STATES)
        if (one !== 'DELETED') gauge.set({ kind, name, state: one.toLowerCase() }, one === state ? 1 : 0)
  }
}

function tunableGauge(registry: Registry): Gauge<'name'> {
  return new Gauge({
    name: 'xlvs_tunable',
    help: "Tunables in force, under the kernel's names and in its units.",
    labelNames: ['name'],
    registers: [registry],
  })
}

function processRegistry(): Registry {
  const registry = new Registry()
  collectDefaultMetrics({ register: registry, eventLoopMonitoringPrecision: LAG_PRECISION_MS })
  for (const { name } of registry.getMetricsAsArray())
    if (MISNAMED.test(name)) registry.removeSingleMetric(name)
  return registry
}
