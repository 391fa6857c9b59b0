// SPDX-License-Identifier: Apache-2.0
// Where metrics are and how much they say: host:port alone, or a map.
import { z } from 'zod'
import { DEFAULT_SERIES, METRICS_LEVELS, METRICS_NAMES, SERIES } from '../model/metrics.js'
import { parseListen } from '../model/words.js'
import * as patterns from './patterns.js'
import { choice, first, list, map, text, whole, wrongKind } from './schema-words.js'

const listen = text('listen', '127.0.0.1:9612', (value) => first(parseListen(value)), {
  id: 'listen',
  description: 'host:port; :9612 is 127.0.0.1:9612',
  pattern: patterns.LISTEN_PATTERN,
  examples: ['127.0.0.1:9612'],
})

export const metrics = z.union(
  [
    listen,
    map('metrics', {
      listen,
      level: choice('level', METRICS_LEVELS, 'real')
        .optional()
        .describe('how far down: interfaces and tables, also services, also real servers'),
      series: whole('series', SERIES, 'series on a page at most', DEFAULT_SERIES).optional(),
      names: list('names', choice('names', METRICS_NAMES), 'write a list: [node_ipvs]')
        .optional()
        .describe('other names under which the same numbers are there too'),
    }),
  ],
  { error: wrongKind('metrics', 'write 127.0.0.1:9612, or {listen: 127.0.0.1:9612, level: service}') },
)
