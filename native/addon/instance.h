// SPDX-License-Identifier: Apache-2.0
// What the addon keeps per Node environment (main thread, each worker): nothing is shared between them.
#pragma once

#include <napi.h>

namespace libbpf_ts {

struct Instance {
  Napi::FunctionReference errorClass;
  Napi::FunctionReference mapClass;
  Napi::FunctionReference programClass;
  Napi::FunctionReference linkClass;

  static Instance& Of(Napi::Env env) { return *env.GetInstanceData<Instance>(); }
};

}  // namespace libbpf_ts
