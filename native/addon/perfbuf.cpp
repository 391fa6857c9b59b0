// SPDX-License-Identifier: Apache-2.0
#include "perfbuf.h"

#include <linux/perf_event.h>
#include <string.h>

namespace libbpf_ts {

namespace {

// What follows the header of an event, as the kernel writes it.
struct Sample {
  perf_event_header header;
  uint32_t size;
  uint8_t data[];
};

struct LostRecords {
  perf_event_header header;
  uint64_t id;
  uint64_t count;
};

}  // namespace

void PerfBuffer::Register(Napi::Env env, Napi::Object exports) {
  exports.Set("PerfBuffer", DefineClass(env, "PerfBuffer", Methods({InstanceMethod("lost", &PerfBuffer::Lost)})));
}

PerfBuffer::PerfBuffer(const Napi::CallbackInfo& info)
    : Reader<PerfBuffer>(info, "perf buffer", "open perf buffer") {
  Napi::Env env = info.Env();
  uint32_t pages = UintArg(info, 4, "pagesPerCpu");
  perf_event_attr attributes = {};
  attributes.size = sizeof(attributes);
  attributes.type = PERF_TYPE_SOFTWARE;
  attributes.config = PERF_COUNT_SW_BPF_OUTPUT;
  attributes.sample_type = PERF_SAMPLE_RAW;
  attributes.sample_period = 1;
  attributes.wakeup_events = 1;
  LogScope log;
  perf_.reset(perf_buffer__new_raw(map(), pages, &attributes, OnEvent, this, nullptr));
  if (perf_ == nullptr) ThrowBpf(env, "open perf buffer", "", errno, log.text());
  Start(perf_buffer__epoll_fd(perf_.get()));
}

void PerfBuffer::Free() { perf_.reset(); }

bpf_perf_event_ret PerfBuffer::OnEvent(void* reader, int cpu, perf_event_header* event) {
  auto* self = static_cast<PerfBuffer*>(reader);
  if (event->type == PERF_RECORD_LOST) self->lost_ += reinterpret_cast<LostRecords*>(event)->count;
  if (event->type != PERF_RECORD_SAMPLE) return LIBBPF_PERF_EVENT_CONT;
  auto* sample = reinterpret_cast<Sample*>(event);
  if (!self->filling_->Add(sample->data, sample->size, static_cast<uint32_t>(cpu))) return LIBBPF_PERF_EVENT_DONE;
  return self->filling_->full() ? LIBBPF_PERF_EVENT_DONE : LIBBPF_PERF_EVENT_CONT;
}

// A portion that is full begins the next one with the CPU after: a busy CPU does not keep the others waiting.
bool PerfBuffer::Collect(Portion& portion) {
  portion.Clear();
  filling_ = &portion;
  size_t count = perf_buffer__buffer_cnt(perf_.get());
  for (size_t i = 0; i < count && !portion.full() && !portion.failed(); i++) {
    size_t at = (first_ + i) % count;
    perf_buffer__consume_buffer(perf_.get(), at);
    if (portion.full()) first_ = at + 1;
  }
  if (portion.failed() && portion.count() == 0) ThrowBpf(Env(), "read perf buffer", "", ENOMEM);
  return portion.full();
}

Napi::Value PerfBuffer::Lost(const Napi::CallbackInfo& info) {
  Need(info.Env());
  return Napi::BigInt::New(info.Env(), lost_);
}

}  // namespace libbpf_ts
