// SPDX-License-Identifier: Apache-2.0
// The names libbpf gives to the kernel's map, program and link types, both ways.
#pragma once

#include <napi.h>

#include <string>

namespace libbpf_ts {

std::string MapTypeName(uint32_t type);
std::string ProgramTypeName(uint32_t type);
std::string LinkTypeName(uint32_t type);

uint32_t MapTypeArg(const Napi::CallbackInfo& info, size_t index);
uint32_t ProgramTypeArg(const Napi::CallbackInfo& info, size_t index);

}  // namespace libbpf_ts
