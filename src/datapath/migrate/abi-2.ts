// SPDX-License-Identifier: Apache-2.0
// How the maps of ABI version 2 are laid out: its sets do not say so themselves, later ones do (pin `layout`).
import type { Layout } from 'libbpf-ts'
import type { Description } from './describe.js'

function number(bytes: number, kind: 'unsigned' | 'signed' | 'network' = 'unsigned'): Layout {
  return { kind: 'number', bytes, signed: kind === 'signed', network: kind === 'network' }
}

function array(length: number, of: Layout): Layout {
  return { kind: 'array', of, length }
}

function struct(
  bytes: number,
  members: Readonly<Record<string, readonly [offset: number, layout: Layout]>>,
): Layout {
  const list = Object.entries(members).map(([name, [offset, layout]]) => ({ name, offset, layout }))
  return { kind: 'struct', bytes, members: list }
}

const u32 = number(4)
const u8 = number(1)
const u16 = number(2)
const be16 = number(2, 'network')
const u64 = number(8)
const be32 = number(4, 'network')
const s32 = number(4, 'signed')

export const ABI_2: Description = {
  maps: {
    ifaces: {
      key: u32,
      value: struct(16, {
        mac: [0, array(6, u8)],
        attached: [6, u8],
        merged: [7, u8],
        slot: [8, u32],
        pad2: [12, u32],
      }),
    },
    vips: {
      key: u32,
      value: struct(24, {
        addr: [0, array(16, u8)],
        family: [16, u8],
        used: [17, u8],
        pad: [18, array(6, u8)],
      }),
    },
    reals: {
      key: u32,
      value: struct(16, { nexthop: [0, u32], flags: [4, u32], upper: [8, u32], lower: [12, u32] }),
    },
    nexthops: {
      key: u32,
      value: struct(32, {
        dst_mac: [0, array(6, u8)],
        src_mac: [6, array(6, u8)],
        ifindex: [12, u32],
        kind: [16, u8],
        tags: [17, u8],
        pad: [18, u16],
        tpid: [20, array(2, be16)],
        tci: [24, array(2, be16)],
        mtu: [28, u32],
      }),
    },
    services: { key: u32, value: struct(8, { line: [0, u32], pad: [4, u32] }) },
    tables: { key: u32, value: struct(64, { word: [0, array(8, u64)] }) },
    conns4: {
      key: u32,
      value: struct(64, {
        way: [
          0,
          array(
            4,
            struct(16, {
              client: [0, be32],
              client_port: [4, be16],
              virtual_port: [6, be16],
              data: [8, u64],
            }),
          ),
        ],
      }),
    },
    conns6: {
      key: u32,
      value: struct(128, {
        way: [
          0,
          array(
            4,
            struct(32, {
              client: [0, array(4, be32)],
              client_port: [16, be16],
              virtual_port: [18, be16],
              pad: [20, u32],
              data: [24, u64],
            }),
          ),
        ],
      }),
    },
    templates: {
      key: u32,
      value: struct(64, {
        way: [
          0,
          array(
            2,
            struct(32, {
              net: [0, array(4, be32)],
              vip: [16, u16],
              virtual_port: [18, be16],
              control: [20, u32],
              data: [24, u64],
            }),
          ),
        ],
      }),
    },
    loads: { key: u32, value: struct(8, { inactive: [0, u32], active: [4, u32] }) },
    persistents: { key: u32, value: u32 },
    verdicts: { key: u32, value: struct(16, { packets: [0, u64], bytes: [8, u64] }) },
    real_stats: {
      key: u32,
      value: struct(32, { packets: [0, u64], bytes: [8, u64], connections: [16, u64], pad: [24, u64] }),
    },
    totals: {
      key: u32,
      value: struct(64, {
        conns_created: [0, u64],
        conns_expired: [8, u64],
        conns_evicted: [16, u64],
        conns_unstored: [24, u64],
        templates_created: [32, u64],
        templates_expired: [40, u64],
        templates_evicted: [48, u64],
        templates_unstored: [56, u64],
      }),
    },
    real_info: {
      key: u32,
      value: struct(64, {
        addr: [0, array(16, u8)],
        service: [16, u32],
        port: [20, be16],
        family: [22, u8],
        used: [23, u8],
        weight: [24, u32],
        last_weight: [28, u32],
        order: [32, u64],
        trash_since: [40, u64],
        pad: [48, array(2, u64)],
      }),
    },
    service_info: {
      key: u32,
      value: struct(32, { packets: [0, u64], bytes: [8, u64], connections: [16, u64], pad: [24, u64] }),
    },
    tx_ports: { key: u32, value: u32 },
    overflow: { key: u32, value: u32 },
    frags: {
      key: struct(24, {
        src: [0, array(4, be32)],
        id: [16, be32],
        vip: [20, u16],
        proto: [22, u8],
        pad: [23, u8],
      }),
      value: struct(8, { real: [0, u32], stamp: [4, u32] }),
    },
    near: {
      key: struct(8, { service: [0, u32], vip: [4, u32] }),
      value: struct(536, {
        epoch: [0, u32],
        used: [4, u32],
        changed: [8, u32],
        count: [12, u32],
        members: [16, u32],
        pad: [20, u32],
        real: [24, array(128, u32)],
      }),
    },
    tokens: { key: u32, value: struct(8, { stamp: [0, u32], left: [4, u32] }) },
    peers: { key: struct(8, { addr: [0, array(6, u8)], pad: [6, array(2, u8)] }), value: u32 },
    settings: {
      key: u32,
      value: struct(368, {
        settings: [
          0,
          struct(368, {
            abi: [0, u32],
            clock: [4, u32],
            seed: [8, u64],
            vips: [16, array(2, struct(8, { line: [0, u32], mask: [4, u32] }))],
            services: [32, array(3, struct(8, { line: [0, u32], mask: [4, u32] }))],
            timeout: [56, array(32, u32)],
            marks: [184, array(3, struct(8, { line: [0, u32], mask: [4, u32] }))],
            tunable: [208, array(32, u32)],
            fragment_timeout: [336, u32],
            next_order: [340, u32],
            secure_tcp: [344, u32],
            drop_rate: [348, u32],
            drop_counter: [352, s32],
            next_epoch: [356, u32],
            pad: [360, array(2, u32)],
          }),
        ],
      }),
    },
  },
  arena: {
    service: {
      bytes: 64,
      at: {
        id: 0,
        lines: 4,
        vip: 8,
        port: 10,
        proto: 12,
        scheduler: 13,
        family: 14,
        flags: 15,
        count: 16,
        ids: 20,
        persistSeconds: 24,
        mark: 28,
        period: 32,
        persistMask: 40,
        generation: 56,
        epoch: 60,
      },
    },
    cursor: {
      bytes: 64,
      at: { next: 0, start: 8, position: 16, currentWeight: 20, maxWeight: 24, step: 28 },
    },
    segment: { bytes: 16, at: { until: 0, first: 8, count: 12 } },
    share: { bytes: 8, at: { real: 0, weight: 4 } },
    mark_range: { bytes: 16, at: { first: 0, last: 4, service: 8, mark: 12 } },
    dir_entry: { bytes: 8, at: { key: 0, value: 4 } },
  },
}
