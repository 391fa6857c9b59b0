// SPDX-License-Identifier: Apache-2.0
// The kernel's tunables: those there are, those that mean nothing here, and slips of the finger.
import { describe, expect, it } from 'vitest'
import { TunableNames } from '../../../src/abi/generated.js'
import { formatProblems } from '../../../src/model/describe.js'
import {
  parseTunable,
  parseTunableName,
  TUNABLE_NAMES,
  TUNABLES,
  tunableFault,
  tuned,
} from '../../../src/model/tunables.js'
import { DEFAULT_TUNABLES, type Outcome } from '../../../src/model/types.js'

const said = (outcome: Outcome<unknown>) => (outcome.ok ? outcome.value : formatProblems(outcome.problems))

it('every tunable of the datapath is known by name, and its default is allowed', () => {
  const inMaps = Object.values(TunableNames).map((word) => word.toLowerCase().replace(/^tune_/, ''))
  expect(TUNABLE_NAMES.toSorted()).toEqual(inMaps.filter((word) => word !== 'tunables').toSorted())
  for (const name of TUNABLE_NAMES) {
    expect(tunableFault(name, TUNABLES[name].default)).toBeUndefined()
    expect(TUNABLES[name].default).toBe(DEFAULT_TUNABLES[name])
  }
})

describe('a name', () => {
  it.each([
    ['secure_tcp', 'secure_tcp'],
    ['net.ipv4.vs.secure_tcp', 'secure_tcp'],
    ['net/ipv4/vs/secure_tcp', 'secure_tcp'],
    ['net.ipv4.icmp_ratelimit', 'icmp_ratelimit'],
    ['conntrack', 'name: conntrack belongs to NAT, which xlvs does not do; leave it out'],
    [
      'net.ipv4.vs.sync_threshold',
      'name: sync_threshold belongs to the synchronisation of connections, which xlvs does not do; leave it out',
    ],
    ['pmtu_disc', 'name: pmtu_disc belongs to tunnels, which xlvs does not do; leave it out'],
    ['expire_nodestconn', 'name: unknown tunable "expire_nodestconn"; write expire_nodest_conn'],
    ['conntrak', 'name: unknown tunable "conntrak"; see `xlvs tune`'],
    ['handshake_sample', 'handshake_sample'],
    [
      'net.ipv4.vs.handshake_sample',
      'name: handshake_sample is a tunable of xlvs, not of the kernel; write handshake_sample',
    ],
    ['', 'name: unknown tunable ""; see `xlvs tune`'],
    ['__proto__', 'name: unknown tunable "__proto__"; see `xlvs tune`'],
  ])('%s', (text, expected) => expect(said(parseTunableName(text, 'name'))).toBe(expected))
})

it('a value is a whole number in the range of its tunable', () => {
  expect(said(parseTunable('conn_reuse_mode', '2'))).toBe(2)
  expect(said(parseTunable('conn_reuse_mode', '4'))).toBe('conn_reuse_mode 4 is above 3; use 0..3')
  expect(said(parseTunable('sloppy_tcp', 'on'))).toBe(
    'sloppy_tcp is the text "on", not a whole number; use 0..1',
  )
})

it('several are changed together or not at all', () => {
  expect(said(tuned(DEFAULT_TUNABLES, { drop_entry: 3, 'net.ipv4.vs.sloppy_tcp': 1 }))).toEqual({
    ...DEFAULT_TUNABLES,
    drop_entry: 3,
    sloppy_tcp: 1,
  })
  expect(said(tuned(DEFAULT_TUNABLES, { drop_entry: 3, sloppy_tpc: 1, secure_tcp: '1' }))).toBe(
    'sloppy_tpc: unknown tunable "sloppy_tpc"; write sloppy_tcp\nsecure_tcp: secure_tcp is the text "1", not a whole number; use 0..3',
  )
  expect(said(tuned(DEFAULT_TUNABLES, { drop_entry: 3, 'net.ipv4.vs.drop_entry': 1 }))).toBe(
    'net.ipv4.vs.drop_entry: tunable drop_entry is there twice; keep one of them',
  )
})
