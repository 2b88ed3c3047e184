#pragma once

#include <cstddef>

#include "netlink_window.h"

// sendmsg, recvmmsg and poll of one netlink descriptor.

namespace netloom {

/** Datagrams that one receive_some() call takes, and the room that each has. */
constexpr std::size_t kBatch = 16;
// netlink_dump() fills up to 32 KiB when the reader's last buffer was that large: a small one costs calls.
constexpr std::size_t kDatagramRoom = 32 * 1024;

/** The datagrams of one recvmmsg, in memory of the calling thread; valid until its next call. */
class Received {
 public:
  /** Never waits. Takes at most `count` datagrams. */
  static Received some(int fd, std::size_t count = kBatch);

  /** 0, EAGAIN when nothing is queued, or what recvmmsg failed with. */
  [[nodiscard]] int error() const noexcept { return error_; }
  [[nodiscard]] std::size_t count() const noexcept { return count_; }
  /** Empty when truncated, or when its sender is not the kernel: any process may send to a netlink socket. */
  [[nodiscard]] ByteView datagram(std::size_t index) const;
  [[nodiscard]] bool truncated(std::size_t index) const;

 private:
  Received(int error, std::size_t count) : error_(error), count_(count) {}

  int error_;
  std::size_t count_;
};

/**
 * Sends a window and reads until it is answered. Throws ENOBUFS when answers were lost, EMSGSIZE when one was
 * larger than a buffer, ETIMEDOUT when the kernel was silent for 30 s; the socket stays usable.
 */
void exchange_window(int fd, ByteView request, Window window, Bytes& replies);

}  // namespace netloom
