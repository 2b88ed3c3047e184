#include "netlink_transport.h"

#include <poll.h>
#include <sys/socket.h>

#include <algorithm>
#include <array>
#include <memory>

#include "system_error.h"

namespace netloom {

namespace {

constexpr int kPatienceMs = 30'000;

struct Buffers {
  std::array<mmsghdr, kBatch> headers;
  std::array<iovec, kBatch> vectors;
  std::array<sockaddr_nl, kBatch> senders;
  std::array<std::array<std::byte, kDatagramRoom>, kBatch> data;
};

Buffers& buffers() {
  // Not zeroed: a thread that reads acknowledgements touches one page of each.
  thread_local const auto mine = std::make_unique_for_overwrite<Buffers>();
  return *mine;
}

void send_all(int fd, ByteView request) {
  sockaddr_nl kernel{};
  kernel.nl_family = AF_NETLINK;
  iovec vector{const_cast<std::byte*>(request.data()), request.size()};
  msghdr header{};
  header.msg_name = &kernel;
  header.msg_namelen = sizeof kernel;
  header.msg_iov = &vector;
  header.msg_iovlen = 1;
  checked(retry_eintr([&] { return ::sendmsg(fd, &header, 0); }), "sendmsg");
}

void wait_readable(int fd) {
  pollfd entry{fd, POLLIN, 0};
  const int ready = checked(retry_eintr([&] { return ::poll(&entry, 1, kPatienceMs); }), "poll");
  if (ready == 0) throw SystemError(ETIMEDOUT, "poll");
}

}  // namespace

Received Received::some(int fd, std::size_t count) {
  Buffers& mine = buffers();
  count = std::min(count, kBatch);
  for (std::size_t i = 0; i < count; ++i) {
    mine.vectors[i] = {mine.data[i].data(), kDatagramRoom};
    mine.headers[i] = {};
    mine.headers[i].msg_hdr.msg_name = &mine.senders[i];
    mine.headers[i].msg_hdr.msg_namelen = sizeof(sockaddr_nl);
    mine.headers[i].msg_hdr.msg_iov = &mine.vectors[i];
    mine.headers[i].msg_hdr.msg_iovlen = 1;
  }
  const auto want = static_cast<unsigned>(count);
  mmsghdr* const headers = mine.headers.data();
  const int got = retry_eintr([&] { return ::recvmmsg(fd, headers, want, MSG_DONTWAIT, nullptr); });
  return got < 0 ? Received(errno, 0) : Received(0, static_cast<std::size_t>(got));
}

ByteView Received::datagram(std::size_t index) const {
  const Buffers& mine = buffers();
  if (mine.senders[index].nl_pid != 0 || truncated(index)) return {};
  return ByteView(mine.data[index]).first(mine.headers[index].msg_len);
}

bool Received::truncated(std::size_t index) const {
  return (buffers().headers[index].msg_hdr.msg_flags & MSG_TRUNC) != 0;
}

void exchange_window(int fd, ByteView request, Window window, Bytes& replies) {
  send_all(fd, request);
  // A loss is thrown only when nothing is queued any more: reading on is what takes the socket out of
  // congestion (netlink_rcv_wake) and what ends a running dump.
  int loss = 0;
  while (true) {
    const Received received = Received::some(fd);
    if (received.error() != 0 && received.error() != EAGAIN) {
      if (received.error() != ENOBUFS) throw SystemError(received.error(), "recvmmsg");
      loss = ENOBUFS;
      continue;
    }
    for (std::size_t i = 0; i < received.count(); ++i) {
      if (received.truncated(i)) loss = EMSGSIZE;
      window.take(received.datagram(i), replies);
    }
    // Fewer than a batch: the queue is empty.
    if (received.count() == kBatch) continue;
    if (loss != 0) throw SystemError(loss, "recvmmsg");
    if (window.answered()) return;
    if (received.count() == 0) wait_readable(fd);
  }
}

}  // namespace netloom
