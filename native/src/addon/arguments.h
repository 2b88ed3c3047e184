#pragma once

#include <napi.h>

#include <cstdint>
#include <optional>
#include <string>

#include "netlink_window.h"

// Arguments of JavaScript calls; each throws a TypeError that names the argument.

namespace netloom {

std::string string_argument(const Napi::Value& value, const char* name);
bool boolean_argument(const Napi::Value& value, const char* name);
/** An integer of the range; anything else (a fraction, NaN, too large) is a wrong type. */
std::int64_t integer_argument(const Napi::Value& value, const char* name, std::int64_t least,
                              std::int64_t most);
int int_argument(const Napi::Value& value, const char* name);
unsigned unsigned_argument(const Napi::Value& value, const char* name);
/** Valid until JavaScript runs again. */
ByteView bytes_argument(const Napi::Value& value, const char* name);

}  // namespace netloom
