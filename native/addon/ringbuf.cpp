// SPDX-License-Identifier: Apache-2.0
#include "ringbuf.h"

#include <errno.h>
#include <string.h>
#include <sys/mman.h>

#include "args.h"
#include "error.h"
#include "handle.h"

namespace libbpf_ts {

namespace {

size_t PageSize() { return static_cast<size_t>(sysconf(_SC_PAGESIZE)); }

}  // namespace

void RingBuffer::Register(Napi::Env env, Napi::Object exports) {
  exports.Set("RingBuffer", DefineClass(env, "RingBuffer",
                                        {
                                            InstanceMethod("pause", &RingBuffer::Pause),
                                            InstanceMethod("resume", &RingBuffer::Resume),
                                            InstanceMethod("ref", &RingBuffer::Hold),
                                            InstanceMethod("unref", &RingBuffer::Release),
                                            InstanceMethod("consume", &RingBuffer::Consume),
                                            InstanceMethod("pending", &RingBuffer::Pending),
                                            InstanceMethod("close", &RingBuffer::CloseNow),
                                        }));
}

RingBuffer::RingBuffer(const Napi::CallbackInfo& info) : Napi::ObjectWrap<RingBuffer>(info) {
  Napi::Env env = info.Env();
  map_ = Fd::Duplicate(static_cast<int>(UintArg(info, 0, "map")));
  maxRecords_ = UintArg(info, 1, "maxRecords");
  maxBytes_ = UintArg(info, 2, "maxBytes");
  if (!info[3].IsFunction()) throw Napi::TypeError::New(env, "onRecords must be a function");
  onRecords_ = Napi::Persistent(info[3].As<Napi::Function>());
  if (!map_.open()) ThrowBpf(env, "open ring buffer", "", errno);
  Expect(env, map_, Kind::map, "map");
  LogScope log;
  ring_.reset(ring_buffer__new(map_.get(), OnRecord, this, nullptr));
  if (ring_ == nullptr) ThrowBpf(env, "open ring buffer", "", errno, log.text());
  MapPositions(env);
  StartWatching(env);
}

RingBuffer::~RingBuffer() {
  Stop();
  if (positions_ != nullptr) munmap(positions_, 2 * PageSize());
}

void RingBuffer::MapPositions(Napi::Env env) {
  void* memory = mmap(nullptr, 2 * PageSize(), PROT_READ, MAP_SHARED, map_.get(), 0);
  if (memory == MAP_FAILED) ThrowBpf(env, "open ring buffer", "", errno);
  positions_ = memory;
}

void RingBuffer::StartWatching(Napi::Env env) {
  uv_loop_t* loop = nullptr;
  napi_get_uv_event_loop(env, &loop);
  auto watch = std::make_unique<Watch>();
  int result = uv_poll_init(loop, &watch->poll, ring_buffer__epoll_fd(ring_.get()));
  if (result != 0) ThrowBpf(env, "open ring buffer", "", result);
  watch_ = watch.release();
  watch_->owner = this;
  watch_->poll.data = watch_;
  napi_add_async_cleanup_hook(env, OnTeardown, watch_, &watch_->hook);
  Listen();
  Ref();
}

void RingBuffer::Listen() { uv_poll_start(&watch_->poll, UV_READABLE, OnReadable); }

// Lets go of everything but memory; libuv frees the watch in its own time.
void RingBuffer::Stop() {
  if (watch_ == nullptr) return;
  Watch* watch = std::exchange(watch_, nullptr);
  watch->owner = nullptr;
  uv_poll_stop(&watch->poll);
  uv_close(reinterpret_cast<uv_handle_t*>(&watch->poll), OnClosed);
  ring_.reset();
  map_.Close();
}

void RingBuffer::OnClosed(uv_handle_t* handle) {
  std::unique_ptr<Watch> watch(static_cast<Watch*>(handle->data));
  napi_remove_async_cleanup_hook(watch->hook);
}

void RingBuffer::OnTeardown(napi_async_cleanup_hook_handle, void* data) {
  auto* watch = static_cast<Watch*>(data);
  if (watch->owner != nullptr) watch->owner->Stop();
}

void RingBuffer::Need(Napi::Env env) const {
  if (watch_ == nullptr) ThrowClosed(env, "ring buffer", "");
}

int RingBuffer::OnRecord(void* reader, void* data, size_t size) {
  auto* self = static_cast<RingBuffer*>(reader);
  auto* from = static_cast<uint8_t*>(data);
  self->bytes_.insert(self->bytes_.end(), from, from + size);
  self->lengths_.push_back(static_cast<uint32_t>(size));
  bool full = self->lengths_.size() >= self->maxRecords_ || self->bytes_.size() >= self->maxBytes_;
  return full ? -ECANCELED : 0;  // this record counts as read either way
}

// Reads one portion; false when there was nothing.
bool RingBuffer::Collect() {
  bytes_.clear();
  lengths_.clear();
  ring_buffer__consume(ring_.get());
  return !lengths_.empty();
}

std::pair<Napi::Value, Napi::Value> RingBuffer::Portion(Napi::Env env) {
  Napi::Uint8Array bytes = Napi::Uint8Array::New(env, bytes_.size());
  if (!bytes_.empty()) memcpy(bytes.Data(), bytes_.data(), bytes_.size());
  Napi::Uint32Array lengths = Napi::Uint32Array::New(env, lengths_.size());
  memcpy(lengths.Data(), lengths_.data(), lengths_.size() * sizeof(uint32_t));
  return {bytes, lengths};
}

void RingBuffer::OnReadable(uv_poll_t* poll, int status, int) {
  RingBuffer* self = static_cast<Watch*>(poll->data)->owner;
  if (self == nullptr || status < 0) return;
  Napi::Env env = self->Env();
  Napi::HandleScope scope(env);
  if (!self->Collect()) return;
  try {
    Napi::AsyncContext context(env, "libbpf-ts:RingBuffer");
    auto [bytes, lengths] = self->Portion(env);
    self->onRecords_.MakeCallback(env.Global(), {bytes, lengths}, context);
  } catch (const Napi::Error& error) {
    napi_fatal_exception(env, error.Value());
  }
}

// Reads one portion now and hands it over; returns how many records it had.
Napi::Value RingBuffer::Consume(const Napi::CallbackInfo& info) {
  Need(info.Env());
  if (!Collect()) return Napi::Number::New(info.Env(), 0);
  size_t count = lengths_.size();
  auto [bytes, lengths] = Portion(info.Env());
  onRecords_.Call({bytes, lengths});
  return Napi::Number::New(info.Env(), static_cast<double>(count));
}

// Bytes written and not yet read, record headers included.
Napi::Value RingBuffer::Pending(const Napi::CallbackInfo& info) {
  Need(info.Env());
  auto* consumer = static_cast<unsigned long*>(positions_);
  auto* producer = reinterpret_cast<unsigned long*>(static_cast<uint8_t*>(positions_) + PageSize());
  unsigned long read = __atomic_load_n(consumer, __ATOMIC_ACQUIRE);
  unsigned long written = __atomic_load_n(producer, __ATOMIC_ACQUIRE);
  return Napi::Number::New(info.Env(), static_cast<double>(written - read));
}

void RingBuffer::Pause(const Napi::CallbackInfo& info) {
  Need(info.Env());
  uv_poll_stop(&watch_->poll);
}

void RingBuffer::Resume(const Napi::CallbackInfo& info) {
  Need(info.Env());
  Listen();
}

void RingBuffer::Hold(const Napi::CallbackInfo& info) {
  Need(info.Env());
  uv_ref(reinterpret_cast<uv_handle_t*>(&watch_->poll));
}

void RingBuffer::Release(const Napi::CallbackInfo& info) {
  Need(info.Env());
  uv_unref(reinterpret_cast<uv_handle_t*>(&watch_->poll));
}

void RingBuffer::CloseNow(const Napi::CallbackInfo&) {
  if (watch_ == nullptr) return;
  Stop();
  onRecords_.Reset();
  Unref();
}

}  // namespace libbpf_ts
