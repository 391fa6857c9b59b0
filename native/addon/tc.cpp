// SPDX-License-Identifier: Apache-2.0
#include "tc.h"

#include <bpf/libbpf.h>
#include <errno.h>
#include <linux/pkt_cls.h>
#include <linux/pkt_sched.h>

#include "args.h"
#include "error.h"
#include "tc_list.h"

namespace libbpf_ts {

namespace {

bpf_tc_hook HookArg(const Napi::CallbackInfo& info, uint32_t attachPoint) {
  LIBBPF_OPTS(bpf_tc_hook, hook);
  hook.ifindex = static_cast<int>(UintArg(info, 0, "ifindex"));
  hook.attach_point = static_cast<bpf_tc_attach_point>(attachPoint);
  return hook;
}

std::string Interface(const bpf_tc_hook& hook) { return "interface " + std::to_string(hook.ifindex); }

// create(ifindex): whether there was none.
Napi::Value Create(const Napi::CallbackInfo& info) {
  bpf_tc_hook hook = HookArg(info, BPF_TC_INGRESS | BPF_TC_EGRESS);
  LogScope log;
  int result = bpf_tc_hook_create(&hook);
  if (result != 0 && result != -EEXIST) ThrowBpf(info.Env(), "add clsact", Interface(hook), result, log.text());
  return Napi::Boolean::New(info.Env(), result == 0);
}

// destroy(ifindex): with all that is on it; whether there was one.
Napi::Value Destroy(const Napi::CallbackInfo& info) {
  bpf_tc_hook hook = HookArg(info, BPF_TC_INGRESS | BPF_TC_EGRESS);
  LogScope log;
  int result = bpf_tc_hook_destroy(&hook);
  bool none = result == -ENOENT || result == -EINVAL;
  if (result != 0 && !none) ThrowBpf(info.Env(), "remove clsact", Interface(hook), result, log.text());
  return Napi::Boolean::New(info.Env(), result == 0);
}

// attach(ifindex, direction, handle, priority, program descriptor, replace, subject)
void Attach(const Napi::CallbackInfo& info) {
  bpf_tc_hook hook = HookArg(info, UintArg(info, 1, "direction"));
  LIBBPF_OPTS(bpf_tc_opts, options);
  options.handle = UintArg(info, 2, "handle");
  options.priority = UintArg(info, 3, "priority");
  options.prog_fd = static_cast<int>(UintArg(info, 4, "program"));
  options.flags = info[5].ToBoolean() ? BPF_TC_F_REPLACE : 0;
  std::string subject = TextArg(info, 6, "subject");
  LogScope log;
  int result = bpf_tc_attach(&hook, &options);
  if (result != 0) ThrowBpf(info.Env(), "attach tc", subject, result, log.text());
}

// detach(ifindex, direction, handle, priority, subject)
void Detach(const Napi::CallbackInfo& info) {
  bpf_tc_hook hook = HookArg(info, UintArg(info, 1, "direction"));
  LIBBPF_OPTS(bpf_tc_opts, options);
  options.handle = UintArg(info, 2, "handle");
  options.priority = UintArg(info, 3, "priority");
  std::string subject = TextArg(info, 4, "subject");
  LogScope log;
  int result = bpf_tc_detach(&hook, &options);
  if (result != 0) ThrowBpf(info.Env(), "detach tc", subject, result, log.text());
}

// list(ifindex, direction): what is on the hook, first come first, of whatever kind.
Napi::Value List(const Napi::CallbackInfo& info) {
  Napi::Env env = info.Env();
  uint32_t ifindex = UintArg(info, 0, "ifindex");
  bool ingress = UintArg(info, 1, "direction") == BPF_TC_INGRESS;
  uint32_t parent = TC_H_MAKE(TC_H_CLSACT, ingress ? TC_H_MIN_INGRESS : TC_H_MIN_EGRESS);
  std::vector<TcFilter> filters;
  int result = ListTcFilters(ifindex, parent, filters);
  if (result != 0) ThrowBpf(env, "list tc filters", "interface " + std::to_string(ifindex), result);
  Napi::Array out = Napi::Array::New(env, filters.size());
  for (uint32_t i = 0; i < filters.size(); i++) {
    Napi::Object filter = Napi::Object::New(env);
    filter.Set("kind", filters[i].kind);
    filter.Set("handle", filters[i].handle);
    filter.Set("priority", filters[i].priority);
    filter.Set("programId", filters[i].programId);
    filter.Set("name", filters[i].name);
    out.Set(i, filter);
  }
  return out;
}

}  // namespace

void RegisterTc(Napi::Env env, Napi::Object exports) {
  Napi::Object tc = Napi::Object::New(env);
  tc.Set("create", Napi::Function::New(env, Create, "create"));
  tc.Set("destroy", Napi::Function::New(env, Destroy, "destroy"));
  tc.Set("attach", Napi::Function::New(env, Attach, "attach"));
  tc.Set("detach", Napi::Function::New(env, Detach, "detach"));
  tc.Set("list", Napi::Function::New(env, List, "list"));
  exports.Set("tc", tc);
}

}  // namespace libbpf_ts
