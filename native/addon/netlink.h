// SPDX-License-Identifier: Apache-2.0
// A NETLINK_ROUTE socket on the event loop of the environment that opened it: datagrams in, datagrams out.
// What is in them is the script layer's business.
#pragma once

#include <napi.h>

#include "fd.h"
#include "watch.h"

namespace libbpf_ts {

// new Netlink(groups, receiveBuffer, onDatagram, namespace?)
//   groups         bitmask of multicast groups, RTMGRP_*
//   receiveBuffer  bytes the kernel may queue
//   onDatagram     (bytes, 0) for a datagram, (undefined, errno) when the kernel lost some (ENOBUFS), when one
//                  was longer than this socket reads (EMSGSIZE), or when the socket failed
//   namespace      path of a network namespace to open it in
// It keeps the process alive until unref() or close(), and itself until close().
class Netlink : public Napi::ObjectWrap<Netlink>, private Watched {
 public:
  static void Register(Napi::Env env, Napi::Object exports);
  explicit Netlink(const Napi::CallbackInfo& info);
  ~Netlink() override;

 private:
  void Send(const Napi::CallbackInfo& info);
  void Hold(const Napi::CallbackInfo& info);
  void Release(const Napi::CallbackInfo& info);
  void CloseNow(const Napi::CallbackInfo& info);

  void Stop();
  // How many datagrams and errors it came upon.
  int Drain();
  void Deliver(Napi::Value bytes, int error);

  void OnReadable(int status) noexcept override;
  void OnTeardown() noexcept override { Stop(); }

  Fd fd_;
  Watch watch_;
  Napi::FunctionReference onDatagram_;
};

void RegisterNetlink(Napi::Env env, Napi::Object exports);

}  // namespace libbpf_ts
