// SPDX-License-Identifier: Apache-2.0
// Records taken out of a buffer that the kernel writes, up to a bound, on their way to the script.
#pragma once

#include <napi.h>

#include <vector>

namespace libbpf_ts {

class Portion {
 public:
  void Limit(size_t records, size_t bytes);
  void Clear();
  // Called from within libbpf, whose C knows no exceptions. False when there is no memory for the record.
  bool Add(const void* data, size_t size, uint32_t cpu) noexcept;

  bool full() const { return lengths_.size() >= maxRecords_ || bytes_.size() >= maxBytes_; }
  bool failed() const { return failed_; }
  size_t count() const { return lengths_.size(); }

  // Copies: the script's own to keep.
  Napi::Value Bytes(Napi::Env env) const;
  Napi::Value Lengths(Napi::Env env) const;
  Napi::Value Cpus(Napi::Env env) const;

 private:
  size_t maxRecords_ = 0;
  size_t maxBytes_ = 0;
  bool failed_ = false;
  std::vector<uint8_t> bytes_;
  std::vector<uint32_t> lengths_;
  std::vector<uint32_t> cpus_;
};

}  // namespace libbpf_ts
