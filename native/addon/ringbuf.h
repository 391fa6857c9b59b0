// SPDX-License-Identifier: Apache-2.0
// The reading end of a BPF ring buffer.
#pragma once

#include <bpf/libbpf.h>
#include <napi.h>

#include <memory>

#include "mapping.h"
#include "reader.h"

namespace libbpf_ts {

struct FreeRing {
  void operator()(ring_buffer* ring) const { ring_buffer__free(ring); }
};

class RingBuffer : public Reader<RingBuffer> {
 public:
  static void Register(Napi::Env env, Napi::Object exports);
  explicit RingBuffer(const Napi::CallbackInfo& info);
  ~RingBuffer() override { Stop(); }

 private:
  Napi::Value Pending(const Napi::CallbackInfo& info);
  bool Collect(Portion& portion) override;
  void Free() override;
  static int OnRecord(void* portion, void* data, size_t size);

  std::unique_ptr<ring_buffer, FreeRing> ring_;
  Mapping positions_;  // two pages: the consumer's position, the producer's
  Portion* filling_ = nullptr;
};

}  // namespace libbpf_ts
