#include "netns.h"

#include <fcntl.h>

#include "check.h"
#include "scratch.h"

namespace netloom::test {

namespace {

bool same(int left, int right) {
  const NetnsIdentity one = netns_identity(left);
  const NetnsIdentity two = netns_identity(right);
  return one.dev == two.dev && one.ino == two.ino;
}

bool closes_on_exec(int fd) { return (::fcntl(fd, F_GETFD) & FD_CLOEXEC) != 0; }

}  // namespace

TEST(a_new_namespace_is_another_one) {
  const UniqueFd one = create_netns();
  const UniqueFd two = create_netns();
  CHECK(!same(one.get(), two.get()));
  CHECK(!same(one.get(), current_netns().get()));
  CHECK(closes_on_exec(one.get()));
}

TEST(a_namespace_is_opened_by_path) {
  const UniqueFd one = create_netns();
  const UniqueFd again = open_netns("/proc/self/fd/" + std::to_string(one.get()));
  CHECK(same(one.get(), again.get()));
  CHECK(same(open_netns("/proc/self/ns/net").get(), current_netns().get()));
  CHECK(closes_on_exec(again.get()));
}

TEST(other_files_are_no_network_namespace) {
  const std::size_t before = open_descriptors();
  CHECK_ERROR(open_netns("/etc/passwd"), EINVAL, "NS_GET_NSTYPE");
  CHECK_ERROR(open_netns("/proc/self/ns/mnt"), EINVAL, "NS_GET_NSTYPE");
  CHECK_ERROR(open_netns("/dev/null"), EINVAL, "NS_GET_NSTYPE");
  CHECK_ERROR(open_netns("/run/netns/none-of-that-name"), ENOENT, "open");
  CHECK_EQUAL(open_descriptors(), before);
}

TEST(a_body_in_a_namespace_leaves_the_caller_where_it_is) {
  const ScratchNetns netns;
  const UniqueFd before = current_netns();
  const UniqueFd inside = in_netns(netns.fd(), [] { return open_netns("/proc/thread-self/ns/net"); });
  CHECK(same(inside.get(), netns.fd()));
  CHECK(same(before.get(), open_netns("/proc/thread-self/ns/net").get()));
}

TEST(errors_come_back_from_the_thread) {
  const ScratchNetns netns;
  CHECK_ERROR(in_netns(netns.fd(), []() -> int { throw SystemError(ENXIO, "nothing"); }), ENXIO, "nothing");
  CHECK_ERROR(in_netns(-1, [] { return 0; }), EBADF, "setns");
  CHECK_ERROR(NetlinkSocket::open(4711, 0), EPROTONOSUPPORT, "socket");
}

TEST(signals_stay_away_from_our_threads) {
  const bool blocked = on_fresh_thread([] {
    sigset_t mask;
    pthread_sigmask(SIG_BLOCK, nullptr, &mask);
    return sigismember(&mask, SIGTERM) == 1 && sigismember(&mask, SIGCHLD) == 1;
  });
  CHECK(blocked);
  sigset_t mask;
  pthread_sigmask(SIG_BLOCK, nullptr, &mask);
  CHECK_EQUAL(sigismember(&mask, SIGTERM), 0);
}

TEST(nothing_leaks_a_descriptor) {
  const std::size_t before = open_descriptors();
  for (int round = 0; round < 200; ++round) {
    const ScratchNetns netns;
    const auto socket = netns.socket();
    socket->exchange(get_link("lo", 1));
    UniqueFd moved = open_netns("/proc/self/ns/net");
    moved = current_netns();
  }
  CHECK_EQUAL(open_descriptors(), before);
}

}  // namespace netloom::test
