#include "sysctl.h"

#include <fcntl.h>

#include <string_view>

#include "system_error.h"

namespace netloom {

namespace {

bool stays_below(std::string_view path) {
  while (true) {
    const auto slash = path.find('/');
    const auto step = path.substr(0, slash);
    if (step.empty() || step == "." || step == "..") return false;
    if (slash == std::string_view::npos) return true;
    path.remove_prefix(slash + 1);
  }
}

}  // namespace

UniqueFd open_sysctl(const std::string& path, bool write) {
  if (!stays_below(path)) throw SystemError(EINVAL, "open /proc/sys/" + path);
  const std::string full = "/proc/sys/" + path;
  const auto open_as = [&](int mode) {
    return retry_eintr([&] { return ::open(full.c_str(), mode | O_CLOEXEC); });
  };
  int fd = open_as(write ? O_RDWR : O_RDONLY);
  // sysctl_perm() holds root to the file's mode too: net/ipv4/route/flush is 0200.
  if (fd < 0 && errno == EACCES && write) fd = open_as(O_WRONLY);
  return UniqueFd(checked(fd, ("open " + full).c_str()));
}

}  // namespace netloom
