// SPDX-License-Identifier: Apache-2.0
// A BPF map: keys and values as bytes, singly, in batches or mapped into memory.
#pragma once

#include <linux/bpf.h>
#include <napi.h>

#include "handle.h"

namespace libbpf_ts {

class Map : public Napi::ObjectWrap<Map>, private Handle {
 public:
  static void Register(Napi::Env env, Napi::Object exports);
  // Wraps a descriptor it takes over; an empty name means the kernel's.
  static Napi::Value Wrap(Napi::Env env, Fd fd, const std::string& name);

  explicit Map(const Napi::CallbackInfo& info);

 private:
  static Napi::Value Open(const Napi::CallbackInfo& info);
  static Napi::Value ById(const Napi::CallbackInfo& info);
  static Napi::Value Create(const Napi::CallbackInfo& info);

  Napi::Value Describe(const Napi::CallbackInfo& info);
  Napi::Value GetDescriptor(const Napi::CallbackInfo& info);
  Napi::Value Lookup(const Napi::CallbackInfo& info);
  Napi::Value Take(const Napi::CallbackInfo& info);
  void Update(const Napi::CallbackInfo& info);
  Napi::Value Delete(const Napi::CallbackInfo& info);
  Napi::Value NextKey(const Napi::CallbackInfo& info);
  Napi::Value LookupBatch(const Napi::CallbackInfo& info);
  Napi::Value UpdateBatch(const Napi::CallbackInfo& info);
  Napi::Value DeleteBatch(const Napi::CallbackInfo& info);
  Napi::Value Mmap(const Napi::CallbackInfo& info);
  void Freeze(const Napi::CallbackInfo& info);
  void Pin(const Napi::CallbackInfo& info);
  void Close(const Napi::CallbackInfo& info);

  size_t CountOf(const Napi::CallbackInfo& info, size_t bytes, size_t each, const char* name) const;

  bpf_map_info about_ = {};
  size_t transferSize_ = 0;  // bytes of a value as lookup and update move it
};

}  // namespace libbpf_ts
