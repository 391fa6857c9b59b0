// SPDX-License-Identifier: Apache-2.0
// Questions to libbpf and the kernel that need no object: CPUs, types and helpers supported, statistics.
#pragma once

#include <napi.h>

namespace libbpf_ts {

void RegisterFeatures(Napi::Env env, Napi::Object exports);

}  // namespace libbpf_ts
