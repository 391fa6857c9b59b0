// SPDX-License-Identifier: Apache-2.0
// The reading end of a BPF ring buffer on the event loop of the environment that opened it: records out, in
// bounded portions, no thread.
#pragma once

#include <bpf/libbpf.h>
#include <napi.h>
#include <uv.h>

#include <memory>
#include <vector>

#include "fd.h"

namespace libbpf_ts {

struct FreeRing {
  void operator()(ring_buffer* ring) const { ring_buffer__free(ring); }
};

// new RingBuffer(mapDescriptor, maxRecords, maxBytes, onRecords)
//   onRecords  (bytes, lengths): the records of one portion, one after another
// It keeps the process alive until release() or close(), and itself until close().
class RingBuffer : public Napi::ObjectWrap<RingBuffer> {
 public:
  static void Register(Napi::Env env, Napi::Object exports);
  explicit RingBuffer(const Napi::CallbackInfo& info);
  ~RingBuffer() override;

 private:
  // What libuv holds on to: outlives the reader until libuv has let go of it.
  struct Watch {
    uv_poll_t poll;
    RingBuffer* owner;
    napi_async_cleanup_hook_handle hook;
  };

  void Pause(const Napi::CallbackInfo& info);
  void Resume(const Napi::CallbackInfo& info);
  void Hold(const Napi::CallbackInfo& info);
  void Release(const Napi::CallbackInfo& info);
  Napi::Value Consume(const Napi::CallbackInfo& info);
  Napi::Value Pending(const Napi::CallbackInfo& info);
  void CloseNow(const Napi::CallbackInfo& info);

  void MapPositions(Napi::Env env);
  void StartWatching(Napi::Env env);
  void Listen();
  void Stop();
  void Need(Napi::Env env) const;
  bool Collect();
  std::pair<Napi::Value, Napi::Value> Portion(Napi::Env env);

  static int OnRecord(void* reader, void* data, size_t size);
  static void OnReadable(uv_poll_t* poll, int status, int events);
  static void OnTeardown(napi_async_cleanup_hook_handle hook, void* watch);
  static void OnClosed(uv_handle_t* handle);

  Fd map_;
  std::unique_ptr<ring_buffer, FreeRing> ring_;
  void* positions_ = nullptr;  // two pages: the consumer's position, the producer's
  Watch* watch_ = nullptr;
  Napi::FunctionReference onRecords_;
  size_t maxRecords_ = 0;
  size_t maxBytes_ = 0;
  std::vector<uint8_t> bytes_;
  std::vector<uint32_t> lengths_;
};

}  // namespace libbpf_ts
