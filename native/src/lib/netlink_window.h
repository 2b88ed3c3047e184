#pragma once

#include <linux/netlink.h>

#include <cstddef>
#include <cstdint>
#include <span>
#include <vector>

// The nlmsghdr side of an exchange: what is sent together and when it counts as answered. No system call.

namespace netloom {

using Bytes = std::vector<std::byte>;
using ByteView = std::span<const std::byte>;

/** Appends one datagram or message and pads to four bytes. */
void append_padded(Bytes& to, ByteView message);

struct NetlinkMessage {
  std::size_t offset;
  nlmsghdr header;

  [[nodiscard]] std::size_t end() const { return offset + header.nlmsg_len; }
  [[nodiscard]] bool is_dump() const { return (header.nlmsg_flags & NLM_F_DUMP) == NLM_F_DUMP; }
  [[nodiscard]] bool is_awaited() const { return is_dump() || (header.nlmsg_flags & NLM_F_ACK) != 0; }
};

/**
 * The whole messages of a request. SystemError EINVAL when it is empty, when a length leaves it, when a
 * message but the last is not padded, or when the sequence numbers do not rise by one.
 */
std::vector<NetlinkMessage> parse_request(ByteView request);

/** What one sendmsg may hold, from the socket's buffers as granted. */
struct WindowLimits {
  std::size_t answer_bytes;  // of receive buffer, as the kernel accounts
  std::size_t request_bytes;

  static WindowLimits of(std::size_t receive_buffer, std::size_t send_buffer);
};

/** How many of `messages` go out together: at least one, up to one that is awaited; a dump goes alone. */
std::size_t window_size(std::span<const NetlinkMessage> messages, const WindowLimits& limits);

/** The messages sent by one sendmsg, and which of them still wait for an answer. */
class Window {
 public:
  explicit Window(std::span<const NetlinkMessage> messages);

  [[nodiscard]] bool answered() const { return waiting_ == 0; }

  /**
   * Takes one datagram of the kernel: marks what it answers and appends its messages to `replies`, each
   * padded to four bytes, without bare acknowledgements and without what belongs to no message of this
   * window.
   */
  void take(ByteView datagram, Bytes& replies);

 private:
  void take_message(const nlmsghdr& header, ByteView message, Bytes& replies);

  std::uint32_t first_seq_;
  std::vector<bool> awaited_;
  std::size_t waiting_ = 0;
};

}  // namespace netloom
