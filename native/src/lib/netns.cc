#include "netns.h"

#include <fcntl.h>
#include <linux/nsfs.h>
#include <sched.h>
#include <sys/ioctl.h>
#include <sys/stat.h>

#include "system_error.h"
#include "thread_in_netns.h"

namespace netloom {

namespace {

UniqueFd open_readonly(const char* path) {
  return UniqueFd(checked(retry_eintr([&] { return ::open(path, O_RDONLY | O_CLOEXEC); }), "open"));
}

}  // namespace

UniqueFd open_netns(const std::string& path) {
  UniqueFd fd = open_readonly(path.c_str());
  // A file outside of nsfs answers ENOTTY (or EINVAL): for the caller that is the same mistake as a namespace
  // of another kind, for example a name in /run/netns whose mount is gone.
  if (::ioctl(fd.get(), NS_GET_NSTYPE) != CLONE_NEWNET) throw SystemError(EINVAL, "NS_GET_NSTYPE");
  return fd;
}

UniqueFd current_netns() { return open_readonly("/proc/self/ns/net"); }

UniqueFd create_netns() {
  return on_fresh_thread([] {
    checked(::unshare(CLONE_NEWNET), "unshare");
    return open_readonly("/proc/thread-self/ns/net");
  });
}

NetnsIdentity netns_identity(int netns) {
  struct stat status {};
  checked(::fstat(netns, &status), "fstat");
  return {status.st_dev, status.st_ino};
}

void enter_netns(int netns) { checked(::setns(netns, CLONE_NEWNET), "setns"); }

}  // namespace netloom
