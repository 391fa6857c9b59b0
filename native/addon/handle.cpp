// SPDX-License-Identifier: Apache-2.0
#include "handle.h"

#include <bpf/bpf.h>
#include <errno.h>
#include <string.h>

#include "error.h"

namespace libbpf_ts {

namespace {

// "bpf-map", "bpf-prog", "bpf-link", or something else entirely. Kernels write the last one as "bpf_link" for
// a link just made and "bpf-link" for one opened from a pin.
std::string FileKind(int fd) {
  std::string path = "/proc/self/fd/" + std::to_string(fd);
  char target[64];
  ssize_t length = readlink(path.c_str(), target, sizeof(target));
  if (length <= 0) return "";
  std::string text(target, static_cast<size_t>(length));
  size_t colon = text.find(':');
  if (colon != std::string::npos) text = text.substr(colon + 1);
  return text == "bpf_link" ? "bpf-link" : text;
}

const char* FileKindOf(Kind kind) {
  switch (kind) {
    case Kind::map: return "bpf-map";
    case Kind::program: return "bpf-prog";
    case Kind::link: return "bpf-link";
  }
  return "";
}

}  // namespace

const char* NameOf(Kind kind) {
  switch (kind) {
    case Kind::map: return "map";
    case Kind::program: return "program";
    case Kind::link: return "link";
  }
  return "";
}

void Expect(Napi::Env env, const Fd& fd, Kind kind, const std::string& subject) {
  std::string found = FileKind(fd.get());
  if (found == FileKindOf(kind)) return;
  throw Napi::TypeError::New(env, subject + " is not a BPF " + NameOf(kind) +
                                      (found.empty() ? "" : " (it is a " + found + ")"));
}

Fd OpenPin(Napi::Env env, const std::string& path, Kind kind) {
  Fd fd(bpf_obj_get(path.c_str()));
  if (!fd.open()) ThrowBpf(env, "open pin", path, errno);
  Expect(env, fd, kind, path);
  return fd;
}

Fd FdArg(const Napi::CallbackInfo& info, size_t index) {
  if (!info[index].IsExternal()) throw Napi::TypeError::New(info.Env(), "not constructible from a script");
  return std::move(*info[index].As<Napi::External<Fd>>().Data());
}

int Handle::Need(Napi::Env env) const {
  if (!fd_.open()) ThrowClosed(env, NameOf(kind_), name_);
  return fd_.get();
}

void Handle::Take(Fd fd, std::string name) {
  fd_ = std::move(fd);
  name_ = std::move(name);
}

void Handle::PinAt(Napi::Env env, const std::string& path) const {
  int fd = Need(env);
  if (bpf_obj_pin(fd, path.c_str()) != 0) ThrowBpf(env, "pin", path, errno);
}

}  // namespace libbpf_ts
