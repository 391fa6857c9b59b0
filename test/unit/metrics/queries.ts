// SPDX-License-Identifier: Apache-2.0
// Which metrics a query of Prometheus asks for.

/** Families: what a histogram is made of counts as the histogram. */
export function metricsIn(query: string): readonly string[] {
  const names =
    query.replace(/"[^"]*"/g, '""').match(/\b(?:xlvs|node_ipvs|process|nodejs)_\w+|\bxlvs:[\w:]+|\bup\b/g) ??
    []
  return [...new Set(names.map((name) => name.replace(/_(?:bucket|sum|count)$/, '')))]
}
