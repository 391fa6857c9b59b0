// SPDX-License-Identifier: Apache-2.0
// The lab of the demo, for tests: namespaces, web servers, load. It needs `make` to have been run.
export { must, type Result, type Running, run } from '../../src/demo/lab/command.js'
export { type Director, startDirector } from '../../src/demo/lab/director.js'
export { type Lab, openLab, removeLab } from '../../src/demo/lab/lab.js'
export { type LabWish, planLab, type Shape } from '../../src/demo/lab/plan.js'
export { buildTopology, type Host, type Topology } from '../../src/demo/lab/topology.js'
export {
  answered,
  askedBeforeEnded,
  type Load,
  type LoadOptions,
  load,
  loadToEnd,
  serve,
} from '../../src/demo/lab/traffic.js'
export { between, NOTHING, type Report } from '../../src/demo/traffic/report.js'
