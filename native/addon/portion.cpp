// SPDX-License-Identifier: Apache-2.0
#include "portion.h"

#include <string.h>

namespace libbpf_ts {

namespace {

Napi::Value Numbers(Napi::Env env, const std::vector<uint32_t>& numbers) {
  Napi::Uint32Array out = Napi::Uint32Array::New(env, numbers.size());
  if (!numbers.empty()) memcpy(out.Data(), numbers.data(), numbers.size() * sizeof(uint32_t));
  return out;
}

}  // namespace

void Portion::Limit(size_t records, size_t bytes) {
  maxRecords_ = records;
  maxBytes_ = bytes;
}

void Portion::Clear() {
  failed_ = false;
  bytes_.clear();
  lengths_.clear();
  cpus_.clear();
}

bool Portion::Add(const void* data, size_t size, uint32_t cpu) noexcept {
  try {
    auto* from = static_cast<const uint8_t*>(data);
    bytes_.insert(bytes_.end(), from, from + size);
    cpus_.push_back(cpu);
    lengths_.push_back(static_cast<uint32_t>(size));
    return true;
  } catch (...) {
    failed_ = true;
    return false;
  }
}

Napi::Value Portion::Bytes(Napi::Env env) const {
  Napi::Uint8Array out = Napi::Uint8Array::New(env, bytes_.size());
  if (!bytes_.empty()) memcpy(out.Data(), bytes_.data(), bytes_.size());
  return out;
}

Napi::Value Portion::Lengths(Napi::Env env) const { return Numbers(env, lengths_); }

Napi::Value Portion::Cpus(Napi::Env env) const { return Numbers(env, cpus_); }

}  // namespace libbpf_ts
