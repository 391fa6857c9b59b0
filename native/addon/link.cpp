// SPDX-License-Identifier: Apache-2.0
#include "link.h"

#include <bpf/bpf.h>
#include <bpf/libbpf.h>
#include <errno.h>
#include <net/if.h>
#include <string.h>

#include <algorithm>

#include "args.h"
#include "error.h"
#include "instance.h"
#include "kinds.h"

namespace libbpf_ts {

namespace {

// The first words of the part of bpf_link_info that depends on the link's type: an interface index for
// XDP and tcx, an inode and an attach type for a network namespace.
struct Detail {
  uint32_t first;
  uint32_t second;
};

}  // namespace

void Link::Register(Napi::Env env, Napi::Object exports) {
  Napi::Function constructor = DefineClass(env, "Link",
                                           {
                                               StaticMethod("open", &Link::Open),
                                               StaticMethod("byId", &Link::ById),
                                               StaticMethod("create", &Link::Create),
                                               StaticMethod("queryXdp", &Link::QueryXdp),
                                               StaticMethod("query", &Link::Query),
                                               InstanceMethod("info", &Link::Info),
                                               InstanceMethod("descriptor", &Link::GetDescriptor),
                                               InstanceMethod("update", &Link::Update),
                                               InstanceMethod("detach", &Link::Detach),
                                               InstanceMethod("pin", &Link::Pin),
                                               InstanceMethod("close", &Link::Close),
                                           });
  Instance::Of(env).linkClass = Napi::Persistent(constructor);
  exports.Set("Link", constructor);
}

Napi::Value Link::Wrap(Napi::Env env, Fd fd) {
  return Instance::Of(env).linkClass.New({Napi::External<Fd>::New(env, &fd)});
}

Link::Link(const Napi::CallbackInfo& info) : Napi::ObjectWrap<Link>(info), Handle(Kind::link) {
  Take(FdArg(info, 0), "");
}

Napi::Value Link::Open(const Napi::CallbackInfo& info) {
  return Wrap(info.Env(), OpenPin(info.Env(), TextArg(info, 0, "path"), Kind::link));
}

Napi::Value Link::ById(const Napi::CallbackInfo& info) {
  uint32_t id = UintArg(info, 0, "id");
  Fd fd(bpf_link_get_fd_by_id(id));
  if (!fd.open()) ThrowBpf(info.Env(), "open link by id", std::to_string(id), errno);
  return Wrap(info.Env(), std::move(fd));
}

// create(operation, program descriptor, target, attach type, flags): the target is an interface index or a
// descriptor, as the attach type has it.
Napi::Value Link::Create(const Napi::CallbackInfo& info) {
  std::string operation = TextArg(info, 0, "operation");
  int program = static_cast<int>(UintArg(info, 1, "program"));
  int target = static_cast<int>(UintArg(info, 2, "target"));
  auto type = static_cast<bpf_attach_type>(UintArg(info, 3, "attachType"));
  LIBBPF_OPTS(bpf_link_create_opts, options);
  options.flags = UintArg(info, 4, "flags");
  std::string subject = OptionalTextArg(info, 5, "subject");
  LogScope log;
  Fd fd(bpf_link_create(program, target, type, &options));
  if (!fd.open()) ThrowBpf(info.Env(), operation.c_str(), subject, errno, log.text());
  return Wrap(info.Env(), std::move(fd));
}

Napi::Value Link::QueryXdp(const Napi::CallbackInfo& info) {
  Napi::Env env = info.Env();
  uint32_t ifindex = UintArg(info, 0, "ifindex");
  LIBBPF_OPTS(bpf_xdp_query_opts, query);
  std::string subject = "interface " + std::to_string(ifindex);
  char name[IF_NAMESIZE];
  // libbpf 1.1 finds nothing on an interface that is not there, and calls that success.
  if (if_indextoname(ifindex, name) == nullptr) ThrowBpf(env, "query xdp", subject, ENODEV);
  LogScope log;
  int result = bpf_xdp_query(static_cast<int>(ifindex), 0, &query);
  if (result != 0) ThrowBpf(env, "query xdp", subject, result, log.text());
  Napi::Object out = Napi::Object::New(env);
  out.Set("attached", query.attach_mode);
  out.Set("single", query.prog_id);
  out.Set("native", query.drv_prog_id);
  out.Set("generic", query.skb_prog_id);
  out.Set("offload", query.hw_prog_id);
  return out;
}

// The ids of the programs on a hook that holds several.
Napi::Value Link::Query(const Napi::CallbackInfo& info) {
  Napi::Env env = info.Env();
  int target = static_cast<int>(UintArg(info, 0, "target"));
  auto type = static_cast<bpf_attach_type>(UintArg(info, 1, "attachType"));
  uint32_t ids[64] = {};
  uint32_t count = 64;
  std::string subject = OptionalTextArg(info, 2, "subject");
  if (bpf_prog_query(target, type, 0, nullptr, ids, &count) != 0) ThrowBpf(env, "query hook", subject, errno);
  count = std::min<uint32_t>(count, 64);
  Napi::Array out = Napi::Array::New(env, count);
  for (uint32_t i = 0; i < count; i++) out.Set(i, ids[i]);
  return out;
}

Napi::Value Link::Info(const Napi::CallbackInfo& info) {
  Napi::Env env = info.Env();
  bpf_link_info about = {};
  uint32_t size = sizeof(about);
  if (bpf_obj_get_info_by_fd(Need(env), &about, &size) != 0) ThrowBpf(env, "link info", name(), errno);
  Detail detail;
  memcpy(&detail, &about.xdp, sizeof(detail));
  Napi::Object out = Napi::Object::New(env);
  out.Set("id", about.id);
  out.Set("type", LinkTypeName(about.type));
  out.Set("programId", about.prog_id);
  out.Set("first", detail.first);
  out.Set("second", detail.second);
  return out;
}

Napi::Value Link::GetDescriptor(const Napi::CallbackInfo& info) { return GetFd(info.Env()); }

void Link::Update(const Napi::CallbackInfo& info) {
  int fd = Need(info.Env());
  int program = static_cast<int>(UintArg(info, 0, "program"));
  LIBBPF_OPTS(bpf_link_update_opts, options);
  if (!info[1].IsUndefined()) {
    options.flags = BPF_F_REPLACE;
    options.old_prog_fd = UintArg(info, 1, "expected");
  }
  if (bpf_link_update(fd, program, &options) != 0) ThrowBpf(info.Env(), "link update", name(), errno);
}

void Link::Detach(const Napi::CallbackInfo& info) {
  int fd = Need(info.Env());
  if (bpf_link_detach(fd) != 0) ThrowBpf(info.Env(), "link detach", name(), errno);
}

void Link::Pin(const Napi::CallbackInfo& info) { PinAt(info.Env(), TextArg(info, 0, "path")); }

void Link::Close(const Napi::CallbackInfo&) { CloseFd(); }

}  // namespace libbpf_ts
