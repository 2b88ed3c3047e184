#pragma once

namespace netloom {

/** flock(2) with LOCK_EX | LOCK_NB: false when another open file holds it. */
bool try_lock(int fd);

}  // namespace netloom
