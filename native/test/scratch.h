#pragma once

#include <linux/rtnetlink.h>
#include <sys/socket.h>

#include <cstring>
#include <filesystem>
#include <string>

#include "netlink_socket.h"
#include "netns.h"
#include "thread_in_netns.h"

// A namespace for one test, and rtnetlink messages by hand.

namespace netloom::test {

class ScratchNetns {
 public:
  [[nodiscard]] int fd() const { return fd_.get(); }
  [[nodiscard]] std::shared_ptr<NetlinkSocket> socket(int receive_buffer = 0) const {
    return in_netns(fd(), [=] { return NetlinkSocket::open(NETLINK_ROUTE, receive_buffer); });
  }

 private:
  UniqueFd fd_ = create_netns();
};

inline std::size_t open_descriptors() {
  std::size_t count = 0;
  for ([[maybe_unused]] const auto& entry : std::filesystem::directory_iterator("/proc/self/fd")) ++count;
  return count - 1;  // the iterator's own
}

template <class T>
void append(Bytes& to, const T& value) {
  const auto* const begin = reinterpret_cast<const std::byte*>(&value);
  to.insert(to.end(), begin, begin + sizeof value);
}

template <class T>
T value_at(ByteView bytes, std::size_t offset) {
  T value;
  std::memcpy(&value, bytes.data() + offset, sizeof value);
  return value;
}

inline Bytes operator+(Bytes left, const Bytes& right) {
  left.insert(left.end(), right.begin(), right.end());
  return left;
}

inline Bytes message(int type, int flags, std::uint32_t seq, const Bytes& payload = {}) {
  nlmsghdr header{};
  header.nlmsg_len = static_cast<std::uint32_t>(sizeof header + payload.size());
  header.nlmsg_type = static_cast<std::uint16_t>(type);
  header.nlmsg_flags = static_cast<std::uint16_t>(flags | NLM_F_REQUEST);
  header.nlmsg_seq = seq;
  Bytes bytes;
  append(bytes, header);
  return bytes + payload;
}

inline Bytes attribute(int type, const Bytes& payload) {
  const auto length = static_cast<std::uint16_t>(RTA_LENGTH(payload.size()));
  const rtattr header{length, static_cast<std::uint16_t>(type)};
  Bytes bytes;
  append(bytes, header);
  append_padded(bytes, payload);
  return bytes;
}

inline Bytes text(const std::string& value) {
  const auto* const begin = reinterpret_cast<const std::byte*>(value.c_str());
  return {begin, begin + value.size() + 1};
}

inline Bytes link(const std::string& name) {
  Bytes payload;
  append(payload, ifinfomsg{});
  return payload + attribute(IFLA_IFNAME, text(name));
}

inline Bytes get_link(const std::string& name, std::uint32_t seq, int flags = NLM_F_ACK) {
  return message(RTM_GETLINK, flags, seq, link(name));
}

inline Bytes create_bridge(const std::string& name, std::uint32_t seq) {
  const Bytes kind = attribute(IFLA_LINKINFO, attribute(IFLA_INFO_KIND, text("bridge")));
  return message(RTM_NEWLINK, NLM_F_ACK | NLM_F_CREATE | NLM_F_EXCL, seq, link(name) + kind);
}

inline Bytes remove_link(const std::string& name, std::uint32_t seq) {
  return message(RTM_DELLINK, NLM_F_ACK, seq, link(name));
}

inline Bytes dump_links(std::uint32_t seq) {
  Bytes payload;
  append(payload, ifinfomsg{});
  return message(RTM_GETLINK, NLM_F_DUMP, seq, payload);
}

/** 10.0.0.0 + number on lo, which has index 1 in every namespace. */
inline Bytes add_address(std::uint32_t number, std::uint32_t seq) {
  ifaddrmsg header{};
  header.ifa_family = AF_INET;
  header.ifa_prefixlen = 32;
  header.ifa_index = 1;
  Bytes address;
  append(address, __builtin_bswap32(0x0a000000 + number));
  Bytes payload;
  append(payload, header);
  payload = std::move(payload) + attribute(IFA_LOCAL, address);
  return message(RTM_NEWADDR, NLM_F_ACK | NLM_F_CREATE | NLM_F_EXCL, seq, payload);
}

struct Answer {
  nlmsghdr header;
  int error;  // of NLMSG_ERROR and NLMSG_DONE, positive
};

inline std::vector<Answer> split(ByteView bytes) {
  std::vector<Answer> answers;
  while (!bytes.empty()) {
    const auto header = value_at<nlmsghdr>(bytes, 0);
    const bool coded = header.nlmsg_type == NLMSG_ERROR || header.nlmsg_type == NLMSG_DONE;
    answers.push_back({header, coded ? -value_at<int>(bytes, sizeof header) : 0});
    bytes = bytes.subspan((header.nlmsg_len + 3) & ~3U);
  }
  return answers;
}

}  // namespace netloom::test
