// SPDX-License-Identifier: Apache-2.0
#include "features.h"

#include <bpf/bpf.h>
#include <bpf/libbpf.h>
#include <errno.h>
#include <net/if.h>
#include <time.h>

#include "args.h"
#include "error.h"
#include "fd.h"
#include "kinds.h"

namespace libbpf_ts {

namespace {

Napi::Value PossibleCpus(const Napi::CallbackInfo& info) {
  int count = libbpf_num_possible_cpus();
  if (count < 0) ThrowBpf(info.Env(), "count possible cpus", "", count);
  return Napi::Number::New(info.Env(), count);
}

// The coarse clocks move once per jiffy: their resolution is its length.
Napi::Value JiffyNs(const Napi::CallbackInfo& info) {
  timespec resolution{};
  if (clock_getres(CLOCK_MONOTONIC_COARSE, &resolution) != 0) ThrowBpf(info.Env(), "get the length of a jiffy", "", errno);
  return Napi::Number::New(info.Env(), static_cast<double>(resolution.tv_sec) * 1e9 + static_cast<double>(resolution.tv_nsec));
}

Napi::Value InterfaceIndex(const Napi::CallbackInfo& info) {
  unsigned int index = if_nametoindex(TextArg(info, 0, "name").c_str());
  if (index == 0 && errno != ENODEV) ThrowBpf(info.Env(), "find interface", TextArg(info, 0, "name"), errno);
  return index == 0 ? info.Env().Undefined() : Napi::Number::New(info.Env(), index);
}

Napi::Value Version(const Napi::CallbackInfo& info) { return Napi::String::New(info.Env(), libbpf_version_string()); }

Napi::Value Answer(const Napi::CallbackInfo& info, const char* operation, int result) {
  if (result < 0) ThrowBpf(info.Env(), operation, "", result);
  return Napi::Boolean::New(info.Env(), result == 1);
}

Napi::Value ProbeMapType(const Napi::CallbackInfo& info) {
  LogScope log;
  return Answer(info, "probe map type", libbpf_probe_bpf_map_type(static_cast<bpf_map_type>(MapTypeArg(info, 0)), nullptr));
}

Napi::Value ProbeProgramType(const Napi::CallbackInfo& info) {
  LogScope log;
  auto type = static_cast<bpf_prog_type>(ProgramTypeArg(info, 0));
  return Answer(info, "probe program type", libbpf_probe_bpf_prog_type(type, nullptr));
}

// A descriptor that keeps the kernel's run-time statistics switched on; returned as a closing function.
Napi::Value EnableRunStats(const Napi::CallbackInfo& info) {
  auto fd = std::make_shared<Fd>(bpf_enable_stats(BPF_STATS_RUN_TIME));
  if (!fd->open()) ThrowBpf(info.Env(), "enable run statistics", "", errno);
  return Napi::Function::New(info.Env(), [fd](const Napi::CallbackInfo&) { fd->Close(); }, "close");
}

}  // namespace

void RegisterFeatures(Napi::Env env, Napi::Object exports) {
  exports.Set("possibleCpus", Napi::Function::New(env, PossibleCpus, "possibleCpus"));
  exports.Set("jiffyNs", Napi::Function::New(env, JiffyNs, "jiffyNs"));
  exports.Set("interfaceIndex", Napi::Function::New(env, InterfaceIndex, "interfaceIndex"));
  exports.Set("libbpfVersion", Napi::Function::New(env, Version, "libbpfVersion"));
  exports.Set("probeMapType", Napi::Function::New(env, ProbeMapType, "probeMapType"));
  exports.Set("probeProgramType", Napi::Function::New(env, ProbeProgramType, "probeProgramType"));
  exports.Set("enableRunStats", Napi::Function::New(env, EnableRunStats, "enableRunStats"));
}

}  // namespace libbpf_ts
