// SPDX-License-Identifier: Apache-2.0
// Registers every class of the addon in the environment that loads it.
#include <napi.h>

#include "error.h"
#include "features.h"
#include "instance.h"
#include "link.h"
#include "map.h"
#include "netlink.h"
#include "object.h"
#include "perfbuf.h"
#include "program.h"
#include "ringbuf.h"
#include "socket.h"
#include "tc.h"

namespace {

using namespace libbpf_ts;

Napi::Object Init(Napi::Env env, Napi::Object exports) {
  env.SetInstanceData(new Instance());
  RegisterError(env, exports);
  Object::Register(env, exports);
  Map::Register(env, exports);
  Program::Register(env, exports);
  Link::Register(env, exports);
  RingBuffer::Register(env, exports);
  PerfBuffer::Register(env, exports);
  RegisterFeatures(env, exports);
  RegisterNetlink(env, exports);
  RegisterTc(env, exports);
  RegisterSocket(env, exports);
  return exports;
}

}  // namespace

NODE_API_MODULE(libbpf_ts, Init)
