// SPDX-License-Identifier: Apache-2.0
// The clsact qdisc of an interface and the filters on its two hooks.
#pragma once

#include <napi.h>

namespace libbpf_ts {

void RegisterTc(Napi::Env env, Napi::Object exports);

}  // namespace libbpf_ts
