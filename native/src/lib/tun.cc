#include "tun.h"

#include <fcntl.h>
#include <linux/if_tun.h>
#include <net/if.h>
#include <sys/ioctl.h>

#include <cstring>

#include "system_error.h"

namespace netloom {

namespace {

// The flags that decide what a frame on the descriptor looks like and how many queues the device has, but for
// IFF_NO_PI: TUNGETIFF reports IFF_NOFILTER in the same bit.
constexpr unsigned kShape = IFF_TUN | IFF_TAP | IFF_VNET_HDR | IFF_MULTI_QUEUE;

UniqueFd open_device() {
  const int mode = O_RDWR | O_CLOEXEC | O_NONBLOCK;
  return UniqueFd(checked(retry_eintr([&] { return ::open("/dev/net/tun", mode); }), "open /dev/net/tun"));
}

unsigned attached_flags(int fd) {
  ifreq request{};
  checked(::ioctl(fd, TUNGETIFF, &request), "TUNGETIFF");
  return static_cast<std::uint16_t>(request.ifr_flags);
}

}  // namespace

unsigned tun_features() {
  const UniqueFd fd = open_device();
  unsigned features = 0;
  checked(::ioctl(fd.get(), TUNGETFEATURES, &features), "TUNGETFEATURES");
  return features;
}

TunQueue TunQueue::open(const std::string& ifname, unsigned flags, int ifindex) {
  ifreq request{};
  if (ifname.size() >= sizeof request.ifr_name) throw SystemError(ENAMETOOLONG, "TUNSETIFF");
  if (flags > 0xffff || ifname.find('\0') != std::string::npos) throw SystemError(EINVAL, "TUNSETIFF");
  UniqueFd fd = open_device();
  if (ifindex != 0) checked(::ioctl(fd.get(), TUNSETIFINDEX, &ifindex), "TUNSETIFINDEX");
  std::memcpy(request.ifr_name, ifname.data(), ifname.size());
  request.ifr_flags = static_cast<short>(flags);
  checked(::ioctl(fd.get(), TUNSETIFF, &request), "TUNSETIFF");
  // tun_set_iff() attaches to an existing device and then overwrites its IFF_NO_PI and IFF_VNET_HDR for all
  // queues, or, in older kernels, keeps them: only what is read back is known.
  if ((attached_flags(fd.get()) & kShape) != (flags & kShape)) throw SystemError(EINVAL, "TUNGETIFF");
  return {std::move(fd), std::string(request.ifr_name, ::strnlen(request.ifr_name, sizeof request.ifr_name))};
}

unsigned TunQueue::flags() const { return attached_flags(fd_.get()); }

int TunQueue::vnet_header_size() const {
  int bytes = 0;
  checked(::ioctl(fd_.get(), TUNGETVNETHDRSZ, &bytes), "TUNGETVNETHDRSZ");
  return bytes;
}

void TunQueue::set_vnet_header_size(int bytes) {
  checked(::ioctl(fd_.get(), TUNSETVNETHDRSZ, &bytes), "TUNSETVNETHDRSZ");
}

// The next four take their value in place of a pointer.
void TunQueue::set_offload(unsigned flags) {
  checked(::ioctl(fd_.get(), TUNSETOFFLOAD, static_cast<unsigned long>(flags)), "TUNSETOFFLOAD");
}

void TunQueue::set_persist(bool persist) {
  checked(::ioctl(fd_.get(), TUNSETPERSIST, static_cast<unsigned long>(persist)), "TUNSETPERSIST");
}

void TunQueue::set_owner(std::int64_t uid) {
  checked(::ioctl(fd_.get(), TUNSETOWNER, static_cast<unsigned long>(uid)), "TUNSETOWNER");
}

void TunQueue::set_group(std::int64_t gid) {
  checked(::ioctl(fd_.get(), TUNSETGROUP, static_cast<unsigned long>(gid)), "TUNSETGROUP");
}

void TunQueue::set_attached(bool attached) {
  ifreq request{};
  request.ifr_flags = attached ? IFF_ATTACH_QUEUE : IFF_DETACH_QUEUE;
  checked(::ioctl(fd_.get(), TUNSETQUEUE, &request), "TUNSETQUEUE");
}

void TunQueue::set_carrier(bool carrier) {
  int value = carrier ? 1 : 0;
  checked(::ioctl(fd_.get(), TUNSETCARRIER, &value), "TUNSETCARRIER");
}

void TunQueue::set_send_buffer(int bytes) {
  checked(::ioctl(fd_.get(), TUNSETSNDBUF, &bytes), "TUNSETSNDBUF");
}

}  // namespace netloom
