// SPDX-License-Identifier: Apache-2.0
// Sockets with what has to be set before they are used and Node cannot set: mark, device, address of ping sockets.
#pragma once

#include <napi.h>

namespace libbpf_ts {

void RegisterSocket(Napi::Env env, Napi::Object exports);

}  // namespace libbpf_ts
