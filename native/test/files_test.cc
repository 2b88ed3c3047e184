#include <fcntl.h>
#include <sched.h>
#include <sys/mount.h>
#include <unistd.h>

#include <fstream>

#include "check.h"
#include "file_lock.h"
#include "mount.h"
#include "scratch.h"
#include "sysctl.h"

namespace netloom::test {

namespace {

/** A directory that goes with the test. */
class ScratchDirectory {
 public:
  ScratchDirectory() {
    std::string pattern = (std::filesystem::temp_directory_path() / "netloom-XXXXXX").string();
    if (::mkdtemp(pattern.data()) == nullptr) throw SystemError(errno, "mkdtemp");
    path_ = pattern;
  }
  ~ScratchDirectory() {
    std::error_code ignored;
    std::filesystem::remove_all(path_, ignored);
  }
  ScratchDirectory(const ScratchDirectory&) = delete;
  ScratchDirectory& operator=(const ScratchDirectory&) = delete;
  [[nodiscard]] std::string path(const std::string& name = "") const { return (path_ / name).string(); }

 private:
  std::filesystem::path path_;
};

UniqueFd open_file(const std::string& path) {
  return UniqueFd(checked(::open(path.c_str(), O_RDWR | O_CREAT | O_CLOEXEC, 0600), "open"));
}

std::string mount_line(const std::string& target) {
  std::ifstream mounts("/proc/thread-self/mountinfo");
  std::string line;
  while (std::getline(mounts, line)) {
    if (line.find(" " + target + " ") != std::string::npos) return line;
  }
  return "";
}

std::string read_all(int fd) {
  char text[64];
  return {text, static_cast<std::size_t>(checked(::pread(fd, text, sizeof text, 0), "pread"))};
}

}  // namespace

TEST(a_lock_has_one_holder) {
  const ScratchDirectory directory;
  const UniqueFd first = open_file(directory.path("lock"));
  CHECK(try_lock(first.get()));
  CHECK(try_lock(first.get()));
  {
    const UniqueFd second = open_file(directory.path("lock"));
    CHECK(!try_lock(second.get()));
  }
  UniqueFd third = open_file(directory.path("lock"));
  CHECK_ERROR(try_lock(-1), EBADF, "flock");
  CHECK(!try_lock(third.get()));
}

TEST(a_lock_ends_with_its_descriptor) {
  const ScratchDirectory directory;
  UniqueFd first = open_file(directory.path("lock"));
  CHECK(try_lock(first.get()));
  first.reset();
  CHECK(try_lock(open_file(directory.path("lock")).get()));
}

TEST(a_namespace_is_mounted_by_name) {
  const ScratchDirectory directory;
  const UniqueFd netns = create_netns();
  open_file(directory.path("red"));
  on_fresh_thread([&] {
    checked(::unshare(CLONE_FS | CLONE_NEWNS), "unshare");
    checked(::mount("", "/", "none", MS_REC | MS_PRIVATE, nullptr), "mount");
    share_mount(directory.path());
    share_mount(directory.path());  // a shared mount stays as it is
    bind_mount("/proc/self/fd/" + std::to_string(netns.get()), directory.path("red"));
    CHECK(mount_line(directory.path("red")).find("shared:") != std::string::npos);
    CHECK_EQUAL(netns_identity(open_netns(directory.path("red")).get()).ino, netns_identity(netns.get()).ino);
    unmount(directory.path("red"));
    CHECK_ERROR(open_netns(directory.path("red")), EINVAL, "NS_GET_NSTYPE");
    CHECK_ERROR(unmount(directory.path("red")), EINVAL, "umount2");
    CHECK_ERROR(bind_mount("/none", directory.path("red")), ENOENT, "mount");
    CHECK_ERROR(share_mount(directory.path("none")), ENOENT, "mount");
    return true;
  });
}

TEST(a_sysctl_is_the_namespace_s_own) {
  const ScratchNetns netns;
  const ScratchNetns other;
  const auto open_there = [](const ScratchNetns& where, bool write) {
    return in_netns(where.fd(), [&] { return open_sysctl("net/ipv4/ip_default_ttl", write); });
  };
  const UniqueFd sysctl = open_there(netns, true);
  checked(::write(sysctl.get(), "33", 2), "write");
  CHECK_EQUAL(read_all(sysctl.get()), "33\n");
  CHECK_EQUAL(read_all(open_there(netns, false).get()), "33\n");
  CHECK_EQUAL(read_all(open_there(other, false).get()), "64\n");
}

TEST(a_sysctl_that_can_only_be_written_opens) {
  const ScratchNetns netns;
  const UniqueFd flush = in_netns(netns.fd(), [] { return open_sysctl("net/ipv4/route/flush", true); });
  CHECK_EQUAL(checked(::write(flush.get(), "1", 1), "write"), 1);
}

TEST(a_sysctl_path_stays_below_proc_sys) {
  const char* const outside[] = {"", "/etc/passwd", "../self/status", "net/../../self", "net//ipv4", "net/."};
  for (const std::string path : outside) {
    CHECK_ERROR(open_sysctl(path, false), EINVAL, "open /proc/sys/" + path);
  }
  CHECK_ERROR(open_sysctl("net/none", false), ENOENT, "open /proc/sys/net/none");
}

TEST(errors_are_named) {
  CHECK_EQUAL(std::string(SystemError(ENOENT, "open").what()), "open: No such file or directory (ENOENT)");
  CHECK_EQUAL(errno_name(EOPNOTSUPP), "EOPNOTSUPP");
  CHECK_EQUAL(errno_name(4095), "E4095");
}

}  // namespace netloom::test
