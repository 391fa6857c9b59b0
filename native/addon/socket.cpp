// SPDX-License-Identifier: Apache-2.0
#include "socket.h"

#include <arpa/inet.h>
#include <errno.h>
#include <netinet/in.h>
#include <string.h>
#include <sys/socket.h>

#include <string>

#include "args.h"
#include "error.h"
#include "fd.h"

namespace libbpf_ts {

namespace {

struct Address {
  sockaddr_storage storage = {};
  socklen_t size = 0;
};

bool ReadAddress(int family, const std::string& text, uint16_t port, Address& out) {
  if (family == AF_INET) {
    auto* address = reinterpret_cast<sockaddr_in*>(&out.storage);
    address->sin_family = AF_INET;
    address->sin_port = htons(port);
    out.size = sizeof(*address);
    return inet_pton(AF_INET, text.c_str(), &address->sin_addr) == 1;
  }
  auto* address = reinterpret_cast<sockaddr_in6*>(&out.storage);
  address->sin6_family = AF_INET6;
  address->sin6_port = htons(port);
  out.size = sizeof(*address);
  return inet_pton(AF_INET6, text.c_str(), &address->sin6_addr) == 1;
}

void Mark(Napi::Env env, int fd, uint32_t mark) {
  if (setsockopt(fd, SOL_SOCKET, SO_MARK, &mark, sizeof(mark)) != 0) {
    ThrowBpf(env, "mark socket", std::to_string(mark), errno);
  }
}

// Without it the kernel tells a datagram's sender of no ICMP error that may pass, and of those are unreachable hosts and
// networks.
void HearErrors(Napi::Env env, int fd, int family, const std::string& subject) {
  int on = 1;
  int level = family == AF_INET ? IPPROTO_IP : IPPROTO_IPV6;
  int option = family == AF_INET ? IP_RECVERR : IPV6_RECVERR;
  if (setsockopt(fd, level, option, &on, sizeof(on)) != 0) ThrowBpf(env, "hear errors of socket", subject, errno);
}

void BindToDevice(Napi::Env env, int fd, const std::string& device) {
  if (setsockopt(fd, SOL_SOCKET, SO_BINDTODEVICE, device.c_str(), static_cast<socklen_t>(device.size())) != 0) {
    ThrowBpf(env, "bind socket to device", device, errno);
  }
}

void Bind(Napi::Env env, int fd, int family, const std::string& text, uint32_t port) {
  Address address;
  if (port > UINT16_MAX) throw Napi::TypeError::New(env, "bind.port must be an integer from 0 to 65535");
  if (!ReadAddress(family, text, static_cast<uint16_t>(port), address)) {
    throw Napi::TypeError::New(env, "bind.address must be an address of the socket's family, not '" + text + "'");
  }
  if (bind(fd, reinterpret_cast<sockaddr*>(&address.storage), address.size) != 0) {
    ThrowBpf(env, "bind socket", text + " port " + std::to_string(port), errno);
  }
}

// openSocket(family, type, protocol, mark?, device?, address?, port?), with the numbers of this system's headers.
Napi::Value Open(const Napi::CallbackInfo& info) {
  Napi::Env env = info.Env();
  int family = UintArg(info, 0, "family") == 6 ? AF_INET6 : AF_INET;
  int type = static_cast<int>(UintArg(info, 1, "type"));
  std::string subject = TextArg(info, 7, "subject");
  Fd fd(socket(family, type | SOCK_NONBLOCK | SOCK_CLOEXEC, static_cast<int>(UintArg(info, 2, "protocol"))));
  if (!fd.open()) ThrowBpf(env, "open socket", subject, errno);
  if (type == SOCK_DGRAM) HearErrors(env, fd.get(), family, subject);
  if (!info[3].IsUndefined()) Mark(env, fd.get(), UintArg(info, 3, "mark"));
  if (!info[4].IsUndefined()) BindToDevice(env, fd.get(), TextArg(info, 4, "bindToDevice"));
  if (!info[5].IsUndefined()) {
    Bind(env, fd.get(), family, TextArg(info, 5, "bind.address"), OptionalUintArg(info, 6, "bind.port", 0));
  }
  return Napi::Number::New(env, fd.release());
}

// sourceTowards(family, address, mark?): connecting a UDP socket sends nothing and chooses the source.
Napi::Value SourceTowards(const Napi::CallbackInfo& info) {
  Napi::Env env = info.Env();
  int family = UintArg(info, 0, "family") == 6 ? AF_INET6 : AF_INET;
  std::string text = TextArg(info, 1, "address");
  Address address;
  if (!ReadAddress(family, text, 9, address)) throw Napi::TypeError::New(env, "address must be one, not '" + text + "'");
  Fd fd(socket(family, SOCK_DGRAM | SOCK_CLOEXEC, 0));
  if (!fd.open()) ThrowBpf(env, "open socket", "towards " + text, errno);
  if (!info[2].IsUndefined()) Mark(env, fd.get(), UintArg(info, 2, "mark"));
  auto* name = reinterpret_cast<sockaddr*>(&address.storage);
  if (connect(fd.get(), name, address.size) != 0) ThrowBpf(env, "find source towards", text, errno);
  if (getsockname(fd.get(), name, &address.size) != 0) ThrowBpf(env, "find source towards", text, errno);
  char source[INET6_ADDRSTRLEN] = "";
  const void* bytes = family == AF_INET ? static_cast<void*>(&reinterpret_cast<sockaddr_in*>(name)->sin_addr)
                                        : static_cast<void*>(&reinterpret_cast<sockaddr_in6*>(name)->sin6_addr);
  inet_ntop(family, bytes, source, sizeof(source));
  return Napi::String::New(env, source);
}

}  // namespace

void RegisterSocket(Napi::Env env, Napi::Object exports) {
  exports.Set("sourceTowards", Napi::Function::New(env, SourceTowards, "sourceTowards"));
  exports.Set("openSocket", Napi::Function::New(env, Open, "openSocket"));
}

}  // namespace libbpf_ts
