// SPDX-License-Identifier: Apache-2.0
// A descriptor on the event loop of the environment that opened it.
#pragma once

#include <napi.h>
#include <uv.h>

namespace libbpf_ts {

class Watched {
 public:
  // `status` is libuv's: 0, or a negative error number. Called within a handle scope; it must not throw.
  virtual void OnReadable(int status) noexcept = 0;
  // The environment ends: let go of the descriptor.
  virtual void OnTeardown() noexcept = 0;

 protected:
  ~Watched() = default;
};

// Keeps the process alive while it runs and is not released. The end of the environment waits until libuv has
// let go of the descriptor.
class Watch {
 public:
  Watch() = default;
  ~Watch() { Stop(); }
  Watch(const Watch&) = delete;
  Watch& operator=(const Watch&) = delete;

  void Start(Napi::Env env, int fd, Watched* owner, const char* operation);
  // Stops for good. The descriptor may go at once: uv_close() takes it off the loop's set.
  void Stop();
  bool running() const { return polled_ != nullptr; }

  void Listen();
  void Pause();
  void Hold();
  void Release();

 private:
  // What libuv holds on to: outlives the watch until libuv has let go of it.
  struct Polled {
    uv_poll_t poll;
    Watched* owner;
    Napi::Env env;
    napi_async_cleanup_hook_handle hook;
  };

  static void OnPoll(uv_poll_t* poll, int status, int events);
  static void OnTeardown(napi_async_cleanup_hook_handle hook, void* polled);
  static void OnClosed(uv_handle_t* handle);

  Polled* polled_ = nullptr;
};

}  // namespace libbpf_ts
