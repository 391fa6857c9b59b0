// SPDX-License-Identifier: Apache-2.0
#include "args.h"

#include <cmath>

namespace libbpf_ts {

// One call into Node for all there is to know: this is on the path of every lookup.
Bytes BytesArg(const Napi::CallbackInfo& info, size_t index, const char* name) {
  napi_typedarray_type type = napi_int8_array;
  size_t size = 0;
  void* data = nullptr;
  napi_status status = napi_get_typedarray_info(info.Env(), info[index], &type, &size, &data, nullptr, nullptr);
  if (status != napi_ok || type != napi_uint8_array) {
    throw Napi::TypeError::New(info.Env(), std::string(name) + " must be a Uint8Array");
  }
  return {static_cast<uint8_t*>(data), size};
}

Bytes BytesArg(const Napi::CallbackInfo& info, size_t index, const char* name, size_t exactly) {
  Bytes bytes = BytesArg(info, index, name);
  if (bytes.size != exactly) {
    throw Napi::TypeError::New(info.Env(), std::string(name) + " must have " + std::to_string(exactly) +
                                               " bytes, it has " + std::to_string(bytes.size));
  }
  return bytes;
}

Bytes OptionalBytesArg(const Napi::CallbackInfo& info, size_t index, const char* name) {
  return info[index].IsUndefined() ? Bytes{} : BytesArg(info, index, name);
}

uint32_t UintArg(const Napi::CallbackInfo& info, size_t index, const char* name) {
  double number = info[index].IsNumber() ? info[index].As<Napi::Number>().DoubleValue() : NAN;
  if (!(number >= 0 && number <= UINT32_MAX) || number != std::floor(number)) {
    throw Napi::TypeError::New(info.Env(), std::string(name) + " must be an integer from 0 to 4294967295");
  }
  return static_cast<uint32_t>(number);
}

uint32_t OptionalUintArg(const Napi::CallbackInfo& info, size_t index, const char* name, uint32_t otherwise) {
  return info[index].IsUndefined() ? otherwise : UintArg(info, index, name);
}

std::string TextArg(const Napi::CallbackInfo& info, size_t index, const char* name) {
  if (!info[index].IsString()) {
    throw Napi::TypeError::New(info.Env(), std::string(name) + " must be a string");
  }
  std::string text = info[index].As<Napi::String>().Utf8Value();
  if (text.find('\0') != std::string::npos) {
    throw Napi::TypeError::New(info.Env(), std::string(name) + " must not contain a NUL character");
  }
  return text;
}

std::string OptionalTextArg(const Napi::CallbackInfo& info, size_t index, const char* name) {
  return info[index].IsUndefined() ? std::string() : TextArg(info, index, name);
}

}  // namespace libbpf_ts
