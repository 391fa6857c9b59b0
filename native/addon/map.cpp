// SPDX-License-Identifier: Apache-2.0
#include "map.h"

#include <bpf/bpf.h>
#include <bpf/libbpf.h>
#include <errno.h>

#include "args.h"
#include "error.h"
#include "instance.h"
#include "kinds.h"

namespace libbpf_ts {

namespace {

size_t TransferSize(const bpf_map_info& about, size_t cpus) {
  switch (about.type) {
    case BPF_MAP_TYPE_PERCPU_HASH:
    case BPF_MAP_TYPE_LRU_PERCPU_HASH:
    case BPF_MAP_TYPE_PERCPU_ARRAY:
    case BPF_MAP_TYPE_PERCPU_CGROUP_STORAGE:
      return (about.value_size + 7ul) / 8 * 8 * cpus;
    case BPF_MAP_TYPE_PROG_ARRAY:
    case BPF_MAP_TYPE_PERF_EVENT_ARRAY:
    case BPF_MAP_TYPE_CGROUP_ARRAY:
    case BPF_MAP_TYPE_ARRAY_OF_MAPS:
    case BPF_MAP_TYPE_HASH_OF_MAPS:
      return sizeof(uint32_t);
    default:
      return about.value_size;
  }
}

}  // namespace

void Map::Register(Napi::Env env, Napi::Object exports) {
  Napi::Function constructor = DefineClass(env, "Map",
                                           {
                                               StaticMethod("open", &Map::Open),
                                               StaticMethod("byId", &Map::ById),
                                               StaticMethod("create", &Map::Create),
                                               InstanceMethod("describe", &Map::Describe),
                                               InstanceMethod("descriptor", &Map::GetDescriptor),
                                               InstanceMethod("lookup", &Map::Lookup),
                                               InstanceMethod("take", &Map::Take),
                                               InstanceMethod("update", &Map::Update),
                                               InstanceMethod("delete", &Map::Delete),
                                               InstanceMethod("nextKey", &Map::NextKey),
                                               InstanceMethod("lookupBatch", &Map::LookupBatch),
                                               InstanceMethod("updateBatch", &Map::UpdateBatch),
                                               InstanceMethod("deleteBatch", &Map::DeleteBatch),
                                               InstanceMethod("mmap", &Map::Mmap),
                                               InstanceMethod("freeze", &Map::Freeze),
                                               InstanceMethod("pin", &Map::Pin),
                                               InstanceMethod("close", &Map::Close),
                                           });
  Instance::Of(env).mapClass = Napi::Persistent(constructor);
  exports.Set("Map", constructor);
}

Napi::Value Map::Wrap(Napi::Env env, Fd fd, const std::string& name) {
  return Instance::Of(env).mapClass.New({Napi::External<Fd>::New(env, &fd), Napi::String::New(env, name)});
}

Map::Map(const Napi::CallbackInfo& info) : Napi::ObjectWrap<Map>(info), Handle(Kind::map) {
  Fd fd = FdArg(info, 0);
  std::string name = OptionalTextArg(info, 1, "name");
  uint32_t size = sizeof(about_);
  if (bpf_obj_get_info_by_fd(fd.get(), &about_, &size) != 0) ThrowBpf(info.Env(), "map info", name, errno);
  int cpus = libbpf_num_possible_cpus();
  if (cpus < 0) ThrowBpf(info.Env(), "count possible cpus", "", cpus);
  transferSize_ = TransferSize(about_, static_cast<size_t>(cpus));
  Handle::Take(std::move(fd), name.empty() ? about_.name : name);
}

Napi::Value Map::Open(const Napi::CallbackInfo& info) {
  return Wrap(info.Env(), OpenPin(info.Env(), TextArg(info, 0, "path"), Kind::map), "");
}

Napi::Value Map::ById(const Napi::CallbackInfo& info) {
  uint32_t id = UintArg(info, 0, "id");
  Fd fd(bpf_map_get_fd_by_id(id));
  if (!fd.open()) ThrowBpf(info.Env(), "open map by id", std::to_string(id), errno);
  return Wrap(info.Env(), std::move(fd), "");
}

Napi::Value Map::Create(const Napi::CallbackInfo& info) {
  uint32_t type = MapTypeArg(info, 0);
  std::string name = TextArg(info, 1, "name");
  uint32_t keySize = UintArg(info, 2, "keySize");
  uint32_t valueSize = UintArg(info, 3, "valueSize");
  uint32_t maxEntries = UintArg(info, 4, "maxEntries");
  LIBBPF_OPTS(bpf_map_create_opts, options);
  options.map_flags = UintArg(info, 5, "flags");
  options.inner_map_fd = OptionalUintArg(info, 6, "innerMap", 0);
  std::string kernelName = name.substr(0, BPF_OBJ_NAME_LEN - 1);
  Fd fd(bpf_map_create(static_cast<bpf_map_type>(type), kernelName.c_str(), keySize, valueSize, maxEntries, &options));
  if (!fd.open()) ThrowBpf(info.Env(), "create map", name, errno);
  return Wrap(info.Env(), std::move(fd), name);
}

Napi::Value Map::Describe(const Napi::CallbackInfo& info) {
  Napi::Env env = info.Env();
  Napi::Object out = Napi::Object::New(env);
  out.Set("name", name());
  out.Set("type", MapTypeName(about_.type));
  out.Set("keySize", about_.key_size);
  out.Set("valueSize", about_.value_size);
  out.Set("maxEntries", about_.max_entries);
  out.Set("flags", about_.map_flags);
  out.Set("id", about_.id);
  out.Set("transferSize", static_cast<double>(transferSize_));
  return out;
}

Napi::Value Map::GetDescriptor(const Napi::CallbackInfo& info) { return GetFd(info.Env()); }

Napi::Value Map::Lookup(const Napi::CallbackInfo& info) {
  int fd = Need(info.Env());
  Bytes key = BytesArg(info, 0, "key", about_.key_size);
  Bytes out = BytesArg(info, 1, "out", transferSize_);
  uint32_t flags = OptionalUintArg(info, 2, "flags", 0);
  if (bpf_map_lookup_elem_flags(fd, key.orNull(), out.data, flags) == 0) return Napi::Boolean::New(info.Env(), true);
  if (errno != ENOENT) ThrowBpf(info.Env(), "map lookup", name(), errno);
  return Napi::Boolean::New(info.Env(), false);
}

Napi::Value Map::Take(const Napi::CallbackInfo& info) {
  int fd = Need(info.Env());
  Bytes key = BytesArg(info, 0, "key", about_.key_size);
  Bytes out = BytesArg(info, 1, "out", transferSize_);
  if (bpf_map_lookup_and_delete_elem(fd, key.orNull(), out.data) == 0) return Napi::Boolean::New(info.Env(), true);
  if (errno != ENOENT) ThrowBpf(info.Env(), "map take", name(), errno);
  return Napi::Boolean::New(info.Env(), false);
}

void Map::Update(const Napi::CallbackInfo& info) {
  int fd = Need(info.Env());
  Bytes key = BytesArg(info, 0, "key", about_.key_size);
  Bytes value = BytesArg(info, 1, "value", transferSize_);
  uint32_t flags = UintArg(info, 2, "flags");
  if (bpf_map_update_elem(fd, key.orNull(), value.data, flags) != 0) {
    ThrowBpf(info.Env(), "map update", name(), errno);
  }
}

Napi::Value Map::Delete(const Napi::CallbackInfo& info) {
  int fd = Need(info.Env());
  Bytes key = BytesArg(info, 0, "key", about_.key_size);
  if (bpf_map_delete_elem(fd, key.orNull()) == 0) return Napi::Boolean::New(info.Env(), true);
  if (errno != ENOENT) ThrowBpf(info.Env(), "map delete", name(), errno);
  return Napi::Boolean::New(info.Env(), false);
}

Napi::Value Map::NextKey(const Napi::CallbackInfo& info) {
  int fd = Need(info.Env());
  bool first = info[0].IsUndefined();
  Bytes key = first ? Bytes{} : BytesArg(info, 0, "key", about_.key_size);
  Bytes out = BytesArg(info, 1, "out", about_.key_size);
  if (bpf_map_get_next_key(fd, key.orNull(), out.data) == 0) return Napi::Boolean::New(info.Env(), true);
  if (errno != ENOENT) ThrowBpf(info.Env(), "map next key", name(), errno);
  return Napi::Boolean::New(info.Env(), false);
}

void Map::Freeze(const Napi::CallbackInfo& info) {
  int fd = Need(info.Env());
  if (bpf_map_freeze(fd) != 0) ThrowBpf(info.Env(), "map freeze", name(), errno);
}

void Map::Pin(const Napi::CallbackInfo& info) { PinAt(info.Env(), TextArg(info, 0, "path")); }

void Map::Close(const Napi::CallbackInfo&) { CloseFd(); }

}  // namespace libbpf_ts
