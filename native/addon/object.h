// SPDX-License-Identifier: Apache-2.0
// A BPF object file: opened, then loaded into the kernel, then a source of maps and programs.
#pragma once

#include <bpf/libbpf.h>
#include <napi.h>

#include <memory>
#include <string>

namespace libbpf_ts {

struct CloseObject {
  void operator()(bpf_object* object) const { bpf_object__close(object); }
};

class Object : public Napi::ObjectWrap<Object> {
 public:
  static void Register(Napi::Env env, Napi::Object exports);

  explicit Object(const Napi::CallbackInfo& info);

 private:
  Napi::Value Name(const Napi::CallbackInfo& info);
  Napi::Value Maps(const Napi::CallbackInfo& info);
  Napi::Value Programs(const Napi::CallbackInfo& info);
  Napi::Value Btf(const Napi::CallbackInfo& info);
  void SetMaxEntries(const Napi::CallbackInfo& info);
  void SetInitialValue(const Napi::CallbackInfo& info);
  Napi::Value InitialValue(const Napi::CallbackInfo& info);
  void ReuseMap(const Napi::CallbackInfo& info);
  void SetInnerMap(const Napi::CallbackInfo& info);
  void SetAutoload(const Napi::CallbackInfo& info);
  void Load(const Napi::CallbackInfo& info);
  Napi::Value TakeMap(const Napi::CallbackInfo& info);
  Napi::Value TakeProgram(const Napi::CallbackInfo& info);
  void Close(const Napi::CallbackInfo& info);

  bpf_object* Need(Napi::Env env) const;
  bpf_map* MapArg(const Napi::CallbackInfo& info, size_t index) const;
  bpf_program* ProgramArg(const Napi::CallbackInfo& info, size_t index) const;

  std::unique_ptr<bpf_object, CloseObject> object_;
  std::string name_;
};

}  // namespace libbpf_ts
