// SPDX-License-Identifier: Apache-2.0
// A loaded BPF program: what the kernel knows about it, and running it on a packet or context.
#pragma once

#include <napi.h>

#include "handle.h"

namespace libbpf_ts {

class Program : public Napi::ObjectWrap<Program>, private Handle {
 public:
  static void Register(Napi::Env env, Napi::Object exports);
  static Napi::Value Wrap(Napi::Env env, Fd fd, const std::string& name);

  explicit Program(const Napi::CallbackInfo& info);

 private:
  static Napi::Value Open(const Napi::CallbackInfo& info);
  static Napi::Value ById(const Napi::CallbackInfo& info);
  static Napi::Value Load(const Napi::CallbackInfo& info);

  Napi::Value Info(const Napi::CallbackInfo& info);
  Napi::Value GetDescriptor(const Napi::CallbackInfo& info);
  Napi::Value Run(const Napi::CallbackInfo& info);
  void Pin(const Napi::CallbackInfo& info);
  void Close(const Napi::CallbackInfo& info);
};

}  // namespace libbpf_ts
