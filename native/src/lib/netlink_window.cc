#include "netlink_window.h"

#include <algorithm>
#include <cstring>

#include "system_error.h"

namespace netloom {

namespace {

constexpr std::size_t kHeader = sizeof(nlmsghdr);
constexpr std::size_t kBareAck = kHeader + sizeof(nlmsgerr);

// skb->truesize of an acknowledgement without text is 768 to 832: a receive buffer of 212,992 holds 256.
constexpr std::size_t kAckCost = 832;
// An answer with an object is allocated by its worst case: rtnl_getlink() asks for some 4 KiB, more for a
// link with many attributes, and kmalloc rounds up to 8 KiB.
constexpr std::size_t kObjectCost = 8192 + 768;
constexpr std::size_t kMaxMessages = 512;
constexpr std::size_t kMaxRequestBytes = std::size_t{128} * 1024;

constexpr std::size_t align4(std::size_t length) { return (length + 3) & ~std::size_t{3}; }

nlmsghdr header_at(ByteView bytes, std::size_t offset) {
  nlmsghdr header;  // by copy: a JavaScript view may begin anywhere
  std::memcpy(&header, bytes.data() + offset, kHeader);
  return header;
}

// Create, replace, exclusive and append share their bits with root and match: whoever carries one of them
// (and is no dump) changes something and is answered by an acknowledgement alone, unless it asks for an echo.
// Without them, a get and a change look alike.
std::size_t answer_cost(const NetlinkMessage& message) {
  const unsigned flags = message.header.nlmsg_flags;
  const bool changes = (flags & (NLM_F_REPLACE | NLM_F_EXCL | NLM_F_CREATE | NLM_F_APPEND)) != 0;
  return changes && (flags & NLM_F_ECHO) == 0 ? kAckCost : kAckCost + kObjectCost;
}

}  // namespace

void append_padded(Bytes& to, ByteView message) {
  to.insert(to.end(), message.begin(), message.end());
  to.resize(align4(to.size()));
}

std::vector<NetlinkMessage> parse_request(ByteView request) {
  const SystemError malformed(EINVAL, "exchange");
  std::vector<NetlinkMessage> messages;
  std::size_t offset = 0;
  do {
    if (request.size() - offset < kHeader) throw malformed;
    const NetlinkMessage message{offset, header_at(request, offset)};
    const std::size_t length = message.header.nlmsg_len;
    if (length < kHeader || length > request.size() - offset) throw malformed;
    const bool first = messages.empty();
    if (!first && message.header.nlmsg_seq != messages.back().header.nlmsg_seq + 1) throw malformed;
    messages.push_back(message);
    const bool last = offset + length == request.size();
    offset += last ? length : align4(length);
    if (offset > request.size()) throw malformed;
  } while (offset < request.size());
  return messages;
}

WindowLimits WindowLimits::of(std::size_t receive_buffer, std::size_t send_buffer) {
  return {receive_buffer / 2, std::min(send_buffer / 2, kMaxRequestBytes)};
}

std::size_t window_size(std::span<const NetlinkMessage> messages, const WindowLimits& limits) {
  const NetlinkMessage& first = messages.front();
  if (first.is_dump()) return 1;  // __netlink_dump_start(): one dump at a time, else EBUSY
  std::size_t cost = answer_cost(first);
  std::size_t count = 1;
  for (; count < std::min(messages.size(), kMaxMessages); ++count) {
    const NetlinkMessage& message = messages[count];
    cost += answer_cost(message);
    if (message.is_dump() || cost > limits.answer_bytes) break;
    if (message.end() - first.offset > limits.request_bytes) break;
  }
  // A failure of a message that is not awaited comes before the answer to the next one that is: so a window
  // ends with one that is awaited, and no failure is left behind in the receive buffer.
  const auto is_awaited = [&](std::size_t index) { return messages[index].is_awaited(); };
  std::size_t whole = count;
  while (whole > 0 && !is_awaited(whole - 1)) --whole;
  if (whole > 0) return whole;
  // None so far: up to the next one, whatever it costs, for what belongs together is not torn apart.
  std::size_t next = count;
  while (next < messages.size() && !is_awaited(next)) ++next;
  return next == messages.size() || messages[next].is_dump() ? count : next + 1;
}

Window::Window(std::span<const NetlinkMessage> messages)
    : first_seq_(messages.front().header.nlmsg_seq), awaited_(messages.size()) {
  for (std::size_t i = 0; i < messages.size(); ++i) {
    awaited_[i] = messages[i].is_awaited();
    if (awaited_[i]) ++waiting_;
  }
}

void Window::take(ByteView datagram, Bytes& replies) {
  while (datagram.size() >= kHeader) {
    const nlmsghdr header = header_at(datagram, 0);
    if (header.nlmsg_len < kHeader || header.nlmsg_len > datagram.size()) return;
    take_message(header, datagram.first(header.nlmsg_len), replies);
    datagram = datagram.subspan(std::min(align4(header.nlmsg_len), datagram.size()));
  }
}

void Window::take_message(const nlmsghdr& header, ByteView message, Bytes& replies) {
  // Unsigned, so that numbers may wrap inside a window. Anything else is an answer that came after its time.
  const std::uint32_t index = header.nlmsg_seq - first_seq_;
  if (index >= awaited_.size() || header.nlmsg_type == NLMSG_NOOP) return;
  if (header.nlmsg_type == NLMSG_ERROR || header.nlmsg_type == NLMSG_DONE) {
    if (awaited_[index]) --waiting_;
    awaited_[index] = false;
  }
  const bool bare = message.size() == kBareAck && (header.nlmsg_flags & NLM_F_ACK_TLVS) == 0;
  if (header.nlmsg_type == NLMSG_ERROR && bare) {
    int error = 0;
    std::memcpy(&error, message.data() + kHeader, sizeof error);
    if (error == 0) return;
  }
  append_padded(replies, message);
}

}  // namespace netloom
