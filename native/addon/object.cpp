// SPDX-License-Identifier: Apache-2.0
#include "object.h"

#include <bpf/btf.h>
#include <errno.h>
#include <string.h>

#include "args.h"
#include "error.h"
#include "kinds.h"
#include "map.h"
#include "program.h"

namespace libbpf_ts {

namespace {

Napi::Uint8Array CopyOf(Napi::Env env, const void* data, size_t size) {
  Napi::Uint8Array out = Napi::Uint8Array::New(env, size);
  if (size != 0) memcpy(out.Data(), data, size);
  return out;
}

}  // namespace

void Object::Register(Napi::Env env, Napi::Object exports) {
  exports.Set("Object", DefineClass(env, "Object",
                                    {
                                        InstanceMethod("name", &Object::Name),
                                        InstanceMethod("maps", &Object::Maps),
                                        InstanceMethod("programs", &Object::Programs),
                                        InstanceMethod("btf", &Object::Btf),
                                        InstanceMethod("setMaxEntries", &Object::SetMaxEntries),
                                        InstanceMethod("setInitialValue", &Object::SetInitialValue),
                                        InstanceMethod("initialValue", &Object::InitialValue),
                                        InstanceMethod("reuseMap", &Object::ReuseMap),
                                        InstanceMethod("setInnerMap", &Object::SetInnerMap),
                                        InstanceMethod("setAutoload", &Object::SetAutoload),
                                        InstanceMethod("load", &Object::Load),
                                        InstanceMethod("map", &Object::TakeMap),
                                        InstanceMethod("program", &Object::TakeProgram),
                                        InstanceMethod("close", &Object::Close),
                                    }));
}

// new Object(bytes, name?, pinRoot?, kernelBtf?)
Object::Object(const Napi::CallbackInfo& info) : Napi::ObjectWrap<Object>(info) {
  Bytes bytes = BytesArg(info, 0, "source");
  std::string name = OptionalTextArg(info, 1, "name");
  std::string pinRoot = OptionalTextArg(info, 2, "pinRoot");
  std::string kernelBtf = OptionalTextArg(info, 3, "kernelBtf");
  if (name.empty()) name = "object";
  LIBBPF_OPTS(bpf_object_open_opts, options);
  options.object_name = name.c_str();
  options.pin_root_path = pinRoot.empty() ? nullptr : pinRoot.c_str();
  options.btf_custom_path = kernelBtf.empty() ? nullptr : kernelBtf.c_str();
  LogScope log;
  object_.reset(bpf_object__open_mem(bytes.data, bytes.size, &options));
  if (object_ == nullptr) ThrowBpf(info.Env(), "open object", name, errno, log.text());
  name_ = bpf_object__name(object_.get());
}

bpf_object* Object::Need(Napi::Env env) const {
  if (object_ == nullptr) ThrowClosed(env, "object", name_);
  return object_.get();
}

bpf_map* Object::MapArg(const Napi::CallbackInfo& info, size_t index) const {
  bpf_object* object = Need(info.Env());
  std::string name = TextArg(info, index, "map");
  bpf_map* map = bpf_object__find_map_by_name(object, name.c_str());
  if (map == nullptr) throw Napi::TypeError::New(info.Env(), "object '" + name_ + "' has no map '" + name + "'");
  return map;
}

bpf_program* Object::ProgramArg(const Napi::CallbackInfo& info, size_t index) const {
  bpf_object* object = Need(info.Env());
  std::string name = TextArg(info, index, "program");
  bpf_program* program = bpf_object__find_program_by_name(object, name.c_str());
  if (program == nullptr) {
    throw Napi::TypeError::New(info.Env(), "object '" + name_ + "' has no program '" + name + "'");
  }
  return program;
}

Napi::Value Object::Name(const Napi::CallbackInfo& info) { return Napi::String::New(info.Env(), name_); }

Napi::Value Object::Maps(const Napi::CallbackInfo& info) {
  Napi::Env env = info.Env();
  bpf_object* object = Need(env);
  Napi::Array out = Napi::Array::New(env);
  bpf_map* map = nullptr;
  bpf_object__for_each_map(map, object) {
    Napi::Object spec = Napi::Object::New(env);
    spec.Set("name", bpf_map__name(map));
    spec.Set("type", MapTypeName(bpf_map__type(map)));
    spec.Set("keySize", bpf_map__key_size(map));
    spec.Set("valueSize", bpf_map__value_size(map));
    spec.Set("maxEntries", bpf_map__max_entries(map));
    spec.Set("flags", bpf_map__map_flags(map));
    spec.Set("internal", bpf_map__is_internal(map));
    out.Set(out.Length(), spec);
  }
  return out;
}

Napi::Value Object::Programs(const Napi::CallbackInfo& info) {
  Napi::Env env = info.Env();
  bpf_object* object = Need(env);
  Napi::Array out = Napi::Array::New(env);
  bpf_program* program = nullptr;
  bpf_object__for_each_program(program, object) {
    Napi::Object spec = Napi::Object::New(env);
    spec.Set("name", bpf_program__name(program));
    spec.Set("section", bpf_program__section_name(program));
    spec.Set("type", ProgramTypeName(bpf_program__type(program)));
    spec.Set("autoload", bpf_program__autoload(program));
    spec.Set("instructions", static_cast<double>(bpf_program__insn_cnt(program)));
    out.Set(out.Length(), spec);
  }
  return out;
}

Napi::Value Object::Btf(const Napi::CallbackInfo& info) {
  btf* types = bpf_object__btf(Need(info.Env()));
  uint32_t size = 0;
  const void* data = types == nullptr ? nullptr : btf__raw_data(types, &size);
  if (data == nullptr) return info.Env().Undefined();
  return CopyOf(info.Env(), data, size);
}

void Object::SetMaxEntries(const Napi::CallbackInfo& info) {
  bpf_map* map = MapArg(info, 0);
  int result = bpf_map__set_max_entries(map, UintArg(info, 1, "maxEntries"));
  if (result != 0) ThrowBpf(info.Env(), "set max entries", bpf_map__name(map), result);
}

void Object::SetInitialValue(const Napi::CallbackInfo& info) {
  bpf_map* map = MapArg(info, 0);
  size_t size = 0;
  if (bpf_map__initial_value(map, &size) == nullptr) {
    throw Napi::TypeError::New(info.Env(), std::string("map '") + bpf_map__name(map) + "' has no initial value");
  }
  Bytes value = BytesArg(info, 1, "value", size);
  int result = bpf_map__set_initial_value(map, value.data, value.size);
  if (result != 0) ThrowBpf(info.Env(), "set initial value", bpf_map__name(map), result);
}

Napi::Value Object::InitialValue(const Napi::CallbackInfo& info) {
  bpf_map* map = MapArg(info, 0);
  size_t size = 0;
  const void* value = bpf_map__initial_value(map, &size);
  if (value != nullptr) return CopyOf(info.Env(), value, size);
  throw Napi::TypeError::New(info.Env(), std::string("map '") + bpf_map__name(map) + "' has no initial value");
}

void Object::ReuseMap(const Napi::CallbackInfo& info) {
  bpf_map* map = MapArg(info, 0);
  LogScope log;
  int result = bpf_map__reuse_fd(map, static_cast<int>(UintArg(info, 1, "existing")));
  if (result != 0) ThrowBpf(info.Env(), "reuse map", bpf_map__name(map), result, log.text());
}

void Object::SetInnerMap(const Napi::CallbackInfo& info) {
  bpf_map* map = MapArg(info, 0);
  LogScope log;
  int result = bpf_map__set_inner_map_fd(map, static_cast<int>(UintArg(info, 1, "inner")));
  if (result != 0) ThrowBpf(info.Env(), "set inner map", bpf_map__name(map), result, log.text());
}

void Object::SetAutoload(const Napi::CallbackInfo& info) {
  bpf_program* program = ProgramArg(info, 0);
  int result = bpf_program__set_autoload(program, info[1].ToBoolean());
  if (result != 0) ThrowBpf(info.Env(), "set autoload", bpf_program__name(program), result);
}

void Object::Load(const Napi::CallbackInfo& info) {
  bpf_object* object = Need(info.Env());
  LogScope log;
  int result = bpf_object__load(object);
  if (result != 0) ThrowBpf(info.Env(), "load", name_, result, log.text());
}

Napi::Value Object::TakeMap(const Napi::CallbackInfo& info) {
  bpf_map* map = MapArg(info, 0);
  Fd fd = Fd::Duplicate(bpf_map__fd(map));
  if (!fd.open()) ThrowBpf(info.Env(), "take map", bpf_map__name(map), errno);
  return Map::Wrap(info.Env(), std::move(fd), bpf_map__name(map));
}

Napi::Value Object::TakeProgram(const Napi::CallbackInfo& info) {
  bpf_program* program = ProgramArg(info, 0);
  if (!bpf_program__autoload(program)) {
    std::string name = bpf_program__name(program);
    throw Napi::TypeError::New(info.Env(), "program '" + name + "' of object '" + name_ + "' was not chosen for loading");
  }
  Fd fd = Fd::Duplicate(bpf_program__fd(program));
  if (!fd.open()) ThrowBpf(info.Env(), "take program", bpf_program__name(program), errno);
  return Program::Wrap(info.Env(), std::move(fd), bpf_program__name(program));
}

void Object::Close(const Napi::CallbackInfo&) { object_.reset(); }

}  // namespace libbpf_ts
