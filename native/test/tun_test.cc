#include "tun.h"

#include <fcntl.h>
#include <linux/if_tun.h>
#include <net/if.h>

#include "check.h"
#include "scratch.h"

namespace netloom::test {

namespace {

constexpr unsigned kTap = IFF_TAP | IFF_NO_PI | IFF_VNET_HDR;

TunQueue open_in(const ScratchNetns& netns, const std::string& ifname, unsigned flags, int ifindex = 0) {
  return in_netns(netns.fd(), [&] { return TunQueue::open(ifname, flags, ifindex); });
}

bool exists(const ScratchNetns& netns, const std::string& ifname) {
  return split(netns.socket()->exchange(get_link(ifname, 1)))[0].error == 0;
}

}  // namespace

TEST(a_tap_is_opened_with_what_was_asked) {
  const ScratchNetns netns;
  const TunQueue tap = open_in(netns, "tap%d", kTap, 77);
  CHECK_EQUAL(tap.ifname(), "tap0");
  CHECK_EQUAL(tap.flags() & (kTap | IFF_TUN), kTap);
  const int index = in_netns(netns.fd(), [] { return static_cast<int>(if_nametoindex("tap0")); });
  CHECK_EQUAL(index, 77);
  CHECK((::fcntl(tap.fd(), F_GETFD) & FD_CLOEXEC) != 0);
  CHECK((::fcntl(tap.fd(), F_GETFL) & O_NONBLOCK) != 0);
}

TEST(the_kernel_names_a_device_without_a_name) {
  const ScratchNetns netns;
  CHECK_EQUAL(open_in(netns, "", IFF_TUN | IFF_NO_PI).ifname(), "tun0");
  CHECK_EQUAL(open_in(netns, "", kTap).ifname(), "tap0");
}

TEST(a_device_with_packet_information_opens) {
  const ScratchNetns netns;
  CHECK_EQUAL(open_in(netns, "tun0", IFF_TUN).ifname(), "tun0");
}

TEST(names_that_do_not_fit_are_refused) {
  const ScratchNetns netns;
  CHECK_EQUAL(open_in(netns, "fifteen-letters", kTap).ifname(), "fifteen-letters");
  CHECK_ERROR(open_in(netns, "sixteen-letters!", kTap), ENAMETOOLONG, "TUNSETIFF");
  CHECK_ERROR(open_in(netns, "a/b", kTap), EINVAL, "TUNSETIFF");
  CHECK_ERROR(open_in(netns, "tap0", 0x10000 | kTap), EINVAL, "TUNSETIFF");
}

TEST(a_device_dies_with_its_last_queue_unless_persistent) {
  const ScratchNetns netns;
  {
    TunQueue tap = open_in(netns, "tap0", kTap);
    CHECK(exists(netns, "tap0"));
    CHECK_ERROR(open_in(netns, "tap0", kTap), EBUSY, "TUNSETIFF");
  }
  CHECK(!exists(netns, "tap0"));
  TunQueue tap = open_in(netns, "tap0", kTap);
  tap.set_persist(true);
  tap.close();
  CHECK(exists(netns, "tap0"));
  CHECK_ERROR(open_in(netns, "tap0", kTap | IFF_TUN_EXCL), EBUSY, "TUNSETIFF");
  tap = open_in(netns, "tap0", kTap);
  tap.set_persist(false);
  tap.close();
  CHECK(!exists(netns, "tap0"));
}

TEST(queues_attach_and_detach) {
  const ScratchNetns netns;
  const TunQueue first = open_in(netns, "tap0", kTap | IFF_MULTI_QUEUE);
  TunQueue second = open_in(netns, "tap0", kTap | IFF_MULTI_QUEUE);
  CHECK_EQUAL(second.ifname(), "tap0");
  second.set_attached(false);
  second.set_attached(true);
  CHECK_ERROR(second.set_attached(true), EINVAL, "TUNSETQUEUE");
}

TEST(a_device_of_another_kind_is_refused) {
  const ScratchNetns netns;
  const std::size_t before = open_descriptors();
  const TunQueue tap = open_in(netns, "tap0", kTap | IFF_MULTI_QUEUE);
  CHECK_ERROR(open_in(netns, "tap0", IFF_TUN | IFF_NO_PI), EINVAL, "TUNSETIFF");
  CHECK_ERROR(open_in(netns, "lo", kTap), EINVAL, "TUNSETIFF");
  CHECK_EQUAL(open_descriptors(), before + 1);
}

TEST(header_size_offload_carrier_and_owners_are_set) {
  const ScratchNetns netns;
  TunQueue tap = open_in(netns, "tap0", kTap);
  CHECK_EQUAL(tap.vnet_header_size(), 10);
  tap.set_vnet_header_size(12);
  CHECK_EQUAL(tap.vnet_header_size(), 12);
  CHECK_ERROR(tap.set_vnet_header_size(9), EINVAL, "TUNSETVNETHDRSZ");
  tap.set_offload(TUN_F_CSUM | TUN_F_TSO4 | TUN_F_TSO6);
  CHECK_ERROR(tap.set_offload(0x80000000), EINVAL, "TUNSETOFFLOAD");
  tap.set_carrier(false);
  tap.set_carrier(true);
  tap.set_send_buffer(1 << 20);
  tap.set_owner(0);
  tap.set_group(0);
}

TEST(a_closed_queue_is_ebadf) {
  const ScratchNetns netns;
  TunQueue tap = open_in(netns, "tap0", kTap);
  tap.close();
  CHECK_EQUAL(tap.fd(), -1);
  CHECK_ERROR(tap.flags(), EBADF, "TUNGETIFF");
  CHECK_ERROR(tap.set_persist(true), EBADF, "TUNSETPERSIST");
}

TEST(features_are_read) {
  const unsigned all = kTap | IFF_TUN | IFF_MULTI_QUEUE;
  CHECK_EQUAL(tun_features() & all, all);
}

}  // namespace netloom::test
