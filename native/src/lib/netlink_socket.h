#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>
#include <mutex>

#include "fd.h"
#include "netlink_window.h"

namespace netloom {

/**
 * An AF_NETLINK socket. Any thread may call any method. Closing takes effect at once for whoever comes later
 * (EBADF); the descriptor itself goes when the last call that uses it is over, so that its number is never
 * given to another file under a running call.
 */
class NetlinkSocket {
 public:
  /** In the calling thread's namespace. `receive_buffer` in bytes; 0 keeps the kernel's default. */
  static std::shared_ptr<NetlinkSocket> open(int protocol, int receive_buffer);

  /** -1 once closed. */
  [[nodiscard]] int fd() const;
  [[nodiscard]] std::uint32_t port_id() const noexcept { return port_id_; }
  [[nodiscard]] int receive_buffer() const noexcept { return receive_buffer_; }

  /** See index.d.ts. One exchange at a time: others wait. */
  Bytes exchange(ByteView request);

  void join(unsigned group);
  void leave(unsigned group);

  /**
   * Appends the datagrams that are queued, at most `limit` bytes of them; never waits. Returns 0 when another
   * might not fit, else the errno that ended it: EAGAIN when nothing is left.
   */
  int receive(Bytes& messages, std::size_t limit);

  void close();

  /** Keeps the descriptor open while it lives. */
  class Use {
   public:
    explicit Use(NetlinkSocket& socket);  // EBADF when closed
    ~Use();
    Use(const Use&) = delete;
    Use& operator=(const Use&) = delete;
    [[nodiscard]] int fd() const noexcept { return fd_; }

   private:
    NetlinkSocket& socket_;
    int fd_;
  };

 private:
  NetlinkSocket(UniqueFd fd, std::uint32_t port_id, int receive_buffer, WindowLimits limits);

  void set_membership(int option, unsigned group, const char* syscall);

  const std::uint32_t port_id_;
  const int receive_buffer_;
  const WindowLimits limits_;
  std::mutex exchange_mutex_;
  mutable std::mutex state_mutex_;
  UniqueFd fd_;            // with state_mutex_
  std::size_t users_ = 0;  // with state_mutex_
  bool closed_ = false;    // with state_mutex_
};

}  // namespace netloom
