// SPDX-License-Identifier: Apache-2.0
#include "watch.h"

#include <memory>
#include <utility>

#include "error.h"

namespace libbpf_ts {

void Watch::Start(Napi::Env env, int fd, Watched* owner, const char* operation) {
  uv_loop_t* loop = nullptr;
  napi_get_uv_event_loop(env, &loop);
  std::unique_ptr<Polled> polled(new Polled{{}, owner, env, nullptr});
  int result = uv_poll_init(loop, &polled->poll, fd);
  if (result != 0) ThrowBpf(env, operation, "", result);
  polled_ = polled.release();
  polled_->poll.data = polled_;
  napi_add_async_cleanup_hook(env, OnTeardown, polled_, &polled_->hook);
  Listen();
}

void Watch::Stop() {
  if (polled_ == nullptr) return;
  Polled* polled = std::exchange(polled_, nullptr);
  polled->owner = nullptr;
  uv_close(reinterpret_cast<uv_handle_t*>(&polled->poll), OnClosed);
}

void Watch::Listen() { uv_poll_start(&polled_->poll, UV_READABLE, OnPoll); }

void Watch::Pause() { uv_poll_stop(&polled_->poll); }

void Watch::Hold() { uv_ref(reinterpret_cast<uv_handle_t*>(&polled_->poll)); }

void Watch::Release() { uv_unref(reinterpret_cast<uv_handle_t*>(&polled_->poll)); }

void Watch::OnPoll(uv_poll_t* poll, int status, int) {
  auto* polled = static_cast<Polled*>(poll->data);
  if (polled->owner == nullptr) return;
  Napi::HandleScope scope(polled->env);
  polled->owner->OnReadable(status);
}

void Watch::OnTeardown(napi_async_cleanup_hook_handle, void* data) {
  auto* polled = static_cast<Polled*>(data);
  if (polled->owner != nullptr) polled->owner->OnTeardown();
}

void Watch::OnClosed(uv_handle_t* handle) {
  std::unique_ptr<Polled> polled(static_cast<Polled*>(handle->data));
  napi_remove_async_cleanup_hook(polled->hook);
}

}  // namespace libbpf_ts
