// SPDX-License-Identifier: Apache-2.0
#include "error.h"

#include <bpf/libbpf.h>
#include <string.h>

#include <cstdarg>
#include <cstdlib>
#include <mutex>
#include <new>

#include "instance.h"

namespace libbpf_ts {

namespace {

constexpr int kNotSupported = 524;  // the kernel's ENOTSUPP, which no libc header names

thread_local LogScope* scopeInForce = nullptr;

int Print(enum libbpf_print_level level, const char* format, va_list args) {
  if (level != LIBBPF_DEBUG && scopeInForce != nullptr) scopeInForce->Append(format, args);
  return 0;
}

const char* LibbpfName(int number) {
  switch (number) {
    case LIBBPF_ERRNO__LIBELF: return "LIBBPF_ERRNO__LIBELF";
    case LIBBPF_ERRNO__FORMAT: return "LIBBPF_ERRNO__FORMAT";
    case LIBBPF_ERRNO__KVERSION: return "LIBBPF_ERRNO__KVERSION";
    case LIBBPF_ERRNO__ENDIAN: return "LIBBPF_ERRNO__ENDIAN";
    case LIBBPF_ERRNO__INTERNAL: return "LIBBPF_ERRNO__INTERNAL";
    case LIBBPF_ERRNO__RELOC: return "LIBBPF_ERRNO__RELOC";
    case LIBBPF_ERRNO__LOAD: return "LIBBPF_ERRNO__LOAD";
    case LIBBPF_ERRNO__VERIFY: return "LIBBPF_ERRNO__VERIFY";
    case LIBBPF_ERRNO__PROG2BIG: return "LIBBPF_ERRNO__PROG2BIG";
    case LIBBPF_ERRNO__KVER: return "LIBBPF_ERRNO__KVER";
    case LIBBPF_ERRNO__PROGTYPE: return "LIBBPF_ERRNO__PROGTYPE";
    case LIBBPF_ERRNO__WRNGPID: return "LIBBPF_ERRNO__WRNGPID";
    case LIBBPF_ERRNO__INVSEQ: return "LIBBPF_ERRNO__INVSEQ";
    case LIBBPF_ERRNO__NLPARSE: return "LIBBPF_ERRNO__NLPARSE";
    default: return nullptr;
  }
}

std::string CodeOf(int number) {
  if (number == 0) return "";
  if (number == kNotSupported) return "ENOTSUPP";
  const char* name = LibbpfName(number);
  if (name == nullptr) name = strerrorname_np(number);
  return name != nullptr ? name : "E" + std::to_string(number);
}

std::string TextOf(int number) {
  if (number == 0) return "unknown error";
  if (number == kNotSupported) return "Operation not supported by this kernel";
  char text[128] = "";
  libbpf_strerror(number, text, sizeof(text));
  return text;
}

void SetErrorClass(const Napi::CallbackInfo& info) {
  if (!info[0].IsFunction()) throw Napi::TypeError::New(info.Env(), "errorClass must be a class");
  Instance::Of(info.Env()).errorClass = Napi::Persistent(info[0].As<Napi::Function>());
}

}  // namespace

LogScope::LogScope() : outer_(scopeInForce) { scopeInForce = this; }

LogScope::~LogScope() { scopeInForce = outer_; }

// Called from within libbpf, whose C knows no exceptions: a line there is no memory for is left out.
void LogScope::Append(const char* format, va_list args) noexcept {
  char* line = nullptr;
  int length = vasprintf(&line, format, args);
  if (length < 0) return;
  try {
    text_.append(line, static_cast<size_t>(length));
  } catch (const std::bad_alloc&) {
  }
  free(line);
}

void ThrowBpf(Napi::Env env, const char* operation, const std::string& subject, int result, const std::string& log) {
  int number = std::abs(result);
  Napi::FunctionReference& errorClass = Instance::Of(env).errorClass;
  std::string text = TextOf(number);
  if (errorClass.IsEmpty()) throw Napi::Error::New(env, std::string(operation) + ": " + text);
  throw Napi::Error(env, errorClass.New({
                             Napi::String::New(env, operation),
                             Napi::String::New(env, subject),
                             Napi::Number::New(env, number),
                             Napi::String::New(env, CodeOf(number)),
                             Napi::String::New(env, text),
                             Napi::String::New(env, log),
                         }));
}

void ThrowClosed(Napi::Env env, const char* kind, const std::string& name) {
  throw Napi::Error::New(env, std::string(kind) + (name.empty() ? "" : " '" + name + "'") + " is closed");
}

void RegisterError(Napi::Env env, Napi::Object exports) {
  // Once: a worker that starts must not write what another thread reads in the middle of a call.
  static std::once_flag set;
  std::call_once(set, [] { libbpf_set_print(Print); });
  exports.Set("setErrorClass", Napi::Function::New(env, SetErrorClass, "setErrorClass"));
}

}  // namespace libbpf_ts
