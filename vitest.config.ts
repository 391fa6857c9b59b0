// SPDX-License-Identifier: Apache-2.0
// Tests run from source: the libbpf-ts package is taken from native/src, its addon from native/build.
import { defineConfig } from 'vitest/config'

export default defineConfig({
  resolve: { alias: { 'libbpf-ts': new URL('./native/src/index.ts', import.meta.url).pathname } },
  test: {
    testTimeout: 60_000,
    hookTimeout: 120_000,
    projects: [
      { extends: true, test: { name: 'unit', include: ['test/unit/**/*.test.ts', 'test/*.test.ts'] } },
      { extends: true, test: { name: 'bpf', include: ['test/bpf/**/*.test.ts'], fileParallelism: false } },
      {
        extends: true,
        test: { name: 'oracle', include: ['test/oracle/**/*.test.ts'], fileParallelism: false },
      },
      {
        extends: true,
        test: { name: 'compat', include: ['test/compat/**/*.test.ts'], fileParallelism: false },
      },
      { extends: true, test: { name: 'e2e', include: ['test/e2e/**/*.test.ts'], fileParallelism: false } },
      {
        extends: true,
        test: { name: 'native', include: ['native/test/**/*.test.ts'], fileParallelism: false },
      },
    ],
  },
})
