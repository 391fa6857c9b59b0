// SPDX-License-Identifier: Apache-2.0
// The filters under one parent of an interface, as route netlink lists them. libbpf asks for one filter only.
#pragma once

#include <stdint.h>

#include <string>
#include <vector>

namespace libbpf_ts {

struct TcFilter {
  std::string kind;
  uint32_t handle = 0;
  uint32_t priority = 0;
  uint32_t programId = 0;  // 0: not of kind bpf
  std::string name;        // what the filter of kind bpf says of itself, "" without
};

// 0, or an errno. Where the parent is not there, nothing is on it.
int ListTcFilters(uint32_t ifindex, uint32_t parent, std::vector<TcFilter>& filters);

}  // namespace libbpf_ts
