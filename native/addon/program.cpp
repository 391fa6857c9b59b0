// SPDX-License-Identifier: Apache-2.0
#include "program.h"

#include <bpf/bpf.h>
#include <bpf/libbpf.h>
#include <errno.h>
#include <string.h>

#include <vector>

#include "args.h"
#include "error.h"
#include "instance.h"
#include "kinds.h"

namespace libbpf_ts {

namespace {

std::string Hex(const uint8_t* bytes, size_t size) {
  static const char digits[] = "0123456789abcdef";
  std::string text;
  for (size_t i = 0; i < size; i++) {
    text += digits[bytes[i] >> 4];
    text += digits[bytes[i] & 15];
  }
  return text;
}

Napi::Uint8Array Copy(Napi::Env env, const std::vector<uint8_t>& bytes, size_t size) {
  Napi::Uint8Array out = Napi::Uint8Array::New(env, size);
  if (size != 0) memcpy(out.Data(), bytes.data(), size);
  return out;
}

// More than any packet or context has; the kernel counts bytes in 32 bits.
constexpr size_t kMostBytes = 16 << 20;

void Limit(Napi::Env env, size_t size, const char* name) {
  if (size > kMostBytes) throw Napi::TypeError::New(env, std::string(name) + " must be at most 16 MiB");
}

bpf_prog_info InfoOf(Napi::Env env, int fd, const std::string& name, std::vector<uint32_t>& mapIds) {
  bpf_prog_info about = {};
  uint32_t size = sizeof(about);
  if (bpf_obj_get_info_by_fd(fd, &about, &size) != 0) ThrowBpf(env, "program info", name, errno);
  mapIds.resize(about.nr_map_ids);
  if (mapIds.empty()) return about;
  bpf_prog_info again = {};
  again.nr_map_ids = about.nr_map_ids;
  again.map_ids = reinterpret_cast<uintptr_t>(mapIds.data());
  size = sizeof(again);
  if (bpf_obj_get_info_by_fd(fd, &again, &size) != 0) ThrowBpf(env, "program info", name, errno);
  return again;
}

}  // namespace

void Program::Register(Napi::Env env, Napi::Object exports) {
  Napi::Function constructor = DefineClass(env, "Program",
                                           {
                                               StaticMethod("open", &Program::Open),
                                               StaticMethod("byId", &Program::ById),
                                               StaticMethod("load", &Program::Load),
                                               InstanceMethod("info", &Program::Info),
                                               InstanceMethod("descriptor", &Program::GetDescriptor),
                                               InstanceMethod("run", &Program::Run),
                                               InstanceMethod("pin", &Program::Pin),
                                               InstanceMethod("close", &Program::Close),
                                           });
  Instance::Of(env).programClass = Napi::Persistent(constructor);
  exports.Set("Program", constructor);
}

Napi::Value Program::Wrap(Napi::Env env, Fd fd, const std::string& name) {
  return Instance::Of(env).programClass.New({Napi::External<Fd>::New(env, &fd), Napi::String::New(env, name)});
}

Program::Program(const Napi::CallbackInfo& info) : Napi::ObjectWrap<Program>(info), Handle(Kind::program) {
  Fd fd = FdArg(info, 0);
  std::string name = OptionalTextArg(info, 1, "name");
  std::vector<uint32_t> mapIds;
  if (name.empty()) name = InfoOf(info.Env(), fd.get(), name, mapIds).name;
  Take(std::move(fd), name);
}

Napi::Value Program::Open(const Napi::CallbackInfo& info) {
  return Wrap(info.Env(), OpenPin(info.Env(), TextArg(info, 0, "path"), Kind::program), "");
}

Napi::Value Program::ById(const Napi::CallbackInfo& info) {
  uint32_t id = UintArg(info, 0, "id");
  Fd fd(bpf_prog_get_fd_by_id(id));
  if (!fd.open()) ThrowBpf(info.Env(), "open program by id", std::to_string(id), errno);
  return Wrap(info.Env(), std::move(fd), "");
}

Napi::Value Program::Load(const Napi::CallbackInfo& info) {
  uint32_t type = ProgramTypeArg(info, 0);
  std::string name = TextArg(info, 1, "name");
  std::string license = TextArg(info, 2, "license");
  Bytes code = BytesArg(info, 3, "instructions");
  if (code.size == 0 || code.size % sizeof(bpf_insn) != 0) {
    throw Napi::TypeError::New(info.Env(), "instructions must be a multiple of 8 bytes");
  }
  std::vector<bpf_insn> instructions(code.size / sizeof(bpf_insn));
  memcpy(instructions.data(), code.data, code.size);
  std::vector<char> log(1 << 16);
  LIBBPF_OPTS(bpf_prog_load_opts, options);
  options.expected_attach_type = static_cast<bpf_attach_type>(OptionalUintArg(info, 4, "attachType", 0));
  options.log_buf = log.data();
  options.log_size = static_cast<uint32_t>(log.size());
  std::string kernelName = name.substr(0, BPF_OBJ_NAME_LEN - 1);
  Fd fd(bpf_prog_load(static_cast<bpf_prog_type>(type), kernelName.c_str(), license.c_str(), instructions.data(),
                      instructions.size(), &options));
  if (!fd.open()) ThrowBpf(info.Env(), "load program", name, errno, log.data());
  return Wrap(info.Env(), std::move(fd), name);
}

Napi::Value Program::Info(const Napi::CallbackInfo& info) {
  Napi::Env env = info.Env();
  std::vector<uint32_t> mapIds;
  bpf_prog_info about = InfoOf(env, Need(env), name(), mapIds);
  Napi::Array ids = Napi::Array::New(env, mapIds.size());
  for (size_t i = 0; i < mapIds.size(); i++) ids.Set(static_cast<uint32_t>(i), mapIds[i]);
  Napi::Object out = Napi::Object::New(env);
  out.Set("id", about.id);
  out.Set("name", name());
  out.Set("type", ProgramTypeName(about.type));
  out.Set("tag", Hex(about.tag, sizeof(about.tag)));
  out.Set("loadTime", static_cast<double>(about.load_time));
  out.Set("jitedBytes", about.jited_prog_len);
  out.Set("translatedBytes", about.xlated_prog_len);
  out.Set("verifiedInstructions", about.verified_insns);
  out.Set("runTimeNs", static_cast<double>(about.run_time_ns));
  out.Set("runCount", static_cast<double>(about.run_cnt));
  out.Set("recursionMisses", static_cast<double>(about.recursion_misses));
  out.Set("mapIds", ids);
  return out;
}

Napi::Value Program::GetDescriptor(const Napi::CallbackInfo& info) { return GetFd(info.Env()); }

// run(data | undefined, context | undefined, dataRoom, contextRoom, repeat, flags, cpu, batchSize).
// A context without room for another is handed over in place, as programs of type syscall want it.
Napi::Value Program::Run(const Napi::CallbackInfo& info) {
  Napi::Env env = info.Env();
  int fd = Need(env);
  Bytes data = OptionalBytesArg(info, 0, "data");
  Bytes given = OptionalBytesArg(info, 1, "context");
  uint32_t dataRoom = UintArg(info, 2, "dataOutSize");
  Limit(env, data.size, "data");
  Limit(env, given.size, "context");
  Limit(env, dataRoom, "dataOutSize");
  std::vector<uint8_t> context(given.data, given.data + given.size);
  std::vector<uint8_t> dataOut(dataRoom);
  std::vector<uint8_t> contextOut(UintArg(info, 3, "contextOutSize"));
  LIBBPF_OPTS(bpf_test_run_opts, run);
  run.data_in = data.orNull();
  run.data_size_in = static_cast<uint32_t>(data.size);
  run.data_out = dataOut.empty() ? nullptr : dataOut.data();
  run.data_size_out = static_cast<uint32_t>(dataOut.size());
  run.ctx_in = context.empty() ? nullptr : context.data();
  run.ctx_size_in = static_cast<uint32_t>(context.size());
  run.ctx_out = contextOut.empty() ? nullptr : contextOut.data();
  run.ctx_size_out = static_cast<uint32_t>(contextOut.size());
  run.repeat = static_cast<int>(UintArg(info, 4, "repeat"));
  run.flags = UintArg(info, 5, "flags");
  run.cpu = UintArg(info, 6, "cpu");
  run.batch_size = UintArg(info, 7, "batchSize");
  if (bpf_prog_test_run_opts(fd, &run) != 0) ThrowBpf(env, "program run", name(), errno);
  Napi::Object out = Napi::Object::New(env);
  out.Set("returnValue", run.retval);
  out.Set("durationNs", run.duration);
  out.Set("data", Copy(env, dataOut, std::min<size_t>(run.data_size_out, dataOut.size())));
  out.Set("context", contextOut.empty() ? Copy(env, context, context.size())
                                        : Copy(env, contextOut, std::min<size_t>(run.ctx_size_out, contextOut.size())));
  return out;
}

void Program::Pin(const Napi::CallbackInfo& info) { PinAt(info.Env(), TextArg(info, 0, "path")); }

void Program::Close(const Napi::CallbackInfo&) { CloseFd(); }

}  // namespace libbpf_ts
