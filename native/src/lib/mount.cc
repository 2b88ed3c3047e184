#include "mount.h"

#include <sys/mount.h>

#include "system_error.h"

namespace netloom {

void bind_mount(const std::string& source, const std::string& target) {
  checked(::mount(source.c_str(), target.c_str(), "none", MS_BIND, nullptr), "mount");
}

void share_mount(const std::string& directory) {
  const auto share = [&] { return ::mount("", directory.c_str(), "none", MS_SHARED | MS_REC, nullptr); };
  if (share() == 0) return;
  // EINVAL: the directory is not a mount point yet. Bound on itself, it is one.
  if (errno != EINVAL) throw SystemError(errno, "mount");
  checked(::mount(directory.c_str(), directory.c_str(), "none", MS_BIND | MS_REC, nullptr), "mount");
  checked(share(), "mount");
}

void unmount(const std::string& target) { checked(::umount2(target.c_str(), MNT_DETACH), "umount2"); }

}  // namespace netloom
