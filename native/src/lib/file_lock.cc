#include "file_lock.h"

#include <sys/file.h>

#include "system_error.h"

namespace netloom {

bool try_lock(int fd) {
  if (retry_eintr([&] { return ::flock(fd, LOCK_EX | LOCK_NB); }) == 0) return true;
  if (errno == EWOULDBLOCK) return false;
  throw SystemError(errno, "flock");
}

}  // namespace netloom
