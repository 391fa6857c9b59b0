// SPDX-License-Identifier: Apache-2.0
// Checked by the compiler alone (package.test.ts runs it): what the types promise, and what must not compile.
import type {
  BpfLink,
  BpfMap,
  BpfObject,
  BpfProgram,
  Feature,
  ObjectSpec,
  PerfBuffer,
  RingBuffer,
  RouteEvent,
  TypedMap,
  XdpLink,
} from '../src/index.js'
import { attachXdp, codecs, openPerfBuffer, openRingBuffer } from '../src/index.js'

type Equal<A, B> = (<T>() => T extends A ? 1 : 2) extends <T>() => T extends B ? 1 : 2 ? true : false
type Holds<T extends true> = T

/** Each member is `true` or an error of the compiler. */
export type Promises = [
  Holds<Equal<ReturnType<ObjectSpec['load']>, BpfObject>>,
  Holds<Equal<ReturnType<BpfObject['map']>, BpfMap>>,
  Holds<Equal<ReturnType<BpfMap['lookup']>, Uint8Array | undefined>>,
  Holds<Equal<ReturnType<BpfMap['mmap']>, ArrayBuffer>>,
  Holds<Equal<ReturnType<TypedMap<number, bigint>['get']>, bigint | undefined>>,
  Holds<Equal<ReturnType<RingBuffer['lost']>, bigint>>,
  Holds<Equal<ReturnType<typeof attachXdp>, XdpLink>>,
  Holds<Equal<Extract<Feature, { ok: false }>['why'], string>>,
  Holds<Equal<Extract<RouteEvent, { type: 'link' }>['change'], 'added' | 'removed'>>,
  Holds<XdpLink extends BpfLink ? true : false>,
  Holds<BpfMap extends Disposable ? true : false>,
  Holds<PerfBuffer extends AsyncDisposable ? true : false>,
]

/** Never called. */
export function refused(spec: ObjectSpec, map: BpfMap, program: BpfProgram, feature: Feature): unknown[] {
  // @ts-expect-error names are not written
  program.name = 'other'
  return [
    // @ts-expect-error a specification has no live maps
    spec.map('counts'),
    // @ts-expect-error a mode must be named
    attachXdp(program, 1, {}),
    // @ts-expect-error 'skb' is no mode
    attachXdp(program, 1, { mode: 'skb' }),
    // @ts-expect-error a map is no program
    attachXdp(map, 1, { mode: 'native' }),
    // @ts-expect-error keys are bytes
    map.lookup(1),
    // @ts-expect-error 'always' is no mode
    map.update(new Uint8Array(4), new Uint8Array(4), 'always'),
    // @ts-expect-error a yes has no reason
    feature.why,
    // @ts-expect-error a reader wants a callback
    openRingBuffer(map),
    // @ts-expect-error the CPU is a number
    openPerfBuffer(map, (_record: Uint8Array, _cpu: string) => {}),
    // @ts-expect-error a live map is not set up
    map.setMaxEntries(5),
    // @ts-expect-error 64 bits are a bigint
    codecs.u64.write(new DataView(new ArrayBuffer(8)), 0, 5),
  ]
}
