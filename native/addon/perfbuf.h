// SPDX-License-Identifier: Apache-2.0
// The reading end of a BPF perf buffer: one buffer for each CPU, lost records counted by the kernel.
#pragma once

#include <bpf/libbpf.h>
#include <napi.h>

#include <memory>

#include "reader.h"

struct perf_event_header;

namespace libbpf_ts {

struct FreePerf {
  void operator()(perf_buffer* perf) const { perf_buffer__free(perf); }
};

// new PerfBuffer(mapDescriptor, maxRecords, maxBytes, onRecords, pagesPerCpu)
class PerfBuffer : public Reader<PerfBuffer> {
 public:
  static void Register(Napi::Env env, Napi::Object exports);
  explicit PerfBuffer(const Napi::CallbackInfo& info);
  ~PerfBuffer() override { Stop(); }

 private:
  Napi::Value Lost(const Napi::CallbackInfo& info);
  bool Collect(Portion& portion) override;
  void Free() override;
  static bpf_perf_event_ret OnEvent(void* reader, int cpu, perf_event_header* event);

  std::unique_ptr<perf_buffer, FreePerf> perf_;
  Portion* filling_ = nullptr;
  size_t first_ = 0;    // the CPU whose buffer is read first next time
  uint64_t lost_ = 0;   // records
};

}  // namespace libbpf_ts
