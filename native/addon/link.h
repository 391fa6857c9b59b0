// SPDX-License-Identifier: Apache-2.0
// A BPF link: one program attached to one hook, replaceable atomically.
#pragma once

#include <napi.h>

#include "handle.h"

namespace libbpf_ts {

class Link : public Napi::ObjectWrap<Link>, private Handle {
 public:
  static void Register(Napi::Env env, Napi::Object exports);
  static Napi::Value Wrap(Napi::Env env, Fd fd);

  explicit Link(const Napi::CallbackInfo& info);

 private:
  static Napi::Value Open(const Napi::CallbackInfo& info);
  static Napi::Value ById(const Napi::CallbackInfo& info);
  static Napi::Value Create(const Napi::CallbackInfo& info);
  static Napi::Value QueryXdp(const Napi::CallbackInfo& info);
  static Napi::Value Query(const Napi::CallbackInfo& info);

  Napi::Value Info(const Napi::CallbackInfo& info);
  Napi::Value GetDescriptor(const Napi::CallbackInfo& info);
  void Update(const Napi::CallbackInfo& info);
  void Detach(const Napi::CallbackInfo& info);
  void Pin(const Napi::CallbackInfo& info);
  void Close(const Napi::CallbackInfo& info);
};

}  // namespace libbpf_ts
