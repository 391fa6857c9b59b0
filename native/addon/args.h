// SPDX-License-Identifier: Apache-2.0
// Arguments of a call, checked: a wrong one becomes a TypeError that names it.
#pragma once

#include <napi.h>

#include <string>

namespace libbpf_ts {

struct Bytes {
  uint8_t* data = nullptr;
  size_t size = 0;

  // The kernel wants no pointer at all where a size is zero.
  uint8_t* orNull() const { return size == 0 ? nullptr : data; }
};

Bytes BytesArg(const Napi::CallbackInfo& info, size_t index, const char* name);
Bytes BytesArg(const Napi::CallbackInfo& info, size_t index, const char* name, size_t exactly);
Bytes OptionalBytesArg(const Napi::CallbackInfo& info, size_t index, const char* name);
uint32_t UintArg(const Napi::CallbackInfo& info, size_t index, const char* name);
uint32_t OptionalUintArg(const Napi::CallbackInfo& info, size_t index, const char* name, uint32_t otherwise);
std::string TextArg(const Napi::CallbackInfo& info, size_t index, const char* name);
std::string OptionalTextArg(const Napi::CallbackInfo& info, size_t index, const char* name);

}  // namespace libbpf_ts
