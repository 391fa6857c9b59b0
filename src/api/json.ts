// SPDX-License-Identifier: Apache-2.0
// Values of the inside as JSON text: 64-bit counters become integers, maps become objects, sets become lists.

export function toJson(value: unknown, indent?: number): string {
  return JSON.stringify(value, plain, indent)
}

function plain(_key: string, value: unknown): unknown {
  if (typeof value === 'bigint') return Number(value)
  if (value instanceof Map) return Object.fromEntries([...value].map(([key, v]) => [String(key), v]))
  if (value instanceof Set) return [...value]
  return value
}
