// SPDX-License-Identifier: Apache-2.0
// What maps, programs and links have in common: one owned descriptor of a known kind, and a name for messages.
#pragma once

#include <napi.h>

#include <string>

#include "fd.h"

namespace libbpf_ts {

enum class Kind { map, program, link };

const char* NameOf(Kind kind);

// A pin says nothing about what it pins; the descriptor's own file does. Throws when it is another kind.
void Expect(Napi::Env env, const Fd& fd, Kind kind, const std::string& subject);

// Opens a pin and checks its kind.
Fd OpenPin(Napi::Env env, const std::string& path, Kind kind);

// The descriptor a factory hands to a constructor; script code cannot make one.
Fd FdArg(const Napi::CallbackInfo& info, size_t index);

class Handle {
 public:
  explicit Handle(Kind kind) : kind_(kind) {}

 protected:
  // The descriptor, or the error "… is closed".
  int Need(Napi::Env env) const;
  void Take(Fd fd, std::string name);
  Napi::Value GetFd(Napi::Env env) const { return Napi::Number::New(env, Need(env)); }
  void PinAt(Napi::Env env, const std::string& path) const;
  void CloseFd() { fd_.Close(); }
  const std::string& name() const { return name_; }

 private:
  Kind kind_;
  Fd fd_;
  std::string name_;
};

}  // namespace libbpf_ts
