// SPDX-License-Identifier: Apache-2.0
#include "netlink.h"

#include <errno.h>
#include <linux/netlink.h>
#include <linux/rtnetlink.h>
#include <sched.h>
#include <string.h>
#include <sys/socket.h>

#include <memory>
#include <string>

#include "args.h"
#include "error.h"

namespace libbpf_ts {

namespace {

// The kernel builds dumps in pieces of at most 32 KiB; single answers may be longer.
constexpr size_t kLongestDatagram = 128 * 1024;
// Datagrams read before the event loop gets its turn; what is left makes the socket readable again.
constexpr int kDatagramsPerTurn = 64;

// The thread is in another network namespace as long as this lives.
class Visit {
 public:
  Visit(Napi::Env env, const std::string& path) : env_(env) {
    if (path.empty()) return;
    home_ = Fd(open("/proc/thread-self/ns/net", O_RDONLY | O_CLOEXEC));
    Fd there(open(path.c_str(), O_RDONLY | O_CLOEXEC));
    if (!home_.open() || !there.open()) ThrowBpf(env, "open network namespace", path, errno);
    if (setns(there.get(), CLONE_NEWNET) != 0) ThrowBpf(env, "enter network namespace", path, errno);
    away_ = true;
  }
  ~Visit() {
    if (away_ && setns(home_.get(), CLONE_NEWNET) != 0) {
      Napi::Error::Fatal("netlink", "cannot return to the thread's own network namespace");
    }
  }
  Visit(const Visit&) = delete;
  Visit& operator=(const Visit&) = delete;

 private:
  Napi::Env env_;
  Fd home_;
  bool away_ = false;
};

void SetOption(Napi::Env env, int fd, int option, const char* name) {
  int on = 1;
  if (setsockopt(fd, SOL_NETLINK, option, &on, sizeof(on)) != 0) ThrowBpf(env, "netlink option", name, errno);
}

Fd OpenSocket(Napi::Env env, uint32_t groups, int receiveBuffer) {
  Fd fd(socket(AF_NETLINK, SOCK_RAW | SOCK_CLOEXEC | SOCK_NONBLOCK, NETLINK_ROUTE));
  if (!fd.open()) ThrowBpf(env, "open netlink socket", "", errno);
  SetOption(env, fd.get(), NETLINK_EXT_ACK, "NETLINK_EXT_ACK");
  SetOption(env, fd.get(), NETLINK_CAP_ACK, "NETLINK_CAP_ACK");
  SetOption(env, fd.get(), NETLINK_GET_STRICT_CHK, "NETLINK_GET_STRICT_CHK");
  // Without CAP_NET_ADMIN the system's limit applies.
  if (setsockopt(fd.get(), SOL_SOCKET, SO_RCVBUFFORCE, &receiveBuffer, sizeof(receiveBuffer)) != 0) {
    setsockopt(fd.get(), SOL_SOCKET, SO_RCVBUF, &receiveBuffer, sizeof(receiveBuffer));
  }
  sockaddr_nl address = {};
  address.nl_family = AF_NETLINK;
  address.nl_groups = groups;
  if (bind(fd.get(), reinterpret_cast<sockaddr*>(&address), sizeof(address)) != 0) {
    ThrowBpf(env, "bind netlink socket", "", errno);
  }
  return fd;
}

}  // namespace

void Netlink::Register(Napi::Env env, Napi::Object exports) {
  exports.Set("Netlink", DefineClass(env, "Netlink",
                                     {
                                         InstanceMethod("send", &Netlink::Send),
                                         InstanceMethod("ref", &Netlink::Hold),
                                         InstanceMethod("unref", &Netlink::Release),
                                         InstanceMethod("close", &Netlink::CloseNow),
                                     }));
}

Netlink::Netlink(const Napi::CallbackInfo& info) : Napi::ObjectWrap<Netlink>(info) {
  Napi::Env env = info.Env();
  uint32_t groups = UintArg(info, 0, "groups");
  uint32_t receiveBuffer = UintArg(info, 1, "receiveBuffer");
  if (receiveBuffer > INT32_MAX / 2) throw Napi::TypeError::New(env, "receiveBuffer must be below 1 GiB");
  if (!info[2].IsFunction()) throw Napi::TypeError::New(env, "onDatagram must be a function");
  {
    Visit visit(env, OptionalTextArg(info, 3, "namespace"));
    fd_ = OpenSocket(env, groups, static_cast<int>(receiveBuffer));
  }
  onDatagram_ = Napi::Persistent(info[2].As<Napi::Function>());
  watch_.Start(env, fd_.get(), this, "watch netlink socket");
  Ref();
}

Netlink::~Netlink() { Stop(); }

void Netlink::Stop() {
  watch_.Stop();
  fd_.Close();
}

void Netlink::CloseNow(const Napi::CallbackInfo&) {
  if (!watch_.running()) return;
  Stop();
  onDatagram_.Reset();
  Unref();
}

void Netlink::Hold(const Napi::CallbackInfo&) {
  if (watch_.running()) watch_.Hold();
}

void Netlink::Release(const Napi::CallbackInfo&) {
  if (watch_.running()) watch_.Release();
}

void Netlink::Send(const Napi::CallbackInfo& info) {
  Napi::Env env = info.Env();
  if (!watch_.running()) ThrowClosed(env, "netlink socket", "");
  Bytes bytes = BytesArg(info, 0, "bytes");
  sockaddr_nl kernel = {};
  kernel.nl_family = AF_NETLINK;
  ssize_t sent = sendto(fd_.get(), bytes.data, bytes.size, 0, reinterpret_cast<sockaddr*>(&kernel), sizeof(kernel));
  if (sent < 0) ThrowBpf(env, "netlink send", "", errno);
}

void Netlink::OnReadable(int status) noexcept {
  Napi::Env env = Env();
  // The script may close the socket from within the callback; the wrapper must outlast this turn.
  [[maybe_unused]] Napi::Object keep = Value();
  try {
    // libuv takes a socket with a pending error (ENOBUFS) for a bad descriptor and stops; recvfrom() says what it is.
    if (status < 0) watch_.Listen();
    if (Drain() == 0 && status < 0) {
      watch_.Pause();
      Deliver(env.Undefined(), -status);
    }
  } catch (const Napi::Error& error) {
    napi_fatal_exception(env, error.Value());
  } catch (const std::exception& error) {
    napi_fatal_exception(env, Napi::Error::New(env, error.what()).Value());
  }
}

int Netlink::Drain() {
  std::unique_ptr<uint8_t[]> buffer(new uint8_t[kLongestDatagram]);
  int turn = 0;
  for (; turn < kDatagramsPerTurn && watch_.running(); turn++) {
    Napi::HandleScope scope(Env());
    sockaddr_nl sender = {};
    socklen_t senderSize = sizeof(sender);
    ssize_t length = recvfrom(fd_.get(), buffer.get(), kLongestDatagram, MSG_TRUNC,
                              reinterpret_cast<sockaddr*>(&sender), &senderSize);
    if (length < 0 && (errno == EAGAIN || errno == EINTR)) break;
    if (length < 0) {
      Deliver(Env().Undefined(), errno);
    } else if (static_cast<size_t>(length) > kLongestDatagram) {
      Deliver(Env().Undefined(), EMSGSIZE);
    } else if (sender.nl_pid == 0) {  // from the kernel, not from another process
      Napi::Uint8Array bytes = Napi::Uint8Array::New(Env(), static_cast<size_t>(length));
      memcpy(bytes.Data(), buffer.get(), static_cast<size_t>(length));
      Deliver(bytes, 0);
    }
  }
  return turn;
}

void Netlink::Deliver(Napi::Value bytes, int error) {
  Napi::Function callback = onDatagram_.Value();
  callback.MakeCallback(Value(), {bytes, Napi::Number::New(Env(), error)});
}

void RegisterNetlink(Napi::Env env, Napi::Object exports) { Netlink::Register(env, exports); }

}  // namespace libbpf_ts
