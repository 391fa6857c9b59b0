// SPDX-License-Identifier: Apache-2.0
// A controller in a network namespace of a test's: commands come in as lines of JSON, answers go out the same way.
// Runs what `make` has built, since a test cannot change its own namespace.
import { createInterface } from 'node:readline'
import { openMap } from 'libbpf-ts'
import {
  Iface_SIZE,
  Nexthop_SIZE,
  Real_SIZE,
  readIface,
  readNexthop,
  readReal,
} from '../../dist/abi/generated.js'
import { openDatapath } from '../../dist/datapath/open.js'
import { diff } from '../../dist/plan/diff.js'

let datapath
let root
const changes = []

const commands = {
  async open(options) {
    root = options.pinRoot
    const outcome = await openDatapath(options)
    if (!outcome.ok) return outcome
    datapath = outcome.value
    await datapath.watchNextHops((state) => changes.push(state))
    return { ok: true, value: datapath.adopted }
  },
  settle(desired) {
    const ops = diff(desired, datapath.actual(), datapath.now())
    if (!ops.ok) return ops
    const done = datapath.apply(ops.value)
    return done.ok ? { ok: true, value: ops.value.map((op) => op.op) } : done
  },
  actual() {
    const { vips, services, ...rest } = datapath.actual()
    return { ...rest, vips: [...vips], services: [...services] }
  },
  /** One wish after the other, over and over: to be killed. */
  async churn(wishes) {
    for (let i = 0; ; i++) {
      const ops = diff(wishes[i % wishes.length], datapath.actual(), datapath.now())
      datapath.apply(ops.value)
      if (i % 100 === 0) await new Promise((resolve) => setImmediate(resolve))
    }
  },
  /** What packets to these addresses may be as large as. */
  mtus(addresses) {
    const [reals, hops] = [memory('reals'), memory('nexthops')]
    const all = [...datapath.actual().services.values()].flatMap((service) => service.reals)
    return addresses.map((address) => {
      const real = all.find((each) => each.address === address)
      return readNexthop(hops, readReal(reals, real.id * Real_SIZE).nexthop * Nexthop_SIZE).mtu
    })
  },
  iface: (ifindex) => readIface(memory('ifaces'), ifindex * Iface_SIZE),
  changes: () => changes.splice(0),
  call: (method, ...args) => datapath[method](...args),
}

function memory(name) {
  const map = openMap(`${root}/maps/${name}`)
  const view = new DataView(map.mmap())
  map.close()
  return view
}

for await (const line of createInterface({ input: process.stdin })) {
  const [name, ...args] = JSON.parse(line)
  let answer
  try {
    answer = { value: await commands[name](...args) }
  } catch (error) {
    answer = { thrown: String(error?.stack ?? error) }
  }
  process.stdout.write(
    `${JSON.stringify(answer, (_, value) => (typeof value === 'bigint' ? Number(value) : value))}\n`,
  )
}
