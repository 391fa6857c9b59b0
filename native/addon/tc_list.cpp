// SPDX-License-Identifier: Apache-2.0
#include "tc_list.h"

#include <errno.h>
#include <linux/pkt_cls.h>
#include <linux/rtnetlink.h>
#include <string.h>
#include <sys/socket.h>

#include <memory>

#include "fd.h"

namespace libbpf_ts {

namespace {

// The kernel builds dumps in pieces of at most 32 KiB.
constexpr size_t kLongestPiece = 64 * 1024;

struct Request {
  nlmsghdr header;
  tcmsg about;
};

int Ask(int fd, uint32_t ifindex, uint32_t parent) {
  Request request = {};
  request.header.nlmsg_len = sizeof(request);
  request.header.nlmsg_type = RTM_GETTFILTER;
  request.header.nlmsg_flags = NLM_F_REQUEST | NLM_F_DUMP;
  request.about.tcm_family = AF_UNSPEC;
  request.about.tcm_ifindex = static_cast<int>(ifindex);
  request.about.tcm_parent = parent;
  return send(fd, &request, sizeof(request), 0) < 0 ? errno : 0;
}

std::string TextOf(const rtattr* attribute) {
  const char* text = static_cast<const char*>(RTA_DATA(attribute));
  return std::string(text, strnlen(text, RTA_PAYLOAD(attribute)));
}

void ReadOptions(const rtattr* options, TcFilter& filter) {
  const rtattr* one = static_cast<const rtattr*>(RTA_DATA(options));
  for (size_t left = RTA_PAYLOAD(options); RTA_OK(one, left); one = RTA_NEXT(one, left)) {
    if (one->rta_type == TCA_BPF_NAME) filter.name = TextOf(one);
    if (one->rta_type == TCA_BPF_ID && RTA_PAYLOAD(one) >= sizeof(uint32_t)) {
      memcpy(&filter.programId, RTA_DATA(one), sizeof(uint32_t));
    }
  }
}

// A classifier without filters in it is listed with handle 0: it holds a priority and nothing else.
void ReadFilter(const nlmsghdr* message, std::vector<TcFilter>& filters) {
  if (message->nlmsg_len < NLMSG_LENGTH(sizeof(tcmsg))) return;
  const tcmsg* about = static_cast<const tcmsg*>(NLMSG_DATA(message));
  if (about->tcm_handle == 0) return;
  TcFilter filter;
  filter.handle = about->tcm_handle;
  filter.priority = about->tcm_info >> 16;
  const rtattr* options = nullptr;
  const rtattr* one = TCA_RTA(about);
  for (size_t left = message->nlmsg_len - NLMSG_LENGTH(sizeof(tcmsg)); RTA_OK(one, left); one = RTA_NEXT(one, left)) {
    if (one->rta_type == TCA_KIND) filter.kind = TextOf(one);
    if (one->rta_type == TCA_OPTIONS) options = one;
  }
  if (filter.kind == "bpf" && options != nullptr) ReadOptions(options, filter);
  filters.push_back(std::move(filter));
}

}  // namespace

int ListTcFilters(uint32_t ifindex, uint32_t parent, std::vector<TcFilter>& filters) {
  Fd fd(socket(AF_NETLINK, SOCK_RAW | SOCK_CLOEXEC, NETLINK_ROUTE));
  if (!fd.open()) return errno;
  if (int error = Ask(fd.get(), ifindex, parent)) return error;
  std::unique_ptr<uint8_t[]> piece(new uint8_t[kLongestPiece]);
  for (;;) {
    ssize_t length = recv(fd.get(), piece.get(), kLongestPiece, 0);
    if (length < 0 && errno == EINTR) continue;
    if (length < 0) return errno;
    size_t left = static_cast<size_t>(length);
    const nlmsghdr* message = reinterpret_cast<const nlmsghdr*>(piece.get());
    for (; NLMSG_OK(message, left); message = NLMSG_NEXT(message, left)) {
      if (message->nlmsg_type == NLMSG_DONE) return 0;
      if (message->nlmsg_type == NLMSG_ERROR) return -static_cast<const nlmsgerr*>(NLMSG_DATA(message))->error;
      if (message->nlmsg_type == RTM_NEWTFILTER) ReadFilter(message, filters);
    }
  }
}

}  // namespace libbpf_ts
