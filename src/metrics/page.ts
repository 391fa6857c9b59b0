// SPDX-License-Identifier: Apache-2.0
// The whole /metrics page: what the snapshot says, then what is known of health, then what the daemon says about itself.
import type { Snapshot } from '../datapath/types.js'
import { snapshotText } from './families.js'
import { healthTexts, type ServiceHealth } from './health.js'
import type { ControlMetrics } from './process.js'
import { realTexts } from './reals.js'

export const CONTENT_TYPE = 'text/plain; version=0.0.4; charset=utf-8'

/** In pieces, so that other work can run between them. */
export async function* metricsPage(
  snapshot: Snapshot,
  control: ControlMetrics,
  health: readonly ServiceHealth[] = [],
): AsyncGenerator<string> {
  yield snapshotText(snapshot)
  yield* realTexts(snapshot)
  yield* healthTexts(health)
  yield await control.text()
}
