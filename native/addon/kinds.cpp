// SPDX-License-Identifier: Apache-2.0
#include "kinds.h"

#include <bpf/libbpf.h>

#include "args.h"

namespace libbpf_ts {

namespace {

constexpr uint32_t kMost = 128;  // more types than any kernel has
constexpr uint32_t kLinkTcx = 11;

std::string Named(const char* name, uint32_t type) {
  return name != nullptr ? name : "type " + std::to_string(type);
}

template <typename NameOf>
uint32_t Find(const Napi::CallbackInfo& info, size_t index, const char* what, NameOf nameOf) {
  std::string name = TextArg(info, index, "type");
  for (uint32_t type = 0; type < kMost; type++) {
    if (nameOf(type) == name) return type;
  }
  throw Napi::TypeError::New(info.Env(), "type must name a " + std::string(what) + " type, '" + name + "' is none");
}

}  // namespace

std::string MapTypeName(uint32_t type) {
  return Named(libbpf_bpf_map_type_str(static_cast<bpf_map_type>(type)), type);
}

std::string ProgramTypeName(uint32_t type) {
  return Named(libbpf_bpf_prog_type_str(static_cast<bpf_prog_type>(type)), type);
}

std::string LinkTypeName(uint32_t type) {
  if (type == kLinkTcx) return "tcx";  // newer than libbpf 1.1
  return Named(libbpf_bpf_link_type_str(static_cast<bpf_link_type>(type)), type);
}

uint32_t MapTypeArg(const Napi::CallbackInfo& info, size_t index) { return Find(info, index, "map", MapTypeName); }

uint32_t ProgramTypeArg(const Napi::CallbackInfo& info, size_t index) {
  return Find(info, index, "program", ProgramTypeName);
}

}  // namespace libbpf_ts
