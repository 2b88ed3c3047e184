#pragma once

#include <string>

#include "fd.h"

namespace netloom {

/**
 * Opens a file below /proc/sys as the calling thread's namespace sees it. The descriptor stays with that
 * namespace. `path` is relative and has no empty, '.' or '..' step (EINVAL).
 */
UniqueFd open_sysctl(const std::string& path, bool write);

}  // namespace netloom
