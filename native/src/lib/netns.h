#pragma once

#include <cstdint>
#include <string>

#include "fd.h"

namespace netloom {

/** Opens a network namespace by path; EINVAL (NS_GET_NSTYPE) when the file is something else. */
UniqueFd open_netns(const std::string& path);

/** The process's own namespace. */
UniqueFd current_netns();

/** A new, empty namespace. */
UniqueFd create_netns();

struct NetnsIdentity {
  std::uint64_t dev;
  std::uint64_t ino;
};

/** Two descriptors are the same namespace when both numbers are equal. */
NetnsIdentity netns_identity(int netns);

}  // namespace netloom
