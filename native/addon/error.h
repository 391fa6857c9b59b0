// SPDX-License-Identifier: Apache-2.0
// Errors of libbpf and the kernel: the operation, the number, its name and what libbpf logged meanwhile.
#pragma once

#include <napi.h>

#include <string>

namespace libbpf_ts {

// Collects what libbpf prints on this thread while the scope lives. libbpf offers one print function per
// process and no context for it, so the scope in force is found through a thread-local pointer.
class LogScope {
 public:
  LogScope();
  ~LogScope();
  LogScope(const LogScope&) = delete;
  LogScope& operator=(const LogScope&) = delete;

  const std::string& text() const { return text_; }
  void Append(const char* format, va_list args) noexcept;

 private:
  LogScope* outer_;
  std::string text_;
};

// Throws the script layer's BpfError. `result` may be negative (libbpf's convention) or positive.
[[noreturn]] void ThrowBpf(Napi::Env env, const char* operation, const std::string& subject, int result,
                           const std::string& log = std::string());
[[noreturn]] void ThrowClosed(Napi::Env env, const char* kind, const std::string& name);

void RegisterError(Napi::Env env, Napi::Object exports);

}  // namespace libbpf_ts
