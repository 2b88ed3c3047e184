#pragma once

#include <string>

namespace netloom {

/** mount(2) with MS_BIND. */
void bind_mount(const std::string& source, const std::string& target);

/** Makes a directory a shared mount, so that what is mounted below it shows in every mount namespace. */
void share_mount(const std::string& directory);

/** umount2(2) with MNT_DETACH. */
void unmount(const std::string& target);

}  // namespace netloom
