#include <fcntl.h>
#include <sched.h>
#include <unistd.h>

#include <cstdio>
#include <string>

#include "check.h"
#include "fd.h"

namespace {

void write_file(const char* path, const std::string& text) {
  const netloom::UniqueFd fd(netloom::checked(::open(path, O_WRONLY | O_CLOEXEC), path));
  netloom::checked(::write(fd.get(), text.data(), text.size()), path);
}

/** Without root the tests are root of a user namespace; entered while there is one thread only. */
void become_root() {
  if (::geteuid() == 0) return;
  const std::string user = std::to_string(::geteuid());
  const std::string group = std::to_string(::getegid());
  netloom::checked(::unshare(CLONE_NEWUSER | CLONE_NEWNET), "unshare");
  write_file("/proc/self/setgroups", "deny");
  write_file("/proc/self/uid_map", "0 " + user + " 1");
  write_file("/proc/self/gid_map", "0 " + group + " 1");
}

bool passes(const netloom::test::Case& test) {
  try {
    test.body();
    return true;
  } catch (const std::exception& error) {
    std::fprintf(stderr, "%s: %s\n", test.name.c_str(), error.what());
    return false;
  }
}

}  // namespace

/** Runs the named test, or all. */
int main(int count, char** arguments) {
  become_root();
  int ran = 0;
  int failed = 0;
  for (const auto& test : netloom::test::cases()) {
    if (count > 1 && test.name != arguments[1]) continue;
    ++ran;
    if (!passes(test)) ++failed;
  }
  std::printf("%d ran, %d failed\n", ran, failed);
  return ran > 0 && failed == 0 ? 0 : 1;
}
