// SPDX-License-Identifier: Apache-2.0
#include "ringbuf.h"

namespace libbpf_ts {

void RingBuffer::Register(Napi::Env env, Napi::Object exports) {
  exports.Set("RingBuffer",
              DefineClass(env, "RingBuffer", Methods({InstanceMethod("pending", &RingBuffer::Pending)})));
}

RingBuffer::RingBuffer(const Napi::CallbackInfo& info)
    : Reader<RingBuffer>(info, "ring buffer", "open ring buffer") {
  Napi::Env env = info.Env();
  LogScope log;
  ring_.reset(ring_buffer__new(map(), OnRecord, this, nullptr));
  if (ring_ == nullptr) ThrowBpf(env, "open ring buffer", "", errno, log.text());
  positions_ = Mapping(map(), 2 * PageSize(), PROT_READ);
  if (!positions_.open()) ThrowBpf(env, "open ring buffer", "", errno);
  Start(ring_buffer__epoll_fd(ring_.get()));
}

void RingBuffer::Free() {
  ring_.reset();
  positions_.Unmap();
}

// The record counts as read, whatever this returns.
int RingBuffer::OnRecord(void* reader, void* data, size_t size) {
  Portion* portion = static_cast<RingBuffer*>(reader)->filling_;
  if (!portion->Add(data, size, 0)) return -ENOMEM;
  return portion->full() ? -ECANCELED : 0;
}

bool RingBuffer::Collect(Portion& portion) {
  portion.Clear();
  filling_ = &portion;
  ring_buffer__consume(ring_.get());
  if (portion.failed() && portion.count() == 0) ThrowBpf(Env(), "read ring buffer", "", ENOMEM);
  return portion.full();
}

// Bytes written and not yet read, record headers included.
Napi::Value RingBuffer::Pending(const Napi::CallbackInfo& info) {
  Need(info.Env());
  auto* consumer = static_cast<unsigned long*>(positions_.get());
  auto* producer = reinterpret_cast<unsigned long*>(static_cast<uint8_t*>(positions_.get()) + PageSize());
  unsigned long read = __atomic_load_n(consumer, __ATOMIC_ACQUIRE);
  unsigned long written = __atomic_load_n(producer, __ATOMIC_ACQUIRE);
  return Napi::Number::New(info.Env(), static_cast<double>(written - read));
}

}  // namespace libbpf_ts
