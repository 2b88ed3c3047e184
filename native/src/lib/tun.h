#pragma once

#include <cstdint>
#include <string>

#include "fd.h"

namespace netloom {

/** TUNGETFEATURES of /dev/net/tun. */
unsigned tun_features();

/** One queue of a TUN or TAP device. Any ioctl of a closed queue fails with EBADF. */
class TunQueue {
 public:
  /**
   * Attaches a queue in the calling thread's namespace. `ifindex` 0 lets the kernel choose. EINVAL
   * (TUNGETIFF) when the device that was there already is of another kind.
   */
  static TunQueue open(const std::string& ifname, unsigned flags, int ifindex);

  [[nodiscard]] int fd() const noexcept { return fd_.get(); }
  [[nodiscard]] const std::string& ifname() const noexcept { return ifname_; }
  void close() noexcept { fd_.reset(); }

  [[nodiscard]] unsigned flags() const;
  [[nodiscard]] int vnet_header_size() const;
  void set_vnet_header_size(int bytes);
  void set_offload(unsigned flags);
  void set_persist(bool persist);
  void set_owner(std::int64_t uid);
  void set_group(std::int64_t gid);
  void set_attached(bool attached);
  void set_carrier(bool carrier);
  void set_send_buffer(int bytes);

 private:
  TunQueue(UniqueFd fd, std::string ifname) : fd_(std::move(fd)), ifname_(std::move(ifname)) {}

  UniqueFd fd_;
  std::string ifname_;
};

}  // namespace netloom
