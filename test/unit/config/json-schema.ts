// SPDX-License-Identifier: Apache-2.0
// A small judge of JSON Schema (2020-12): just the keywords that the published schema uses.

/** Any of the keywords that the published schema uses; an unknown one is an error, so that none is overlooked. */
export function accepts(schema: unknown, value: unknown, root: unknown = schema): boolean {
  return Object.entries(schema as Record<string, unknown>).every(([keyword, given]) => {
    const rule = KEYWORDS[keyword]
    if (rule === undefined) throw new Error(`keyword ${keyword} is unknown to this test`)
    return rule(given as never, value, root, schema as Record<string, unknown>)
  })
}

type Keyword = (given: never, value: unknown, root: unknown, schema: Record<string, unknown>) => boolean
type Values = Record<string, unknown>

const isObject = (value: unknown): value is Values =>
  typeof value === 'object' && value !== null && !Array.isArray(value)
const always: Keyword = () => true
const TYPES: Record<string, (value: unknown) => boolean> = {
  object: isObject,
  array: Array.isArray,
  string: (value) => typeof value === 'string',
  boolean: (value) => typeof value === 'boolean',
  integer: Number.isInteger,
  number: Number.isFinite,
}

const KEYWORDS: Record<string, Keyword> = {
  $schema: always,
  $defs: always,
  id: always,
  title: always,
  description: always,
  examples: always,
  default: always,
  $ref: (given: string, value, root) =>
    accepts((root as Record<string, Values>).$defs?.[given.replace('#/$defs/', '')], value, root),
  type: (given: string, value) => (TYPES[given] as (value: unknown) => boolean)(value),
  const: (given: unknown, value) => given === value,
  enum: (given: unknown[], value) => given.includes(value),
  pattern: (given: string, value) => typeof value !== 'string' || new RegExp(given, 'u').test(value),
  minimum: (given: number, value) => typeof value !== 'number' || value >= given,
  maximum: (given: number, value) => typeof value !== 'number' || value <= given,
  minItems: (given: number, value) => !Array.isArray(value) || value.length >= given,
  maxItems: (given: number, value) => !Array.isArray(value) || value.length <= given,
  items: (given: unknown, value, root) =>
    !Array.isArray(value) || value.every((item) => accepts(given, item, root)),
  anyOf: (given: unknown[], value, root) => given.some((branch) => accepts(branch, value, root)),
  oneOf: (given: unknown[], value, root) =>
    given.filter((branch) => accepts(branch, value, root)).length === 1,
  not: (given: unknown, value, root) => !accepts(given, value, root),
  required: (given: string[], value) => !isObject(value) || given.every((key) => Object.hasOwn(value, key)),
  properties: (given: Values, value, root) =>
    !isObject(value) ||
    Object.entries(given).every(
      ([key, inner]) => !Object.hasOwn(value, key) || accepts(inner, value[key], root),
    ),
  propertyNames: (given: unknown, value, root) =>
    !isObject(value) || Object.keys(value).every((key) => accepts(given, key, root)),
  additionalProperties: (given: unknown, value, root, { properties = {} }) =>
    !isObject(value) ||
    Object.entries(value).every(
      ([key, inner]) =>
        Object.hasOwn(properties as object, key) || (given !== false && accepts(given, inner, root)),
    ),
}
