#include "netlink_socket.h"

#include <sys/socket.h>

#include <algorithm>
#include <utility>

#include "netlink_transport.h"
#include "system_error.h"

namespace netloom {

namespace {

int int_option(int fd, int name) {
  int value = 0;
  socklen_t length = sizeof value;
  checked(::getsockopt(fd, SOL_SOCKET, name, &value, &length), "getsockopt");
  return value;
}

void set_option(int fd, int level, int name, int value, const char* syscall) {
  checked(::setsockopt(fd, level, name, &value, sizeof value), syscall);
}

void set_receive_buffer(int fd, int bytes) {
  if (::setsockopt(fd, SOL_SOCKET, SO_RCVBUFFORCE, &bytes, sizeof bytes) == 0) return;
  if (errno != EPERM) throw SystemError(errno, "SO_RCVBUFFORCE");
  set_option(fd, SOL_SOCKET, SO_RCVBUF, bytes, "SO_RCVBUF");
}

std::uint32_t bind_any_port(int fd) {
  sockaddr_nl address{};
  address.nl_family = AF_NETLINK;
  auto* const generic = reinterpret_cast<sockaddr*>(&address);
  socklen_t length = sizeof address;
  checked(::bind(fd, generic, length), "bind");
  checked(::getsockname(fd, generic, &length), "getsockname");
  return address.nl_pid;
}

}  // namespace

std::shared_ptr<NetlinkSocket> NetlinkSocket::open(int protocol, int receive_buffer) {
  UniqueFd fd(checked(::socket(AF_NETLINK, SOCK_RAW | SOCK_CLOEXEC, protocol), "socket"));
  set_option(fd.get(), SOL_NETLINK, NETLINK_EXT_ACK, 1, "NETLINK_EXT_ACK");
  set_option(fd.get(), SOL_NETLINK, NETLINK_CAP_ACK, 1, "NETLINK_CAP_ACK");
  set_option(fd.get(), SOL_NETLINK, NETLINK_GET_STRICT_CHK, 1, "NETLINK_GET_STRICT_CHK");
  if (receive_buffer > 0) set_receive_buffer(fd.get(), receive_buffer);
  const std::uint32_t port_id = bind_any_port(fd.get());
  const int granted = int_option(fd.get(), SO_RCVBUF);
  const auto limits = WindowLimits::of(static_cast<std::size_t>(granted),
                                       static_cast<std::size_t>(int_option(fd.get(), SO_SNDBUF)));
  return std::shared_ptr<NetlinkSocket>(new NetlinkSocket(std::move(fd), port_id, granted, limits));
}

NetlinkSocket::NetlinkSocket(UniqueFd fd, std::uint32_t port_id, int receive_buffer, WindowLimits limits)
    : port_id_(port_id), receive_buffer_(receive_buffer), limits_(limits), fd_(std::move(fd)) {}

int NetlinkSocket::fd() const {
  const std::lock_guard lock(state_mutex_);
  return closed_ ? -1 : fd_.get();
}

Bytes NetlinkSocket::exchange(ByteView request) {
  const std::vector<NetlinkMessage> messages = parse_request(request);
  const std::lock_guard one_at_a_time(exchange_mutex_);
  const Use use(*this);
  Bytes replies;
  std::size_t done = 0;
  try {
    while (done < messages.size()) {
      const auto rest = std::span(messages).subspan(done);
      const auto window = rest.first(window_size(rest, limits_));
      const std::size_t from = window.front().offset;
      exchange_window(use.fd(), request.subspan(from, window.back().end() - from), Window(window), replies);
      done += window.size();
    }
  } catch (SystemError& error) {
    error.completed = done;
    throw;
  }
  return replies;
}

void NetlinkSocket::join(unsigned group) {
  set_membership(NETLINK_ADD_MEMBERSHIP, group, "NETLINK_ADD_MEMBERSHIP");
}

void NetlinkSocket::leave(unsigned group) {
  set_membership(NETLINK_DROP_MEMBERSHIP, group, "NETLINK_DROP_MEMBERSHIP");
}

void NetlinkSocket::set_membership(int option, unsigned group, const char* syscall) {
  const Use use(*this);
  set_option(use.fd(), SOL_NETLINK, option, static_cast<int>(group), syscall);
}

int NetlinkSocket::receive(Bytes& messages, std::size_t limit) {
  const Use use(*this);
  while (messages.size() + kDatagramRoom <= limit) {
    const std::size_t room = std::min((limit - messages.size()) / kDatagramRoom, kBatch);
    const Received received = Received::some(use.fd(), room);
    if (received.error() != 0) return received.error();
    bool truncated = false;
    for (std::size_t i = 0; i < received.count(); ++i) {
      append_padded(messages, received.datagram(i));
      truncated = truncated || received.truncated(i);
    }
    if (truncated) return EMSGSIZE;
    if (received.count() < room) return EAGAIN;
  }
  return 0;
}

void NetlinkSocket::close() {
  const std::lock_guard lock(state_mutex_);
  closed_ = true;
  if (users_ == 0) fd_.reset();
}

NetlinkSocket::Use::Use(NetlinkSocket& socket) : socket_(socket) {
  const std::lock_guard lock(socket.state_mutex_);
  if (socket.closed_) throw SystemError(EBADF, "sendmsg");
  ++socket.users_;
  fd_ = socket.fd_.get();
}

NetlinkSocket::Use::~Use() {
  const std::lock_guard lock(socket_.state_mutex_);
  if (--socket_.users_ == 0 && socket_.closed_) socket_.fd_.reset();
}

}  // namespace netloom
