// SPDX-License-Identifier: Apache-2.0
// Many entries of a map in one call: batches, and the whole array as memory.
#include <bpf/bpf.h>
#include <errno.h>

#include "args.h"
#include "error.h"
#include "map.h"
#include "mapping.h"

namespace libbpf_ts {

namespace {

size_t RoundUp(size_t size, size_t unit) { return (size + unit - 1) / unit * unit; }

[[noreturn]] void ThrowPart(Napi::Env env, const char* operation, const std::string& name, uint32_t done, size_t of,
                            int number) {
  ThrowBpf(env, operation, name, number, "entry " + std::to_string(done) + " of " + std::to_string(of) + " failed\n");
}

}  // namespace

// How many whole entries `bytes` holds; the kernel counts them in 32 bits.
size_t Map::CountOf(const Napi::CallbackInfo& info, size_t bytes, size_t each, const char* name) const {
  if (each == 0 || bytes % each != 0) {
    throw Napi::TypeError::New(info.Env(), std::string(name) + " must be a multiple of " + std::to_string(each) +
                                               " bytes, it has " + std::to_string(bytes));
  }
  if (bytes / each > UINT32_MAX) {
    throw Napi::TypeError::New(info.Env(), std::string(name) + " must hold at most 4294967295 entries");
  }
  return bytes / each;
}

Napi::Value Map::LookupBatch(const Napi::CallbackInfo& info) {
  Napi::Env env = info.Env();
  int fd = Need(env);
  Bytes from = OptionalBytesArg(info, 0, "from");
  Bytes next = BytesArg(info, 1, "next");
  Bytes keys = BytesArg(info, 2, "keys");
  Bytes values = BytesArg(info, 3, "values");
  size_t room = CountOf(info, keys.size, about_.key_size, "keys");
  size_t cursor = std::max<size_t>(about_.key_size, sizeof(uint32_t));
  if (values.size != room * transferSize_ || next.size < cursor || (from.data != nullptr && from.size < cursor)) {
    throw Napi::TypeError::New(env, "values and cursors must fit the keys");
  }
  auto count = static_cast<uint32_t>(room);
  int result = bpf_map_lookup_batch(fd, from.orNull(), next.data, keys.data, values.data, &count, nullptr);
  bool last = result != 0 && errno == ENOENT;
  if (result != 0 && !last) ThrowBpf(env, "map lookup batch", name(), errno);
  Napi::Object out = Napi::Object::New(env);
  out.Set("count", count);
  out.Set("last", last);
  return out;
}

Napi::Value Map::UpdateBatch(const Napi::CallbackInfo& info) {
  Napi::Env env = info.Env();
  int fd = Need(env);
  Bytes keys = BytesArg(info, 0, "keys");
  size_t total = CountOf(info, keys.size, about_.key_size, "keys");
  Bytes values = BytesArg(info, 1, "values", total * transferSize_);
  auto count = static_cast<uint32_t>(total);
  if (total != 0 && bpf_map_update_batch(fd, keys.data, values.data, &count, nullptr) != 0) {
    ThrowPart(env, "map update batch", name(), count, total, errno);
  }
  return Napi::Number::New(env, count);
}

// Keys that are not there are passed over, as delete() does with one.
Napi::Value Map::DeleteBatch(const Napi::CallbackInfo& info) {
  Napi::Env env = info.Env();
  int fd = Need(env);
  Bytes keys = BytesArg(info, 0, "keys");
  size_t total = CountOf(info, keys.size, about_.key_size, "keys");
  size_t at = 0;
  size_t deleted = 0;
  while (at < total) {
    auto count = static_cast<uint32_t>(total - at);
    int result = bpf_map_delete_batch(fd, keys.data + at * about_.key_size, &count, nullptr);
    if (result != 0 && errno != ENOENT) ThrowPart(env, "map delete batch", name(), count, total, errno);
    deleted += count;
    at += count + (result != 0 ? 1 : 0);
  }
  return Napi::Number::New(env, static_cast<double>(deleted));
}

// The mapping belongs to the ArrayBuffer alone: closing the map leaves it, collecting the buffer removes it.
Napi::Value Map::Mmap(const Napi::CallbackInfo& info) {
  Napi::Env env = info.Env();
  int fd = Need(env);
  bool writable = info[0].ToBoolean();
  double longest = info[1].As<Napi::Number>().DoubleValue();
  size_t size = RoundUp(about_.value_size, 8) * about_.max_entries;
  // More than a buffer can hold would end the process.
  if (static_cast<double>(size) > longest) ThrowBpf(env, "map mmap", name(), EFBIG);
  size_t mapped = RoundUp(size, PageSize());
  Mapping mapping(fd, mapped, writable ? PROT_READ | PROT_WRITE : PROT_READ);
  if (!mapping.open()) ThrowBpf(env, "map mmap", name(), errno);
  auto unmap = [mapped](Napi::Env, void* data) { munmap(data, mapped); };
  Napi::ArrayBuffer buffer = Napi::ArrayBuffer::New(env, mapping.get(), size, unmap);
  mapping.release();
  return buffer;
}

}  // namespace libbpf_ts
